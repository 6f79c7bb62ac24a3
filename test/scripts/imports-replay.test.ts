/** What an import writes of what was played, replayed by the rules alone: it comes to what CTFd had counted. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { compile } from "../../src/hunt/compile.ts";
import { parseDefinition } from "../../src/hunt/definition.ts";
import { scoreOf } from "../../src/hunt/team-score.ts";
import { answer, Game, hint, plainDigest } from "../hunt/build.ts";
import { Bench, EVENING, exportOf, type Rows, STANDINGS, UPLOADS } from "./imports/ctfd-export.ts";

const bench = new Bench();
afterAll(() => bench.remove());

const OPENS = Date.parse("2026-03-07T09:00:00Z");
const CLOSES = Date.parse("2026-03-07T17:00:00Z");

interface Line {
  at: string;
  team: string;
  player?: string;
  id?: string;
  type: string;
  clue?: string;
  answer?: string;
  hint?: string;
  points?: number;
  reason?: string;
  bracket?: string;
}

let runs = 0;

/** Imports, and replays every line as a shard does. Scores by the name of the team. */
async function replayed(zip: Buffer): Promise<Record<string, { score: number; solves: number }>> {
  runs += 1;
  const out = bench.path(`out-${runs}`);
  const file = await bench.file(`export-${runs}.zip`, zip);
  const ran = await bench.hunt(["import-ctfd", file, "--out", out, "--quiet"]);
  expect(ran.exit, ran.stderr).toBe(0);
  const { definition } = parseDefinition(readFileSync(`${out}/hunt.yaml`, "utf8"), "yaml");
  if (!definition) throw new Error("the definition has issues");
  const compiled = compile(definition, {
    hunt: "harbour-ctf",
    pepper: "p",
    digest: plainDigest,
    codeFor: (clue) => clue,
  });
  if (!compiled.hunt) throw new Error("the definition has issues");
  const game = new Game(compiled.hunt);
  game.openedAt = OPENS;
  const lines = readFileSync(`${out}/replay.ndjson`, "utf8").trimEnd().split("\n");
  let last = 0;
  for (const [index, text] of lines.entries()) {
    const line = JSON.parse(text) as Line;
    const at = Date.parse(line.at);
    expect(at, text).toBeGreaterThanOrEqual(last);
    last = at;
    game.phase = at < OPENS ? "draft" : at < CLOSES ? "live" : "ended";
    const { team, player = "", id = `line-${index}`, clue = "" } = line;
    switch (line.type) {
      case "join":
        expect(game.join(player, team, at, { name: player }), text).not.toHaveProperty("refused");
        break;
      case "unlock":
        expect(game.organise({ type: "unlock", clue, reason: "r" }, at, team), text).not.toHaveProperty(
          "refused",
        );
        break;
      case "award":
        expect(
          game.organise({ type: "award", points: line.points ?? 0, reason: "r" }, at, team),
          text,
        ).not.toHaveProperty("refused");
        break;
      case "hint":
        expect(game.play(hint(id, clue, line.hint ?? ""), at, player, team).outcome, text).toBe("taken");
        break;
      default: {
        const { outcome } = game.play(answer(id, clue, line.answer ?? ""), at, player, team);
        // A wrong one that was given before is none; nothing else is lost on the way.
        expect(["correct", "incorrect"], text).toContain(outcome);
      }
    }
  }
  return Object.fromEntries(
    [...game.teams].map(([id, team]) => [
      id,
      { score: scoreOf(game.context, team), solves: [...team.solves.keys()].length },
    ]),
  );
}

test("[IMP-7] the evening of all things", async () => {
  const scores = await replayed(await exportOf(EVENING, UPLOADS));
  for (const { team, score, solves } of STANDINGS) expect(scores[team], team).toEqual({ score, solves });
});

const CHALLENGES = 5;
const TEAMS = 3;
const minutes = (count: number): string => new Date(OPENS + count * 60_000).toISOString().replace("Z", "");

