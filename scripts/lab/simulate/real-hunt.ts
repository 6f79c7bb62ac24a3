/**
 * The record of a real hunt (scripts/lab/replay/gph2020.ts) as a simulation needs it: its definition, and what each
 * of its teams solved when. Its teams are dealt into two halves, so that one can be fitted and the other foretold.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CompiledHunt } from "../../../src/hunt/compiled.ts";
import { compiledFrom } from "../../../src/simulation/compiled.ts";
import { type ReplayEvent, type ReplayHunt, type ReplayTeam, toDefinition } from "../replay/gph2020.ts";

/** Solves of a team: by clue, ms since the opening. */
export type RealTeam = ReadonlyMap<string, number>;

export interface RealHunt {
  hunt: CompiledHunt;
  /** The half that is fitted, and the other one. */
  fitted: RealTeam[];
  foretold: RealTeam[];
  /** Wrong tries of a team at a clue that it solved. */
  wrong: number;
}

interface ActionUnlock {
  action: true;
  solved_one_of: string[][];
}

/** Reads the record in `folder`. */
export function readRealHunt(folder: string): RealHunt {
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  const replay = JSON.parse(read("hunt.json")) as ReplayHunt;
  const { teams } = JSON.parse(read("teams.json")) as { teams: ReplayTeam[] };
  const solves = new Map(
    teams.filter(([, , , inTime]) => inTime).map(([team]) => [team, new Map<string, number>()]),
  );
  const wrong = new Map<string, number>();
  for (const line of read("events.ndjson").split("\n")) {
    if (line === "") continue;
    const event = JSON.parse(line) as ReplayEvent;
    if (event.kind !== "guess") continue;
    if (event.correct) solves.get(event.team)?.set(event.puzzle, event.t * 1_000);
    else wrong.set(`${event.team} ${event.puzzle}`, (wrong.get(`${event.team} ${event.puzzle}`) ?? 0) + 1);
  }
  const all = [...solves.entries()];
  const tries = all.flatMap(([team, solved]) =>
    [...solved.keys()].map((puzzle) => wrong.get(`${team} ${puzzle}`) ?? 0),
  );
  return {
    hunt: compiledOf(replay),
    // Ids are in the order of a hash: every other one is a half by chance.
    fitted: all.filter((_, index) => index % 2 === 0).map(([, solved]) => solved),
    foretold: all.filter((_, index) => index % 2 === 1).map(([, solved]) => solved),
    wrong: tries.reduce((sum, count) => sum + count, 0) / tries.length,
  };
}

/** What a team did on a round's page opens with what made it possible. */
function compiledOf(replay: ReplayHunt): CompiledHunt {
  const definition = toDefinition(replay);
  const clues = definition.clues.map((clue, index) => {
    const unlocks = replay.puzzles[index]?.unlock_any ?? [];
    const actions = unlocks.filter((unlock): unlock is ActionUnlock => "action" in unlock);
    if (actions.length === 0) return clue;
    const others = (clue.opens as { any?: unknown[] }).any?.filter((part) => part !== "manual") ?? [];
    const sets = actions.flatMap(({ solved_one_of: oneOf }) =>
      oneOf.map((set) => (set.length === 0 ? "start" : { all: set.map((solved) => ({ solved })) })),
    );
    return { ...clue, opens: { any: [...others, ...sets] } };
  });
  const compiled = compiledFrom(JSON.stringify({ ...definition, clues }), "json", "gph2020");
  if (compiled.issues) throw new Error(JSON.stringify(compiled.issues));
  return compiled.hunt;
}
