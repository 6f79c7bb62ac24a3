/** What a team may see of the hunt and of itself: open clues only; in the form of the wire (src/contract/me.ts). PURE. */
import { ANNOUNCEMENTS_TOLD, type ClueView, type Me, type PrizeView } from "../contract/me.ts";
import type { Announcement } from "../protocol.ts";
import { cooldownUntil } from "./attempts.ts";
import { hasEnough, isEligible } from "./claim.ts";
import type { Context } from "./context.ts";
import { kindOf } from "./kinds/all.ts";
import { iso } from "./moment.ts";
import { hintKey, type Team } from "./team.ts";
import { presentValue, scoreOf } from "./team-score.ts";
import { openingsOf } from "./unlock.ts";
import { takenOf, withdrawnViews } from "./withdrawn.ts";

/** What others know of a player's hunt: the standings, the vault, the organisers. */
export interface Known {
  rank: number | undefined;
  /** Units of a prize left when the vault last said so. */
  left(prize: string): number | undefined;
  announcements: readonly Announcement[];
}

/** What `player` of `team` sees at `now` (epoch ms). */
export function meOf(context: Context, team: Team, player: string, known: Known, now: number): Me {
  const { hunt, phase, word } = context;
  const clues = cluesOf(context, team, now);
  const visible = new Set(clues.map(({ id }) => id));
  return {
    player: { id: player, name: team.members.find(({ id }) => id === player)?.name ?? "" },
    team: {
      id: team.id,
      name: team.name,
      ...(team.bracket === undefined ? {} : { bracket: team.bracket }),
      ...(team.joinCode === undefined ? {} : { joinCode: team.joinCode }),
      members: team.members.map(({ id, name }) => ({ id, name })),
      score: scoreOf(context, team),
      solves: team.solves.size,
      ...(known.rank === undefined ? {} : { rank: known.rank }),
      ...(team.banned ? { banned: true as const } : {}),
    },
    phase,
    rounds: roundsOf(hunt, clues),
    clues,
    ...(hunt.compiled.prizes.length === 0
      ? {}
      : { prizes: prizesOf(context, team, player, known.left, now) }),
    announcements: known.announcements
      .filter(({ clue }) => clue === undefined || visible.has(clue))
      .slice(-ANNOUNCEMENTS_TOLD)
      .map((announcement) => ({ ...announcement, at: iso(announcement.at) })),
    serverTime: iso(now),
    asOf: iso(hunt.dynamic ? (word?.asOf ?? now) : now),
  };
}

/** The prizes of the hunt in the order of the definition. */
export function prizesOf(
  context: Context,
  team: Team,
  player: string,
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
      ...(units === undefined ? {} : { left: units }),
      ...(prizes?.withdrawn(id) ? { withdrawn: true as const } : {}),
      ...(window ? { window: { from: iso(window.from), to: iso(window.to) } } : {}),
      ...(wait === undefined ? {} : { cooldownUntil: iso(wait) }),
      wins: (team.wins ?? [])
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

/** A round is told of when its first clue is; one that a version dropped, after the others. */
function roundsOf({ compiled, withdrawn }: Context["hunt"], clues: readonly ClueView[]): Me["rounds"] {
  const rounds = compiled.rounds.filter(({ id }) => clues.some(({ round }) => round === id));
  for (const { id, round } of clues) {
    if (rounds.some((known) => known.id === round)) continue;
    rounds.push({ id: round, title: withdrawn.get(id)?.clue?.roundTitle ?? "" });
  }
  return rounds;
}

/** The open and solved clues in the order of the definition, then those that a version dropped. Before the hunt opens: none. */
export function cluesOf(context: Context, team: Team, now: number): ClueView[] {
  if (context.phase === "draft") return [];
  const openings = openingsOf(context.hunt, team, context.openedAt, now);
  const views: ClueView[] = [];
  for (const [place, clue] of context.hunt.compiled.clues.entries()) {
    const openedAt = openings[place] ?? Number.POSITIVE_INFINITY;
    const solve = team.solves.get(clue.id);
    if (openedAt > now && !solve) continue;
    const bucket = team.attempts.get(clue.id);
    const wait = solve ? undefined : cooldownUntil(clue.attempts, bucket, now);
    views.push({
      id: clue.id,
      round: clue.round,
      title: clue.title,
      kind: clue.kind,
      points: context.hunt.dynamic ? presentValue(context, clue) : (solve?.points ?? clue.points),
      ...(clue.meta ? { meta: true as const } : {}),
      state: solve ? "solved" : "open",
      body: clue.body,
      ...kindOf(clue).view?.(clue),
      attempts: bucket?.wrong ?? 0,
      ...(wait === undefined ? {} : { cooldownUntil: iso(wait) }),
      openedAt: iso(openedAt),
      ...(solve ? { solvedAt: iso(solve.at) } : {}),
      hints: [
        ...clue.hints.map((hint) => {
          const taken = team.hints.has(hintKey(clue.id, hint.id));
          return {
            id: hint.id,
            cost: hint.cost,
            availableAt: iso(openedAt + hint.after),
            taken,
            ...(taken ? { text: hint.text } : {}),
          };
        }),
        ...takenOf(context.hunt.withdrawn.get(clue.id), team),
      ],
    });
  }
  const { withdrawn } = context.hunt;
  return withdrawn.size === 0 ? views : [...views, ...withdrawnViews(withdrawn.values(), team)];
}

/**
 * The team's score over time, up to `until` (epoch ms): solves at their present
 * value with their own first-solve bonus, hint costs and awards. The first point
 * is its joining, at 0; the last is its score at `until`.
 */
export function historyOf(context: Context, team: Team, until: number): { at: number; score: number }[] {
  const changes = [...team.adjustments];
  for (const [id, solve] of team.solves) {
    const clue = context.hunt.clues.get(id);
    const bonus = context.word?.bonusOf?.get(`${team.id}/${id}`) ?? 0;
    const points = context.hunt.dynamic ? (clue ? presentValue(context, clue) + bonus : 0) : solve.points;
    changes.push({ at: solve.at, seq: solve.seq, points });
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