/** A challenge as somebody may have left it: what was played need not fit it any more. */
const challenge = fc.record({
  value: fc.integer({ min: 0, max: 500 }),
  requires: fc.array(fc.integer({ min: 1, max: CHALLENGES }), { maxLength: 2 }),
  state: fc.constantFrom("visible", "hidden"),
  max_attempts: fc.constantFrom(0, 0, 1, 3),
  logic: fc.constantFrom("any", "all"),
  flag: fc.constantFrom(
    { type: "static", content: "a", data: "" },
    { type: "static", content: "A", data: "case_insensitive" },
    { type: "regex", content: "a|b", data: "" },
    { type: "regex", content: ".+", data: "" },
  ),
  cost: fc.integer({ min: 0, max: 200 }),
});
const act = fc.record({
  team: fc.integer({ min: 1, max: TEAMS }),
  challenge: fc.integer({ min: 1, max: CHALLENGES }),
  minute: fc.double({ min: -30, max: 520, noNaN: true }),
  kind: fc.constantFrom("wrong", "wrong", "right", "hint", "award", "partial"),
  text: fc.constantFrom("a", "A", "b", "c", " a ", "", "x".repeat(600)),
});

test("[IMP-7] whatever was played, every line is taken, and the scores are those of CTFd", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(challenge, { minLength: CHALLENGES, maxLength: CHALLENGES }),
      fc.array(act, { maxLength: 60 }),
      async (given, acts) => {
        const solved = new Set<string>();
        const taken = new Set<string>();
        const expected = new Map<number, { score: number; solves: number }>();
        const add = (team: number, score: number, solves: number): void => {
          const known = expected.get(team) ?? { score: 0, solves: 0 };
          expected.set(team, { score: known.score + score, solves: known.solves + solves });
        };
        const submissions: Record<string, unknown>[] = [];
        const unlocks: Record<string, unknown>[] = [];
        const awards: Record<string, unknown>[] = [];
        for (const [index, { team, challenge: about, minute, kind, text }] of acts.entries()) {
          const key = `${team} ${about}`;
          const id = index + 1;
          const head = { id, user_id: team, team_id: team, date: minutes(minute) };
          const cost = given[about - 1]?.cost ?? 0;
          if (kind === "hint" && !taken.has(key)) {
            taken.add(key);
            unlocks.push({ ...head, target: about, type: "hints" });
            awards.push({ ...head, name: `Hint ${about}`, value: -cost, category: "hints" });
            add(team, -cost, 0);
          }
          if (kind === "award") {
            awards.push({ ...head, name: "Award", value: 7, category: "" });
            add(team, 7, 0);
          }
          if (kind === "right" && solved.has(key)) continue;
          if (kind !== "wrong" && kind !== "right" && kind !== "partial") continue;
          const type = { wrong: "incorrect", right: "correct", partial: "partial" }[kind];
          submissions.push({ ...head, challenge_id: about, provided: text, type });
          if (kind !== "right") continue;
          solved.add(key);
          const at = OPENS + minute * 60_000;
          // What was outside of the event is told, and not replayed.
          if (at >= OPENS && at < CLOSES) add(team, given[about - 1]?.value ?? 0, 1);
        }
        const numbered = Array.from({ length: TEAMS }, (_, index) => index + 1);
        const scores = await replayed(
          await exportOf({
            config: EVENING.config as Rows,
            challenges: given.map(({ requires, flag: _flag, cost: _cost, ...row }, index) => ({
              ...row,
              id: index + 1,
              name: `C${index + 1}`,
              requirements: { prerequisites: requires },
            })),
            flags: given.map(({ flag }, index) => ({ ...flag, id: index + 1, challenge_id: index + 1 })),
            hints: given.map(({ cost }, index) => ({
              id: index + 1,
              challenge_id: index + 1,
              content: "h",
              cost,
            })),
            teams: numbered.map((id) => ({ id, name: `Team ${id}`, created: "2026-03-07T08:00:00" })),
            users: numbered.map((id) => ({
              id,
              name: `P${id}`,
              team_id: id,
              created: "2026-03-07T08:00:00",
            })),
            submissions,
            unlocks,
            awards,
          }),
        );
        for (const id of numbered) {
          expect(scores[`Team ${id}`], `Team ${id}`).toEqual(expected.get(id) ?? { score: 0, solves: 0 });
        }
      },
    ),
    { numRuns: 60, seed: 23 },
  );
});
