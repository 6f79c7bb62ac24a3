/** Random hunts and what happens in them, for the property tests of the standings. */

import fc from "fast-check";
import type { StandingsRules } from "../../../src/hunt/score.ts";
import type { CountedSolve, ScoreFact } from "../../../src/protocol.ts";
import type { Report } from "./naive.ts";

/** Names whose string order is neither their order here nor a numeric one. */
const SHARDS = ["weur-2", "weur-10", "apac-0", "enam-1"];
const BRACKETS = ["locals", "visitors", "unlisted"];
const GONE_CLUES = ["gone-1", "gone-2"];

export const rulesArbitrary: fc.Arbitrary<StandingsRules> = fc
  .record({
    ranking: fc.constantFrom("score" as const, "finish" as const),
    finish: fc.constantFrom("c0", "c1", undefined),
    kind: fc.constantFrom("none" as const, "linear" as const, "log" as const),
    minimum: fc.integer({ min: 0, max: 20 }),
    solves: fc.integer({ min: 1, max: 12 }),
    firstSolves: fc.oneof(
      fc.constant<number[]>([]),
      fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 3 }),
    ),
    points: fc.array(fc.constantFrom(0, 10, 37, 100), { minLength: 1, maxLength: 40 }),
    ownClock: fc.boolean(),
    /** What a few clues have of their own; half of the hunts have none. */
    own: fc.oneof(
      fc.constant<object[]>([]),
      fc.array(
        fc.constantFrom<object>(
          {},
          {},
          { speed: true },
          { decay: { kind: "log", minimum: 5, solves: 4 } },
          { decay: { kind: "none", minimum: 0, solves: 1 } },
          { firstSolves: [7, 3, 3, 1] },
          { firstSolves: [] },
        ),
        { maxLength: 6 },
      ),
    ),
  })
  .map(({ ranking, finish, kind, minimum, solves, firstSolves, points, own, ownClock }) => ({
    scoring: {
      ranking,
      ...(finish !== undefined && { finish }),
      decay: { kind, minimum, solves },
      firstSolves,
    },
    clues: points.map((value, i) => ({ id: `c${i}`, points: value, ...own[i] })),
    brackets: ["locals", "visitors", "empty"],
    ...(ownClock ? { ownClock: true as const } : {}),
  }));

const actionArbitrary = fc.record({
  shard: fc.nat(SHARDS.length - 1),
  what: fc.constantFrom(
    "join",
    "join",
    "solve",
    "solve",
    "solve",
    "solve",
    "solve",
    "solve",
    "adjust",
    "start",
    "mark",
    "bracket",
    "correct",
  ),
  /** Whether a correction takes a solve back, or gives one, there or not, another time. */
  takesBack: fc.boolean(),
  team: fc.nat(),
  clue: fc.nat(),
  points: fc.constantFrom(-30, 0, 10, 37, 100),
  mark: fc.constantFrom(
    "ban" as const,
    "unban" as const,
    "hide" as const,
    "show" as const,
    "emptied" as const,
    "filled" as const,
  ),
  at: fc.nat(25),
  less: fc.constantFrom(0, 0, 0, 5, 20, 200),
  gap: fc.integer({ min: 1, max: 3 }),
});

interface Team {
  id: string;
  open: string[];
  solves: CountedSolve[];
  joined: { at: number; seq: number };
  started?: true;
}

