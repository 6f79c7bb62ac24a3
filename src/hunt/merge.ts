/**
 * A team is merged into another one, in steps that control drives, each a wish → the facts it makes: seats are
 * kept in the other team for all players, the team hands over all that it has and is no more, and the other one
 * takes it in. A step that was made before makes no fact again. PURE.
 */
import { type Refusal, refuse } from "../errors.ts";
import type { Absorbed, Leaving, Legacy, NewFact } from "../protocol.ts";
import type { CompiledHunt } from "./compiled.ts";
import type { Context } from "./context.ts";
import { keepingOpen } from "./corrections.ts";
import { Drafts } from "./drafts.ts";
import { FORMER_MAX } from "./membership.ts";
import { arrive, depart, type Move } from "./move.ts";
import { isWaiting } from "./submissions.ts";
import { hintKey, isEmptied, seatsTaken, type Team } from "./team.ts";

/** The merge that a step belongs to. */
export interface Merge {
  /** Its id. */
  merge: string;
  from: string;
  into: string;
  reason: string;
  /** All that were in the team when seats were kept for them. */
  players: readonly string[];
}

type Facts = { facts: NewFact[] };

/** Hints and awards in one fact, clues that were opened too: it keeps within a queue message of 128 KB. */
const IN_ONE_FACT = 300;

/** Others are in the team by now than seats were kept for. */
export const OTHERS_NOW = refuse("precondition_failed", "others are in the team by now");

/** A player's move to the other team. */
export const moveOf = ({ merge, from, into, reason }: Merge, player: string): Move => ({
  move: `${merge}.${player}`,
  player,
  from,
  to: into,
  reason,
});

const isOfMerge = ({ merge }: Merge, move: string): boolean => move.startsWith(`${merge}.`);

/** Keeps a seat for every player, and none for others that were to come with them. */
export function keepSeats(
  { teams }: Pick<CompiledHunt, "teams">,
  team: Team,
  merge: Merge,
  now: number,
): Facts | Refusal {
  if (team.merged) return refuse("not_found", "no such team");
  if (teams.mode === "solo") return refuse("conflict", "this hunt is played alone");
  if (isEmptied(team)) return refuse("conflict", "nobody is in this team any more");
  const own = (team.seats ?? []).filter(({ move }) => isOfMerge(merge, move));
  const missing = merge.players.filter((player) => !own.some((seat) => seat.player === player));
  const surplus = own.filter(({ player }) => !merge.players.includes(player));
  if (missing.some((player) => team.members.some(({ id }) => id === player))) {
    return refuse("conflict", "a player is in both teams");
  }
  if ((team.former?.length ?? 0) >= FORMER_MAX) {
    return refuse("conflict", "too many players have left this team for others to come");
  }
  if (seatsTaken(team) + missing.length - surplus.length > teams.maxSize) {
    return refuse("conflict", `the two have more than ${teams.maxSize} players: the most of a team`);
  }
  const { from, reason } = merge;
  return {
    facts: [
      ...surplus.map(
        ({ move, player }): NewFact => ({ at: now, team: team.id, type: "unseat", move, player }),
      ),
      ...missing.map((player): NewFact => {
        const { move } = moveOf(merge, player);
        return { at: now, team: team.id, type: "seat", move, player, from, reason };
      }),
    ],
  };
}

/** Gives up the seats that were kept. */
export function giveUpSeats(team: Team, merge: Merge, now: number): Facts {
  const own = (team.seats ?? []).filter(({ move }) => isOfMerge(merge, move));
  const left = seatsTaken(team) - own.length;
  return {
    facts: own.map(({ move, player }, index) => {
      const isLast = team.former !== undefined && left === 0 && index === own.length - 1 && !team.keepsPlace;
      return {
        at: now,
        team: team.id,
        type: "unseat",
        move,
        player,
        ...(isLast ? { last: true as const } : {}),
      };
    }),
  };
}

