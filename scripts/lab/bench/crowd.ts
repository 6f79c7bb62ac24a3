/** A made-up crowd for the standings' bench: the same for the same numbers, facts made as they are asked for. */
import type { StandingsRules } from "../../../src/hunt/score.ts";
import type { ScoreFact } from "../../../src/protocol.ts";

export const CROWD_SHARDS = 8;
export const CROWD_CLUES = 50;
/** Solves of each team in the log before the measurements begin. */
const SOLVES_EACH = 10;
const START = Date.UTC(2026, 11, 1);

export type CrowdScoring = "static" | "moving";

/** Decay until half the crowd has solved a clue, so that every solve moves the values of many. */
export function crowdRules(scoring: CrowdScoring, teams: number, minimum = 50): StandingsRules {
  return {
    scoring: {
      ranking: "score",
      decay:
        scoring === "static"
          ? { kind: "none", minimum: 0, solves: 1 }
          : { kind: "linear", minimum, solves: Math.max(1, teams >> 1) },
      firstSolves: scoring === "static" ? [] : [30, 20, 10],
    },
    clues: Array.from({ length: CROWD_CLUES }, (_, i) => ({ id: `clue-${i}`, points: 100 + 10 * (i % 40) })),
    brackets: ["locals", "visitors", "families"],
  };
}

export const crowdShard = (team: number): string => `weur-${team % CROWD_SHARDS}`;

/** Looks as real ids do: shard, ordinal and five random characters. */
export function crowdTeam(team: number): string {
  const ordinal = Math.floor(team / CROWD_SHARDS).toString(36);
  return `${crowdShard(team)}-${ordinal}-${(Math.imul(team + 7, 2_654_435_761) >>> 0).toString(36).padStart(7, "0").slice(0, 5)}`;
}

/**
 * The log of one shard: its teams join; then each solves ten clues; one team in 100 is banned, one hidden.
 */
export function* crowdFacts(shard: number, teams: number): Generator<ScoreFact, void> {
  let seq = 0;
  const own = Math.ceil((teams - shard) / CROWD_SHARDS);
  for (let i = 0; i < own; i += 1) {
    const team = i * CROWD_SHARDS + shard;
    const bracket = ["locals", "visitors", "families", undefined][team % 4];
    seq += 1;
    yield {
      seq,
      at: START + seq * 3,
      team: crowdTeam(team),
      type: "join",
      name: `The Crew of ${team}`,
      ...(bracket === undefined ? {} : { bracket }),
    };
  }
  for (let turn = 0; turn < SOLVES_EACH; turn += 1) {
    for (let i = 0; i < own; i += 1) {
      const team = i * CROWD_SHARDS + shard;
      const clue = crowdClue(team, turn);
      seq += 1;
      yield {
        seq,
        at: START + seq * 3,
        team: crowdTeam(team),
        type: "solve",
        clue: `clue-${clue}`,
        points: 100 + 10 * (clue % 40),
      };
    }
  }
  for (let i = 0; i < own; i += 1) {
    const team = i * CROWD_SHARDS + shard;
    if (i % 100 !== 17 && i % 100 !== 71) continue;
    seq += 1;
    yield { seq, at: START + seq * 3, team: crowdTeam(team), type: i % 100 === 17 ? "ban" : "hide" };
  }
}

/** How many facts the whole log of a shard has. */
export function crowdFactCount(shard: number, teams: number): number {
  return Math.ceil((teams - shard) / CROWD_SHARDS) * (1 + SOLVES_EACH) + crowdMarked(shard, teams);
}

/** Teams that have a place when the whole log is read. */
export function crowdShown(teams: number): number {
  let shown = teams;
  for (let shard = 0; shard < CROWD_SHARDS; shard += 1) shown -= crowdMarked(shard, teams);
  return shown;
}

/** Banned and hidden teams of a shard. */
function crowdMarked(shard: number, teams: number): number {
  const own = Math.ceil((teams - shard) / CROWD_SHARDS);
  return [17, 71].reduce((sum, rest) => sum + Math.ceil(Math.max(0, own - rest) / 100), 0);
}

/** The clue a team solves in its `turn`; another one each turn (7 and 50 have no common factor). */
export function crowdClue(team: number, turn: number): number {
  return (((Math.imul(team + 1, 2_246_822_519) >>> 8) % CROWD_CLUES) + 7 * turn) % CROWD_CLUES;
}
