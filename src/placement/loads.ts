/**
 * How busy the shards of a hunt are, by what they tell with their reports: sums
 * that only grow, of which rates are made here. PURE; times are epoch ms.
 *
 * Kept in memory: after a restart the teams are known again with the next
 * report of a shard, the rates a minute later.
 */
import type { Refuses, ReportedLoad } from "../protocol.ts";

/** Events are averaged over about so long, ms: long enough that a burst of seconds is no load. */
const RATE_WINDOW = 60_000;

/** Joinings are averaged over less, ms: how many came since is told by a crowd's beginning, not by the minute before it. */
const JOINING_WINDOW = 10_000;

/**
 * The events that tell which shard has the active teams are summed over about so long, ms. Longer tells more
 * of slow hunts, but a shard that is new to a hunt looks idle for about as long.
 */
const RECENT_WINDOW = 1_800_000;

/** A shard that says nothing for so long may still have had events: its alarm reports after 20 s. */
const SILENCE = 25_000;

/** For so long after it refused something because too much waited a shard counts as refusing, ms: it tells each time, within a second. */
const REFUSES_FOR = 10_000;

/** What is known of one shard. */
export interface ShardFigures {
  teams: number;
  /** A second, over the last minute or so. */
  events: number;
  /** Events of the last half hour or so. */
  recent: number;
  /** New teams a second, over the last ten seconds or so. */
  joinings: number;
  /** It refuses new teams: because too much waited just now, or because it is full. */
  refuses?: Refuses;
}

/** What is known of a hunt's shards; one that is not named has no teams, or nothing is known of it. */
export interface LoadFigures {
  /** When it was known. */
  at: number;
  shards: Record<string, ShardFigures>;
}

interface Heard {
  at: number;
  teams: number;
  /** In all. */
  told: number;
  events: number;
  recent: number;
  joinings: number;
  /** The last time it was busy. */
  busyAt: number;
  isFull: boolean;
}

export class ShardLoads {
  readonly #heard = new Map<string, Heard>();

  /** A shard told its load. */
  hear(shard: string, { teams, events, refuses }: ReportedLoad, now: number): void {
    const before = this.#heard.get(shard);
    const busyAt = refuses === "busy" ? now : (before?.busyAt ?? Number.NEGATIVE_INFINITY);
    const told = { at: now, teams, told: events, busyAt, isFull: refuses === "full" };
    // Fewer than before: a clock or a log was put right. What is told now is the beginning.
    if (!before || events < before.told || teams < before.teams || now < before.at) {
      this.#heard.set(shard, { ...told, events: 0, recent: 0, joinings: 0 });
      return;
    }
    const passed = now - before.at;
    this.#heard.set(shard, {
      ...told,
      events: averaged(before.events, events - before.told, passed, RATE_WINDOW),
      recent: before.recent * Math.exp(-passed / RECENT_WINDOW) + events - before.told,
      joinings: averaged(before.joinings, teams - before.teams, passed, JOINING_WINDOW),
    });
  }

  /** Undefined: no shard has told anything. */
  figures(now: number): LoadFigures | undefined {
    if (this.#heard.size === 0) return undefined;
    const shards: Record<string, ShardFigures> = {};
    for (const [shard, { at, teams, events, recent, joinings, busyAt, isFull }] of this.#heard) {
      const silent = Math.max(0, now - at - SILENCE);
      const kept = Math.exp(-silent / RATE_WINDOW);
      const isBusy = now >= busyAt && now - busyAt < REFUSES_FOR;
      const refuses = isFull ? "full" : isBusy ? "busy" : undefined;
      shards[shard] = {
        teams,
        events: rounded(events * kept),
        recent: rounded(recent * Math.exp(-silent / RECENT_WINDOW)),
        joinings: rounded(joinings * Math.exp(-silent / JOINING_WINDOW)),
        ...(refuses === undefined ? {} : { refuses }),
      };
    }
    return { at: now, shards };
  }
}

/** The rate a second after `more` came in `passed` ms: an exponential average over `window` ms. */
function averaged(before: number, more: number, passed: number, window: number): number {
  const kept = Math.exp(-passed / window);
  const gain = passed > 0 ? (1 - kept) / passed : 1 / window;
  return before * kept + more * gain * 1_000;
}

/** To a thousandth: what is published need not be longer. */
const rounded = (value: number): number => Math.round(value * 1_000) / 1_000;
