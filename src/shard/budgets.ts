/**
 * The engine's own budgets beside the hunt's limits, so that nobody fills a
 * shard's log or its time: check-ins and nudges of a player, events and bytes of a
 * team, and room for solves alone once the database is nearly full.
 *
 * Kept in memory, because a row or a field of each fact would cost more than it
 * saves. A restart forgets the buckets of players and gives each a full one;
 * the bytes of teams are counted again from the facts behind the pages.
 */
import { isAhead } from "../ahead.ts";
import { BoundedMap } from "../bounded-map.ts";
import type { Config } from "../config.ts";
import { type Refusal, refuse } from "../errors.ts";
import { type AttemptLimits, cooldownUntil, tokensLeft } from "../hunt/attempts.ts";
import type { Budgets } from "../hunt/context.ts";
import { iso } from "../hunt/moment.ts";
import type { Attempts, Team } from "../hunt/team.ts";
import type { Decision } from "../hunt/turn.ts";
import { EventRate, TOO_MANY_EVENTS } from "../intake/event-rate.ts";
import type { Command, Fact, RecordedOutcome } from "../protocol.ts";

const MINUTE = 60_000;
const HOUR = 3_600_000;

/** Players and teams whose budgets are remembered; the one remembered longest is given a full one. */
const PLAYERS_MAX = 50_000;
const TEAMS_MAX = 25_000;

/** Time between two looks at the size of the database, ms. */
const SIZE_EVERY = 10_000;

/** On a full shard: how long a team waits after a try that was not recorded, ms: such a try takes nothing from a bucket. */
const FULL_WAIT = 30_000;

/** Tries remembered on a full shard. */
const TRIES_MAX = 20_000;

/** Bytes of a fact beside its texts, about: for those that are counted again after a restart. */
const FACT_BYTES = 200;

export type BudgetFigures = Pick<
  Config,
  | "RATE_LIMITS"
  | "CHECKINS_PER_MINUTE"
  | "NUDGES_PER_MINUTE"
  | "TEAM_BYTES_PER_HOUR"
  | "TEAM_EVENTS_PER_MINUTE"
  | "TEAM_AGE"
  | "SHARD_FULL_BYTES"
>;

/** What a team has left of its hour's bytes, as of `at` (epoch ms). */
export interface Allowance {
  bytes: number;
  at: number;
}

interface PlayerBuckets {
  checkins: Attempts;
  nudges: Attempts;
}

export class ShardBudgets implements Budgets {
  readonly #figures: BudgetFigures;
  readonly #limited: boolean;
  readonly #databaseSize: () => number;
  readonly #limitedOne: () => void;
  readonly #checkins: AttemptLimits;
  readonly #nudges: AttemptLimits;
  readonly #players = new BoundedMap<string, PlayerBuckets>(PLAYERS_MAX);
  readonly #teams = new BoundedMap<string, Allowance>(TEAMS_MAX);
  readonly #events: EventRate;
  readonly #tries = new BoundedMap<string, number>(TRIES_MAX);
  #full = false;
  #looked = Number.NEGATIVE_INFINITY;

  /** `limited`: counts a team that was refused beside play. */
  constructor(figures: BudgetFigures, databaseSize: () => number, limited: () => void = () => undefined) {
    this.#limitedOne = limited;
    this.#figures = figures;
    this.#limited = figures.RATE_LIMITS === "on";
    this.#databaseSize = databaseSize;
    this.#checkins = bucketOf(figures.CHECKINS_PER_MINUTE);
    this.#nudges = bucketOf(figures.NUDGES_PER_MINUTE);
    this.#events = new EventRate(figures.TEAM_EVENTS_PER_MINUTE);
  }

  // ── Before an event is judged ───────────────────────────────────────────

