/** What a team may see of its hunt: rounds, prizes, its score over time. The text of `/me`: look.ts. PURE. */
import type { Me, PrizeView } from "../contract/me.ts";
import { cooldownUntil } from "./attempts.ts";
import { hasEnough, isEligible } from "./claim.ts";
import type { Context } from "./context.ts";
import { iso } from "./moment.ts";
import type { Seen } from "./seen.ts";
import { solvesAsOf } from "./solves.ts";
import type { Team, Win } from "./team.ts";
import { presentValue } from "./team-score.ts";
import { wantedOf } from "./wanted.ts";

/** The prizes of the hunt in the order of the definition. */
export function prizesOf(
  context: Context,
  team: Team,
  player: string,
  seen: readonly Seen[],
  left: (prize: string) => number | undefined,
  now: number,
): PrizeView[] {
  const { hunt, phase, prizes } = context;
  return hunt.compiled.prizes.map((prize) => {
    const { id, title, mode, window } = prize;
    const units = left(id);
    const bucket = team.tries?.find((tried) => tried.prize === id)?.bucket;
    const wait = cooldownUntil(hunt.compiled.attempts, bucket, now);
    return {
      id,
      title,
      mode,
      eligible:
        phase === "live" &&
        !team.banned &&
        isEligible(context, prize, team, now) &&
        !hasEnough(team, prize, player),
      ...(prize.requires ? { requires: wantedOf(context, team, prize.requires, seen, now) } : {}),
      ...(units === undefined ? {} : { left: units }),
      ...(prizes?.withdrawn(id) ? { withdrawn: true as const } : {}),
      ...(window ? { window: { from: iso(window.from), to: iso(window.to) } } : {}),
      ...(wait === undefined ? {} : { cooldownUntil: iso(wait) }),
      wins: [...(team.wins ?? []), ...carriedWins(team)]
        .filter((win) => win.prize === id)
        .map((win) => {
          const code = win.player === player ? prizes?.codeOf(id, win.unit) : undefined;
          return {
            event: win.event,
            at: iso(win.at),
            player: win.player,
            ...(code === undefined ? {} : { code }),
            ...(win.revoked ? { revoked: true as const } : {}),
          };
        }),
    };
  });
}

/** What members won in earlier teams. */
const carriedWins = ({ members }: Team): Win[] =>
  members.flatMap(({ id, won = [] }) => won.map((win) => ({ ...win, player: id })));

/** A round is told of when its first clue is; one that a version dropped, after the others. */
export function roundsOf(
  { compiled, withdrawn }: Context["hunt"],
  seen: readonly Seen[],
  addressed: (text: string) => string = (text) => text,
): Me["rounds"] {
  const told = new Set(seen.map(({ round }) => round));
  const rounds: Me["rounds"] = compiled.rounds
    .filter(({ id }) => told.has(id))
    .map(({ id, title, body, image }) => ({
      id,
      title,
      ...(body === undefined ? {} : { body: addressed(body) }),
      ...(image === undefined ? {} : { image: addressed(image) }),
    }));
  for (const { id, round } of seen) {
    if (round === undefined || rounds.some((known) => known.id === round)) continue;
    rounds.push({ id: round, title: withdrawn.get(id)?.clue?.roundTitle ?? "" });
  }
  return rounds;
}

/**
 * The team's score over time, up to `until` (epoch ms): solves at their present
 * value with their own first-solve bonus, hint costs and awards; of solves those that counted then. The first
 * point is its joining, at 0; the last is its score at `until`.
 */
export function historyOf(context: Context, team: Team, until: number): { at: number; score: number }[] {
  const changes = team.adjustments.filter(({ at, recordedAt = at }) => recordedAt <= until);
  for (const solve of solvesAsOf(team, until)) {
    changes.push({ at: solve.at, seq: solve.seq, points: pointsOf(context, team, solve) });
  }
  changes.sort((a, b) => a.at - b.at || a.seq - b.seq);
  const points = [{ at: team.joinedAt, score: 0 }];
  let score = 0;
  for (const change of changes) {
    if (change.at > until) break;
    score += change.points;
    points.push({ at: change.at, score });
  }
  return points;
}

/** What a solve gives now: at its present value, with its own first-solve bonus. */
function pointsOf(
  context: Context,
  team: Team,
  { clue: id, points, less = 0 }: { clue: string; points: number; less?: number },
): number {
  if (!context.hunt.dynamic) return points;
  const clue = context.hunt.clues.get(id);
  if (!clue) return 0;
  return (
    Math.max(0, presentValue(context, clue) - less) + (context.word?.bonusOf?.get(`${team.id}/${id}`) ?? 0)
  );
}

/** The team's solves that counted at `until` (epoch ms), the first solve first, as those may see them who see these clues. */
export function solvesSeen(
  context: Context,
  team: Team,
  until: number,
  sees: (clue: string) => boolean,
): SeenSolve[] {
  return solvesAsOf(team, until)
    .sort((a, b) => a.at - b.at || a.seq - b.seq)
    .map((solve) => {
      const { clue: id, at } = solve;
      const clue = sees(id) ? context.hunt.clues.get(id) : undefined;
      return { ...(clue ? { clue: id, title: clue.title } : {}), at, points: pointsOf(context, team, solve) };
    });
}

/** A solve; without clue and title it is of a clue that is not seen. */
export interface SeenSolve {
  clue?: string;
  title?: string;
  /** Epoch ms. */
  at: number;
  points: number;
}