/** Each shard's facts in `seq` order, as real shards would send them: no unknown team, no second solve. */
function factsOf(
  rules: StandingsRules,
  actions: (typeof actionArbitrary extends fc.Arbitrary<infer A> ? A : never)[],
) {
  const clues = [...rules.clues.map(({ id }) => id), ...GONE_CLUES];
  const shards = SHARDS.map((name) => ({
    name,
    seq: 0,
    teams: [] as Team[],
    facts: [] as ScoreFact[],
  }));
  for (const { shard: number, what, team: pick, clue, points, mark, at, gap, takesBack, less } of actions) {
    const shard = shards[number] as (typeof shards)[number];
    const head = { seq: shard.seq + gap, at };
    const team = shard.teams[pick % Math.max(1, shard.teams.length)];
    let fact: ScoreFact;
    if (what === "join" || team === undefined) {
      const id = `${shard.name}-t${shard.teams.length}`;
      const bracket = BRACKETS[pick % 4];
      fact = {
        ...head,
        team: id,
        type: "join",
        name: `Team ${id} ⚓`,
        ...(bracket !== undefined && { bracket }),
        ...(clue % 8 === 0 && { empty: true as const }),
      };
      shard.teams.push({ id, open: [...clues], solves: [], joined: head });
    } else if (what === "solve") {
      const [solved] = team.open.splice(clue % Math.max(1, team.open.length), 1);
      if (solved === undefined) continue;
      const given = { clue: solved, points: Math.max(0, points), ...(less === 0 ? {} : { less }) };
      fact = { ...head, team: team.id, type: "solve", ...given };
      team.solves.push({ ...head, ...given });
    } else if (what === "correct") {
      // Another time of what it solved, or a solve by hand of what it did not.
      const id = (takesBack ? team.solves.map((solve) => solve.clue) : clues)[clue % clues.length];
      if (id === undefined) continue;
      const before = team.solves.find((solve) => solve.clue === id)?.points ?? 0;
      team.solves = team.solves.filter((solve) => solve.clue !== id);
      team.open = team.open.filter((open) => open !== id);
      if (takesBack) team.open.push(id);
      else {
        const worth = { points: Math.max(0, points), ...(less === 0 ? {} : { less }) };
        team.solves.push({ at: clue % 26, seq: head.seq, clue: id, ...worth });
      }
      team.solves.sort((a, b) => a.at - b.at || a.seq - b.seq);
      const by = (takesBack ? 0 : Math.max(0, points)) - before;
      const { joined } = team;
      fact = { ...head, team: team.id, type: "recount", solves: [...team.solves], by, joined };
    } else if (what === "start") {
      if (team.started || team.solves.length > 0) continue;
      team.started = true;
      fact = { ...head, team: team.id, type: "start" };
    } else if (what === "adjust") fact = { ...head, team: team.id, type: "adjust", points };
    else if (what === "bracket") {
      fact = { ...head, team: team.id, type: "bracket", bracket: BRACKETS[pick % 3] as string };
    } else fact = { ...head, team: team.id, type: mark };
    shard.facts.push(fact);
    shard.seq = head.seq;
  }
  return shards;
}

/** Merges the shards' facts; each pick says whose turn it is. */
function interleave(shards: { name: string; facts: ScoreFact[] }[], picks: number[]): Report[] {
  const left = shards
    .map(({ name, facts }) => ({ name, facts: [...facts] }))
    .filter(({ facts }) => facts.length > 0);
  const reports: Report[] = [];
  for (let turn = 0; left.length > 0; turn++) {
    const number = (picks[turn % picks.length] as number) % left.length;
    const shard = left[number] as (typeof left)[number];
    reports.push({ shard: shard.name, fact: shard.facts.shift() as ScoreFact });
    if (shard.facts.length === 0) left.splice(number, 1);
  }
  return reports;
}

export interface Scenario {
  rules: StandingsRules;
  /** The same facts in two orders that real reports could have. */
  reports: Report[];
  otherwise: Report[];
}

export const scenarioArbitrary: fc.Arbitrary<Scenario> = rulesArbitrary.chain((rules) =>
  fc
    .record({
      actions: fc.array(actionArbitrary, { maxLength: 160, size: "max" }),
      picks: fc.array(fc.nat(3), { minLength: 1, maxLength: 40 }),
      otherPicks: fc.array(fc.nat(3), { minLength: 1, maxLength: 40 }),
    })
    .map(({ actions, picks, otherPicks }) => {
      const shards = factsOf(rules, actions);
      return { rules, reports: interleave(shards, picks), otherwise: interleave(shards, otherPicks) };
    }),
);

export const shardNames = SHARDS;
export const clueNames = (rules: StandingsRules) => [
  ...rules.clues.map(({ id }) => id),
  ...GONE_CLUES,
  "never",
];
export const bracketNames = [undefined, ...BRACKETS, "empty", "unheard-of"];