/** The team's players leave it, and it is no more. `head`: the last fact of the log. */
export function handOver(
  context: Context,
  team: Team,
  merge: Merge,
  now: number,
  head: number,
): Facts | Refusal {
  const { into, reason, players } = merge;
  if (team.merged?.merge === merge.merge) return { facts: [] };
  if (team.merged) return refuse("not_found", "no such team");
  if (team.seats) return refuse("conflict", "players are on their way to this team");
  if (team.submissions?.some((each) => isWaiting(each))) {
    return refuse("conflict", "what this team sent waits for a verdict: judge it first");
  }
  const isSame =
    team.members.length === players.length && team.members.every(({ id }) => players.includes(id));
  if (!isSame) return OTHERS_NOW;
  const drafts = new Drafts(context, team);
  for (const player of players) {
    const left = depart(drafts.team, moveOf(merge, player), now);
    if ("refused" in left) return left;
    for (const draft of left.facts) drafts.add(draft);
  }
  const about = { at: now, team: team.id, reason };
  for (const [clue, { points }] of team.solves) {
    drafts.add({ ...about, type: "unsolve", clue, points, score: 0, more: true });
  }
  const { adjusted } = team;
  drafts.add({
    ...about,
    type: "merge",
    merge: merge.merge,
    into,
    adjusted,
    after: head,
    score: 0,
    more: false,
  });
  return { facts: drafts.facts };
}

/** Takes in the players and all that their team had; what both have counts once, a solve at its earlier time. */
export function takeOver(
  context: Context,
  team: Team,
  merge: Merge,
  { leavings, legacy }: { leavings: ReadonlyMap<string, Leaving>; legacy: Legacy },
  now: number,
): Facts {
  if (team.absorbed?.includes(merge.merge)) return { facts: [] };
  const drafts = new Drafts(context, team);
  for (const [player, leaving] of leavings) {
    for (const draft of arrive(drafts.team, moveOf(merge, player), leaving, now).facts) drafts.add(draft);
  }
  // Of those who were forgotten on the way.
  for (const draft of giveUpSeats(drafts.team, merge, now).facts) drafts.add(draft);
  const about = { at: now, team: team.id, reason: merge.reason };
  for (const clues of inParts(legacy.opened)) {
    drafts.add({ at: now, team: team.id, type: "opened", clues });
  }
  for (const { clue, at, points, less, player, opensAt } of legacy.solves) {
    const own = team.solves.get(clue);
    if (own && own.at <= at) continue;
    drafts.add({
      ...about,
      type: "solve",
      clue,
      solvedAt: at,
      points,
      ...(less === undefined ? {} : { less }),
      ...(own ? { instead: own.points } : {}),
      score: 0,
      ...(player === undefined ? {} : { player }),
      ...(opensAt === undefined ? {} : { opensAt }),
      more: true,
    });
  }
  const taken = ({ clue, hint }: { clue: string; hint: string }): boolean =>
    team.hints.has(hintKey(clue, hint));
  const rest = { ...legacy, hints: legacy.hints.filter((hint) => !taken(hint)) };
  const parts = absorbedParts(rest);
  for (const [index, part] of parts.entries()) {
    const more = index < parts.length - 1;
    drafts.add({ ...about, type: "absorb", merge: merge.merge, from: merge.from, ...part, score: 0, more });
  }
  return { facts: [...keepingOpen(context, team, drafts.facts, now), ...drafts.facts] };
}

/** As many parts as hold all of it; one at least. */
function absorbedParts({ hints, awards, wins }: Required<Absorbed>): Absorbed[] {
  const parts: Absorbed[] = [
    ...inParts(hints).map((part) => ({ hints: part })),
    ...inParts(awards).map((part) => ({ awards: part })),
    ...inParts(wins).map((part) => ({ wins: part })),
  ];
  const count = hints.length + awards.length + wins.length;
  if (count > IN_ONE_FACT) return parts;
  return [Object.assign({}, ...parts) as Absorbed];
}

function inParts<Entry>(entries: readonly Entry[]): Entry[][] {
  const parts: Entry[][] = [];
  for (let from = 0; from < entries.length; from += IN_ONE_FACT) {
    parts.push(entries.slice(from, from + IN_ONE_FACT));
  }
  return parts;
}
