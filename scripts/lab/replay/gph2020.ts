/**
 * Turns the replay of a real puzzle hunt (Galactic Puzzle Hunt 2020, public
 * record) into a definition and an import stream, to check the engine's
 * unlocking, attempts and ranking against what happened. The same input gives
 * the same bytes. By hand:
 *
 *   node scripts/lab/replay/gph2020.ts [folder] [out] [--posthunt]
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandOf } from "../../local/command-line.ts";

export const DEFAULT_FOLDER = "../shared/data/gph2020";
const DEFAULT_OUT = ".data/gph2020";

/** Seconds from the start at which teams join whose registration is not published. */
const UNKNOWN_REGISTRATION = -1;
const ACTION_REASON = "turned the mirrors on the round page";

type Unlock =
  | { after_s: number }
  | { round_solves: number }
  | { main_solves: number }
  | { solved_all: string[] }
  | { action: true };

/** What is used of the replay's hunt.json. */
export interface ReplayHunt {
  start: string;
  end_s: number;
  guess_limit_per_puzzle: number;
  team_size_max: number;
  final_puzzle: string;
  rounds: { id: string }[];
  puzzles: { id: string; round: string; meta: boolean; answer: string; unlock_any: Unlock[] }[];
  extra_guesses_at_least: { team: string; puzzle: string; n: number }[];
}

export type ReplayEvent = { t: number; team: string; puzzle: string } & (
  | { kind: "unlock"; via: "time" | "solve" | "action" }
  | { kind: "guess"; correct: boolean; answer: string }
);

/** Rows of teams.json; the registration is in seconds from the start, null if not published. */
export type ReplayTeam = [
  id: string,
  registered: number | null,
  source: string | null,
  registeredBeforeEnd: boolean,
];

export type ImportLine = { at: string; team: string } & (
  | { type: "join" }
  | { type: "unlock"; clue: string; reason: string }
  | { type: "answer"; clue: string; answer: string }
);

/** The definition of the replayed hunt; every unlock rule becomes a condition, the round's device `manual`. */
export function toDefinition(replay: ReplayHunt) {
  const limitOf = (extra: number) => {
    const limit = replay.guess_limit_per_puzzle + extra;
    // As many tokens as tries: the real hunt had no cooldown.
    return { burst: limit, perClue: limit };
  };
  const extras = new Map<string, number>();
  for (const { puzzle, n } of replay.extra_guesses_at_least)
    extras.set(puzzle, Math.max(n, extras.get(puzzle) ?? 0));
  const [firstRound] = replay.rounds;
  const mainRounds = replay.rounds.filter((round) => round !== firstRound).map((round) => round.id);

  function toCondition(unlock: Unlock, round: string): unknown {
    if ("after_s" in unlock) return unlock.after_s === 0 ? "start" : { at: toTime(replay, unlock.after_s) };
    if ("round_solves" in unlock) return { solvedIn: round, atLeast: unlock.round_solves };
    if ("main_solves" in unlock) return { solvedIn: mainRounds, atLeast: unlock.main_solves };
    if ("solved_all" in unlock) {
      const solved = unlock.solved_all.map((puzzle) => ({ solved: puzzle }));
      return solved.length === 1 ? solved[0] : { all: solved };
    }
    return "manual";
  }

  return {
    format: 1,
    hunt: "gph2020",
    title: "Galactic Puzzle Hunt 2020, replayed",
    description: "Times and counts of a real hunt with synthetic answers.",
    opens: toTime(replay, 0),
    closes: toTime(replay, replay.end_s),
    teams: { mode: "teams", maxSize: replay.team_size_max },
    attempts: limitOf(0),
    scoring: { ranking: "finish", finish: replay.final_puzzle },
    rounds: replay.rounds.map(({ id }) => ({ id, title: `Round ${id.slice(1)}` })),
    clues: replay.puzzles.map((puzzle) => {
      const conditions = puzzle.unlock_any.map((unlock) => toCondition(unlock, puzzle.round));
      const extra = extras.get(puzzle.id);
      return {
        id: puzzle.id,
        round: puzzle.round,
        title: puzzle.id.toUpperCase(),
        kind: "answer",
        points: 1,
        meta: puzzle.meta,
        answers: [puzzle.answer],
        compare: "letters",
        opens: conditions.length === 1 ? conditions[0] : { any: conditions },
        ...(extra === undefined ? {} : { attempts: limitOf(extra) }),
      };
    }),
  };
}

