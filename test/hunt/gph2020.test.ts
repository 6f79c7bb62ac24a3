import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import {
  convert,
  DEFAULT_FOLDER,
  type ImportLine,
  type ReplayHunt,
  toDefinition,
  toImport,
} from "../../scripts/lab/replay/gph2020.ts";
import { compile } from "../../src/hunt/compile.ts";
import { parseDefinition } from "../../src/hunt/definition.ts";

const FOLDER = resolve(import.meta.dirname, "../..", process.env.GPH2020 ?? DEFAULT_FOLDER);
const isPresent = existsSync(join(FOLDER, "hunt.json"));
if (!isPresent)
  process.stdout.write("gph2020: skipped, the replay's folder is not there (GPH2020 names another)\n");

function compileOf(definition: unknown) {
  const parsed = parseDefinition(JSON.stringify(definition), "json");
  expect(parsed.issues).toBeUndefined();
  if (parsed.definition === undefined) throw new Error("the definition has issues");
  return compile(parsed.definition, {
    hunt: "gph2020",
    pepper: "p",
    digest: (_scope, text) => text,
    codeFor: (clue) => clue,
  });
}

function countByType(lines: readonly ImportLine[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { type } of lines) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

describe("the conversion", () => {
  const replay: ReplayHunt = {
    start: "2021-07-23T23:22:00Z",
    end_s: 1_000,
    guess_limit_per_puzzle: 20,
    team_size_max: 10,
    final_puzzle: "p03",
    rounds: [{ id: "r1" }, { id: "r2" }, { id: "r3" }],
    puzzles: [
      { id: "p01", round: "r1", meta: false, answer: "A1", unlock_any: [{ after_s: 0 }] },
      { id: "p02", round: "r2", meta: false, answer: "A2", unlock_any: [{ after_s: 60 }, { action: true }] },
      {
        id: "p03",
        round: "r3",
        meta: true,
        answer: "A3",
        unlock_any: [{ main_solves: 1 }, { solved_all: ["p01", "p02"] }],
      },
    ],
    extra_guesses_at_least: [
      { team: "t1", puzzle: "p02", n: 2 },
      { team: "t2", puzzle: "p02", n: 1 },
    ],
  };

  test("[DEF-35] unlock rules become conditions, granted guesses limits", () => {
    const { clues, closes } = toDefinition(replay);
    expect(clues.map((clue) => clue.opens)).toEqual([
      "start",
      { any: [{ at: "2021-07-23T23:23:00.000Z" }, "manual"] },
      { any: [{ solvedIn: ["r2", "r3"], atLeast: 1 }, { all: [{ solved: "p01" }, { solved: "p02" }] }] },
    ]);
    expect(clues[1]).toMatchObject({ attempts: { burst: 22, perClue: 22 } });
    expect(closes).toBe("2021-07-23T23:38:40.000Z");
    expect("issues" in compileOf(toDefinition(replay))).toBe(false);
  });

  test("[DEF-36] lines are ordered by time; joins, unlocks, wrong, right; guesses wait for the registration", () => {
    const guess = (t: number, team: string, correct: boolean) => ({
      t,
      team,
      puzzle: "p02",
      kind: "guess" as const,
      correct,
      answer: correct ? "A2" : "W",
    });
    const lines = toImport(
      replay,
      [
        ["t1", null, null, true],
        ["t2", 50.5, "bigboard", true],
        ["t3", null, null, false],
      ],
      [
        guess(40.0005, "t1", true),
        guess(40.0005, "t1", false),
        { t: 40.0005, team: "t1", puzzle: "p02", kind: "unlock", via: "action" },
        { t: 1, team: "t1", puzzle: "p01", kind: "unlock", via: "time" },
        guess(30, "t2", false),
      ],
    );
    expect(
      lines.map((line) =>
        `${line.at.slice(17, 23)} ${line.team} ${line.type} ${"answer" in line ? line.answer : ""}`.trim(),
      ),
    ).toEqual([
      "59.000 t1 join",
      "40.000 t1 unlock",
      "40.000 t1 answer W",
      "40.000 t1 answer A2",
      "50.500 t2 join",
      "50.500 t2 answer W",
      "40.000 t3 join",
    ]);
  });
});

describe.skipIf(!isPresent)("the replay of a real hunt", () => {
  test("[DEF-37] compiles without an issue", () => {
    const compiled = compileOf(convert(FOLDER, { posthunt: false }).definition);
    expect(compiled.issues).toBeUndefined();
    expect(compiled.hunt?.clues).toHaveLength(43);
  });

  test("[DEF-37] has every join, guess and device unlock, in order, within a team never going back", () => {
    const { lines } = convert(FOLDER, { posthunt: false });
    expect(countByType(lines)).toEqual({ join: 999, answer: 27_780, unlock: 681 });
    const joined = new Set<string>();
    let before = "";
    for (const line of lines) {
      expect(line.at >= before).toBe(true);
      before = line.at;
      if (line.type === "join") joined.add(line.team);
      else expect(joined).toContain(line.team);
    }
  });

  test("[DEF-37] the solves after the end come last, and only if asked for", () => {
    const { lines } = convert(FOLDER, { posthunt: false });
    const all = convert(FOLDER, { posthunt: true }).lines;
    expect(all).toHaveLength(lines.length + 1_129);
    const during = all.filter((line) => line.at < "2021-08-02T11:22:00.000Z");
    expect(during).toEqual(lines.filter((line) => line.at < "2021-08-02T11:22:00.000Z"));
  });

  test("[DEF-37] converting twice gives the same", () => {
    expect(JSON.stringify(convert(FOLDER, { posthunt: true }))).toBe(
      JSON.stringify(convert(FOLDER, { posthunt: true })),
    );
  });
});