  heldUntil(team: Team, player: string, command: Command, now: number): number | undefined {
    let until = now;
    const ripe = team.joinedAt + this.#figures.TEAM_AGE * 1_000;
    // A team that was made ahead of the clock was made while it was wrong.
    if (ripe > now && !isAhead(team.joinedAt, now)) until = ripe;
    if ("heldUntil" in command && command.heldUntil !== undefined) {
      // The edge's clock may differ from this one: it waits a moment, and a minute at most.
      until = Math.max(until, Math.min(Math.max(command.heldUntil, now + 1_000), now + MINUTE));
    }
    if (this.#limited) until = Math.max(until, this.#playerHeld(player, command, now));
    if (this.#full) {
      const tried = this.#tries.get(tryKey(team.id, player, command)) ?? 0;
      // One further ahead was noted while the clock was wrong.
      if (tried <= now + FULL_WAIT) until = Math.max(until, tried);
    }
    return until > now ? until : undefined;
  }

  #playerHeld(player: string, command: Command, now: number): number {
    const buckets = this.#players.get(player);
    if (!buckets) return 0;
    if (command.type === "checkin") return cooldownUntil(this.#checkins, buckets.checkins, now) ?? 0;
    if (command.type === "answer") return cooldownUntil(this.#nudges, buckets.nudges, now) ?? 0;
    return 0;
  }

  // ── When it is recorded ─────────────────────────────────────────────────

  /** An event of the player was recorded. Wrong answers, codes and claims draw on the hunt's own buckets. */
  recorded(player: string, command: Command, outcome: RecordedOutcome | undefined, now: number): void {
    if (!this.#limited) return;
    if (command.type === "checkin") take(this.#checkins, this.#bucketsOf(player, now).checkins, now);
    else if (outcome === "nudge") take(this.#nudges, this.#bucketsOf(player, now).nudges, now);
  }

  #bucketsOf(player: string, now: number): PlayerBuckets {
    return (
      this.#players.get(player) ??
      this.#players.set(player, {
        checkins: { wrong: 0, tokens: this.#checkins.burst, at: now },
        nudges: { wrong: 0, tokens: this.#nudges.burst, at: now },
      })
    );
  }

  /**
   * What becomes of a decision on a nearly full shard: a solve is recorded as
   * ever, anything else is a cooldown and takes no room. It holds the team for a
   * while, so that a shard without room is no better place for guessing.
   */
  withinRoom(decision: Decision, team: Team, player: string, command: Command, now: number): Decision {
    if (!this.isFull(now) || "result" in decision) return decision;
    if ("facts" in decision) {
      const [first] = decision.facts;
      if (first && "outcome" in first && first.outcome === "correct") return decision;
    }
    const until = now + FULL_WAIT;
    this.#tries.set(tryKey(team.id, player, command), until);
    const about =
      "clue" in command
        ? { clue: command.clue }
        : command.type === "claim"
          ? { prize: { id: command.prize } }
          : {};
    return { result: { id: command.id, outcome: "cooldown", ...about, retryAt: iso(until) } };
  }

  /** Whether the database is so large that solves and organisers' acts alone are recorded. */
  isFull(now: number): boolean {
    if (now - this.#looked < SIZE_EVERY && now >= this.#looked) return this.#full;
    this.#looked = now;
    this.#full = this.#databaseSize() >= this.#figures.SHARD_FULL_BYTES;
    return this.#full;
  }

  // ── Teams ───────────────────────────────────────────────────────────────

  /** Takes `count` events of the team's. Undefined: teams are not limited. */
  admit(team: string, count: number, now: number): Allowance | Refusal | undefined {
    if (!this.#limited) return undefined;
    // First, and whatever becomes of them: a team without bytes floods no less.
    const flood = this.take(team, count, now);
    if (flood) return flood;
    const allowance = this.#allowanceOf(team, now);
    return this.outOfBytes(allowance) ?? allowance;
  }

  /**
   * Runs what records facts of a team's players beside play (who joins, leaves, renames, signs out), and takes
   * its bytes. `appended`: bytes in the log by then.
   */
  spend<Value>(team: string, now: number, appended: () => number, record: () => Value): Value | Refusal {
    const allowance = this.#limited ? this.#allowanceOf(team, now) : undefined;
    const refused = allowance && this.outOfBytes(allowance);
    if (refused) {
      this.#limitedOne();
      return refused;
    }
    const before = appended();
    const value = record();
    if (allowance) allowance.bytes -= appended() - before;
    return value;
  }

  /** Takes `count` of the events that a team may send; the refusal when there are not so many. */
  take(team: string, count: number, now: number): Refusal | undefined {
    const seconds = this.#limited ? this.#events.take(team, count, now) : 0;
    return seconds > 0 ? refuse("overloaded", TOO_MANY_EVENTS, seconds) : undefined;
  }

  /** The refusal of a team that was refused a moment ago, before anything is done with its events. */
  paused(team: string, now: number): Refusal | undefined {
    const isPaused = this.#limited && this.#events.isPaused(team, now);
    return isPaused ? refuse("overloaded", TOO_MANY_EVENTS, 1) : undefined;
  }

  /** The refusal of a team whose bytes are used up. */
  outOfBytes({ bytes }: Allowance): Refusal | undefined {
    if (bytes > 0) return undefined;
    const seconds = Math.ceil(((1 - bytes) / this.#figures.TEAM_BYTES_PER_HOUR) * 3_600);
    return refuse("overloaded", "the team has recorded more than one team may in an hour", seconds);
  }

  /** Counts the bytes of facts that were recorded before a restart, about. In the log's order. */
  resume(facts: Iterable<Fact>, now: number): void {
    if (!this.#limited) return;
    for (const fact of facts) {
      if (!isOfPlayers(fact) || fact.at < now - HOUR || fact.at > now) continue;
      const texts =
        "outcome" in fact ? (fact.answer?.length ?? 0) + (fact.message?.length ?? 0) + (fact.words ?? 0) : 0;
      this.#allowanceOf(fact.team, fact.at).bytes -= FACT_BYTES + texts;
    }
  }

  #allowanceOf(team: string, now: number): Allowance {
    const { TEAM_BYTES_PER_HOUR: bytes } = this.#figures;
    const known = this.#teams.get(team);
    if (!known) return this.#teams.set(team, { bytes, at: now });
    const passed = now - known.at;
    if (passed > 0) {
      known.bytes = Math.min(bytes, known.bytes + (passed / HOUR) * bytes);
      known.at = now;
    } else if (isAhead(known.at, now)) {
      // It was dated by a clock that was wrong.
      known.bytes = bytes;
      known.at = now;
    }
    return known;
  }
}

/** Whether a player had the fact recorded, and no organiser. */
const isOfPlayers = (fact: Fact): boolean =>
  "outcome" in fact ||
  "by" in fact ||
  fact.type === "join" ||
  fact.type === "leave" ||
  (fact.type === "void" && fact.key !== undefined);

const bucketOf = (perMinute: number): AttemptLimits => ({
  burst: perMinute,
  refillPerMinute: perMinute,
  perClue: 0,
});

function take(limits: AttemptLimits, bucket: Attempts, now: number): void {
  bucket.tokens = Math.max(0, tokensLeft(limits, bucket, now));
  bucket.at = now;
}

/** Check-ins are a player's, everything else the team's: by clue, and all codes together. */
function tryKey(team: string, player: string, command: Command): string {
  if (command.type === "checkin") return player;
  return "clue" in command ? `${team}\n${command.clue}` : `${team}\n`;
}