/**
 * The commands of the replay, ordered by time; at one time joins, unlocks,
 * wrong and right answers in this order. Unlocks by time and by solves are the
 * engine's own business and left out. Guesses that the record's authors placed
 * before their team's registration are moved to it: their times are synthetic,
 * the registration is not and decides ties.
 */
export function toImport(
  replay: ReplayHunt,
  teams: readonly ReplayTeam[],
  events: readonly ReplayEvent[],
): ImportLine[] {
  const joined = new Map<string, number>();
  for (const [team, registered, , registeredBeforeEnd] of teams) {
    joined.set(team, registered ?? (registeredBeforeEnd ? UNKNOWN_REGISTRATION : replay.end_s));
  }
  const timed: { t: number; rank: number; line: ImportLine }[] = [];
  for (const [team, t] of joined)
    timed.push({ t, rank: 0, line: { at: toTime(replay, t), team, type: "join" } });
  for (const event of events) {
    if (event.kind === "unlock" && event.via !== "action") continue;
    const t = Math.max(event.t, joined.get(event.team) ?? -Infinity);
    timed.push({ t, rank: rankOf(event), line: toLine(event, toTime(replay, t)) });
  }
  // Sorting is stable: what is equal stays in the order of the files.
  return timed.sort((a, b) => a.t - b.t || a.rank - b.rank).map(({ line }) => line);
}

function rankOf(event: ReplayEvent): number {
  if (event.kind === "unlock") return 1;
  return event.correct ? 3 : 2;
}

function toLine(event: ReplayEvent, at: string): ImportLine {
  const { team, puzzle: clue } = event;
  if (event.kind === "unlock") return { at, team, type: "unlock", clue, reason: ACTION_REASON };
  return { at, team, type: "answer", clue, answer: event.answer };
}

/** ISO time with milliseconds of a second count from the start; rounded down, so that order is kept. */
function toTime(replay: ReplayHunt, seconds: number): string {
  return new Date(Date.parse(replay.start) + Math.floor(seconds * 1_000)).toISOString();
}

/** Reads the replay in `folder` and converts it. */
export function convert(folder: string, options: { posthunt: boolean }) {
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  const readLines = (name: string): ReplayEvent[] =>
    read(name)
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as ReplayEvent);
  const replay = JSON.parse(read("hunt.json")) as ReplayHunt;
  const { teams } = JSON.parse(read("teams.json")) as { teams: ReplayTeam[] };
  const events = [
    ...readLines("events.ndjson"),
    ...(options.posthunt ? readLines("events-posthunt.ndjson") : []),
  ];
  return { definition: toDefinition(replay), lines: toImport(replay, teams, events) };
}

if (import.meta.main) {
  const command = commandOf(
    "convert-gph2020",
    "Turns the replay of a real hunt into a definition and an import",
  )
    .argument("[folder]", "with hunt.json, teams.json and events.ndjson", DEFAULT_FOLDER)
    .argument("[out]", "for hunt.json and import.ndjson", DEFAULT_OUT)
    .option("--posthunt", "appends the solves after the end, which must change nothing", false)
    .parse();
  const [folder = DEFAULT_FOLDER, out = DEFAULT_OUT] = command.args;
  const { definition, lines } = convert(folder, command.opts<{ posthunt: boolean }>());
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, "hunt.json"), `${JSON.stringify(definition, null, 2)}\n`);
  writeFileSync(join(out, "import.ndjson"), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  process.stdout.write(`${definition.clues.length} clues and ${lines.length} lines written to ${out}\n`);
}
