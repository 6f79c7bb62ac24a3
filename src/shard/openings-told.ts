/**
 * Clues that open by their time, told to the live sockets of the teams they
 * open for. One alarm of the shard serves all its sockets, at the next such moment
 * of any team that has one; a shard without sockets is not woken. Nothing is told
 * before its moment: what a frame names is in `/me` already.
 */

import type { Context } from "../hunt/context.ts";
import { isOver } from "../hunt/phase.ts";
import type { Team } from "../hunt/team.ts";
import { asSeen, scoreOf } from "../hunt/team-score.ts";
import { openingsOf } from "../hunt/unlock.ts";
import type { CurrentHunt } from "./current-hunt.ts";
import type { Journal } from "./journal.ts";
import type { LiveSockets } from "./live.ts";
import type { ShardTime } from "./time.ts";

/**
 * How far back a shard looks that was put away, and no longer knows what it
 * told, ms: longer than an alarm comes late. Told twice, a page looks once more.
 */
const LOOK_BACK = 60_000;

/** Shortest time between two rounds of telling, ms: teams on clocks of their own open clues at any moment. */
const ROUND_EVERY = 500;

/** Clues named in one frame; more are in `/me`. */
const CLUES_PER_FRAME = 1_000;

export interface OpeningsToldDeps {
  current: Pick<CurrentHunt, "context">;
  journal: Pick<Journal, "teams">;
  time: Pick<ShardTime, "now">;
  sockets: Pick<LiveSockets, "any" | "teams" | "isWatching" | "tellTeam">;
  /** The next moment is earlier than it was: see `next`. */
  arm(): void;
}

export class OpeningsTold {
  readonly #deps: OpeningsToldDeps;
  /** What opened until then was told, epoch ms; undefined: an earlier instance of the object may have told more. */
  #until: number | undefined;
  /** The next moment at which a clue opens for a team with a socket, epoch ms. It may be too early, never too late. */
  #next = Number.POSITIVE_INFINITY;

  constructor(deps: OpeningsToldDeps) {
    this.#deps = deps;
  }

  /** When to `tell`, epoch ms; undefined: nothing is known to open. */
  get next(): number | undefined {
    if (this.#next === Number.POSITIVE_INFINITY) return undefined;
    // A clock that went back must not put the next round off until it gets there again.
    const until = Math.min(this.#until ?? 0, this.#deps.time.now());
    return Math.max(this.#next, until + ROUND_EVERY);
  }

  /** Whoever opens a socket sees in `/me` what is open by now: nobody else waits to be told of it. */
  begin(): void {
    this.#until = this.#deps.time.now();
  }

  /** The clock was ahead: the next moment, as it was known, may be too late. The next round finds the right one. */
  wentBack(): void {
    if (this.#deps.sockets.any) this.#next = 0;
  }

  /** A socket was opened for the team, or the team went on: other clues may open next. */
  changed(id: string): void {
    const { current, journal, time, sockets, arm } = this.#deps;
    const team = sockets.isWatching(id) ? journal.teams.get(id) : undefined;
    if (!team) return;
    const now = time.now();
    const next = nextOf(current.context(now), team, now);
    if (next >= this.#next) return;
    this.#next = next;
    arm();
  }

  /** Other times or another phase are in force; sockets are told of these otherwise. */
  configured(): void {
    const { sockets, time } = this.#deps;
    this.#until = time.now();
    for (const team of sockets.teams()) this.changed(team);
  }

  /** Tells of what has opened since the last time, and looks for the next moment. */
  tell(): void {
    const { current, journal, time, sockets } = this.#deps;
    this.#next = Number.POSITIVE_INFINITY;
    const now = time.now();
    if (!sockets.any) {
      this.#until = now;
      return;
    }
    const context = current.context(now);
    const since = Math.min(this.#until ?? now - LOOK_BACK, now);
    this.#until = now;
    for (const id of sockets.teams()) {
      const team = journal.teams.get(id);
      if (!team) continue;
      const unlocked = openedByTime(context, team, since, now).map(({ clue }) => clue);
      if (unlocked.length > 0) {
        sockets.tellTeam(id, { team: { score: scoreOf(asSeen(context), team), solved: [], unlocked } });
      }
      this.#next = Math.min(this.#next, nextOf(context, team, now));
    }
  }
}

/** When the next clue opens for the team by its time, epoch ms. */
export function nextOf({ hunt, openedAt, phase }: Context, team: Team, now: number): number {
  let next = Number.POSITIVE_INFINITY;
  if (isOver(phase)) return next;
  for (const at of openingsOf(hunt, team, openedAt, now)) if (at > now && at < next) next = at;
  return next;
}

/** The clues that opened for the team after `since` until `now`, and not by a solve, an award or an organiser's hand. */
export function openedByTime(
  { hunt, openedAt, phase }: Context,
  team: Team,
  since: number,
  now: number,
): { clue: string; at: number }[] {
  if (phase === "draft") return [];
  const opened: { clue: string; at: number }[] = [];
  let happened: Set<number> | undefined;
  for (const [place, at] of openingsOf(hunt, team, openedAt, now).entries()) {
    if (at <= since || at > now) continue;
    happened ??= momentsOf(team);
    const clue = hunt.compiled.clues[place];
    if (clue && !happened.has(at) && opened.length < CLUES_PER_FRAME) opened.push({ clue: clue.id, at });
  }
  return opened;
}

/** When facts of the team moved it on: what opened then was told with them. */
const momentsOf = (team: Team): Set<number> =>
  new Set([
    team.joinedAt,
    ...[...team.solves.values()].map(({ at }) => at),
    ...team.opened.values(),
    ...team.reached.values(),
    ...team.adjustments.map(({ at }) => at),
  ]);
