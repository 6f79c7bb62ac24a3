/**
 * Moves of players to other teams, which may be other shards'. A move is a row before its first step, and its
 * row says the next step; the steps are safe to repeat. So whatever is killed between two of them, the alarm goes
 * on: up to the departure a move can be undone, from then on it is finished.
 *
 *   seat ──▶ depart ──▶ arrive        refused, or nobody knows: unseat
 */
import type { Alarm } from "../alarm.ts";
import { Damaged } from "../checksum.ts";
import type { Clock } from "../clock.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { Sql } from "../lazy-sql.ts";
import type { Actor } from "../objects/control.ts";
import type { Env } from "../objects/env.ts";
import { randomText } from "../objects/ids.ts";
import type { Departed, TeamChanged, Whereabouts } from "../objects/shard.ts";
import type { ControlReason } from "./alarm-reasons.ts";
import type { AuditLog } from "./audit.ts";
import { type Moving, type MovingStore, movingStore, type Step } from "./moving.ts";
import type { StateStore } from "./state.ts";
import { isPassing, StepCalls } from "./step-calls.ts";

/** Random characters of a move's id. */
const ID_LENGTH = 16;

/** Moves under way at most. */
const MOVES_MAX = 500;

/** How long one step may take, ms: a departure waits for the player's claims. */
const DEADLINE = 20_000;

/** When a move that did not come to its end is gone on with, ms; doubles while it does not. */
const AGAIN = { first: 1_000, most: 60_000 };

export interface MovesDeps {
  hunt: string;
  env: Pick<Env, "SHARD" | "NAMES">;
  sql: Sql;
  clock: Clock;
  state: StateStore;
  audit: AuditLog;
  alarm: Pick<Alarm<ControlReason>, "set">;
}

type Outcome = TeamChanged | Refusal;

const NO_TEAM = refuse("not_found", "no such team");
const NO_HUNT = refuse("not_found", "no such hunt");
const NO_PLAYER = refuse("not_found", "the team has no such player");

export class Moves {
  readonly #deps: MovesDeps;
  readonly #calls: StepCalls;
  readonly #store: MovingStore;
  /** By player. */
  readonly #driven = new Map<string, Promise<Outcome>>();
  #wait = AGAIN.first;

  constructor(deps: MovesDeps) {
    this.#deps = deps;
    this.#calls = new StepCalls({ ...deps, deadline: DEADLINE, called: "a move" });
    this.#store = movingStore(deps.sql);
  }

  /** Moves the player; the team that it is in then. Safe to repeat. */
  async move(from: string, player: string, to: string, reason: string, by: Actor): Promise<Outcome> {
    const { audit, state, clock } = this.#deps;
    if (!state.current) return NO_HUNT;
    if (!this.#calls.takesPart(from) || !this.#calls.takesPart(to)) return NO_TEAM;
    const line = audit.record({
      ...by,
      at: clock.now(),
      action: "move",
      detail: { team: from, player, to, reason },
    });
    const moved = await this.#moveUnless({ player, from, to, reason, line });
    if ("refused" in moved && !this.#isUnderWay(player)) audit.amend(line, { refused: moved.refused });
    return moved;
  }

  async #moveUnless(wanted: Omit<Moving, "move" | "step">): Promise<Outcome> {
    const { player, from, to } = wanted;
    const undoing = this.#of(player);
    if (undoing?.step === "unseat") await this.#drive(undoing);
    const there = this.#of(player) ? undefined : await this.#alreadyIn(from, player, to);
    if (there) return there;
    // Asked for twice, or for another team.
    const before = this.#of(player);
    if (before) return before.to === to ? this.#drive(before) : ON_ANOTHER_WAY;
    if (!this.#deps.state.current) return NO_HUNT;
    if (this.#store.count >= MOVES_MAX) return refuse("overloaded", "too many players are being moved");
    const moving: Moving = { move: randomText(ID_LENGTH), step: "seat", ...wanted };
    this.#store.put(moving);
    this.#arm();
    return this.#drive(moving);
  }

  /** Goes on with the moves that did not come to their end. Never throws: an alarm that keeps failing is dropped. */
  async resume(): Promise<void> {
    // A hunt that is being deleted goes on with nothing.
    if (!this.#deps.state.current) return;
    try {
      const left = this.#store.all();
      await Promise.all(left.map((moving) => this.#drive(moving)));
      this.#wait = this.#store.count === 0 ? AGAIN.first : Math.min(AGAIN.most, this.#wait * 2);
    } catch (error) {
      console.error({ message: "moves of players cannot be gone on with", error: String(error) });
      this.#wait = AGAIN.most;
    }
    this.#arm();
  }

  /** Sets the alarm for those that an earlier instance left. */
  /** Moves that are under way. */
  get count(): number {
    return this.#store.count;
  }

  begin(): void {
    this.#arm();
  }

  /** Resolves when the player is on no way, as far as the rows can be read. A refusal: it may still be on one. */
  async settled(player: string): Promise<Refusal | undefined> {
    let moving: Moving | undefined;
    try {
      moving = this.#of(player);
    } catch (error) {
      if (!(error instanceof Damaged)) throw error;
      console.error({ message: error.message });
    }
    if (!moving) return undefined;
    const ended = await this.#drive(moving);
    return this.#isUnderWay(player) && "refused" in ended ? ended : undefined;
  }

  /** The player's move that is under way. Throws `Damaged`. */
  #of(player: string): Moving | undefined {
    return this.#store.all().find((moving) => moving.player === player);
  }

  #isUnderWay(player: string): boolean {
    return this.#of(player) !== undefined;
  }

  #arm(): void {
    const { alarm, clock } = this.#deps;
    if (this.#store.count > 0) alarm.set("moves", clock.now() + this.#wait);
  }

  /** What the caller is told when there is nothing to do; undefined: there is. */
  async #alreadyIn(from: string, player: string, to: string): Promise<Outcome | undefined> {
    const here = await this.#calls.ask<Whereabouts>(from, (shard) => shard.whereIs(from, player));
    if ("refused" in here) return here;
    if (here.joined && from !== to) return undefined;
    if (here.moved?.team !== to && from !== to) return NO_PLAYER;
    const there = await this.#calls.ask<Whereabouts>(to, (shard) => shard.whereIs(to, player));
    if ("refused" in there) return there;
    if (!there.joined) return NO_PLAYER;
    // Changes nothing, and tells the team.
    return this.#calls.ask<TeamChanged>(to, (shard) =>
      shard.changeTeam(to, { reason: "" }, { type: "alter" }),
    );
  }

  #drive(moving: Moving): Promise<Outcome> {
    const known = this.#driven.get(moving.player);
    if (known) return known;
    const driven = this.#steps(moving).finally(() => this.#driven.delete(moving.player));
    this.#driven.set(moving.player, driven);
    return driven;
  }

  async #steps(moving: Moving): Promise<Outcome> {
    const { from, to } = moving;
    if (moving.step === "seat") {
      const kept = await this.#calls.ask<TeamChanged>(to, (shard) => shard.keepSeat(moving));
      // Nobody knows whether it is kept.
      if ("refused" in kept) return this.#undo(moving, kept);
      this.#next(moving, "depart");
    }
    if (moving.step === "unseat") return this.#undo(moving, UNDONE);
    const departed = await this.#calls.ask<Departed>(from, (shard) => shard.depart(moving));
    if ("refused" in departed) {
      return isPassing(departed) ? departed : this.#undo(moving, departed);
    }
    this.#next(moving, "arrive");
    const arrived = await this.#calls.ask<TeamChanged>(to, (shard) =>
      shard.arrive(moving, departed.leaving, departed.codes),
    );
    if ("refused" in arrived) return arrived;
    await this.#calls.free(departed.freed);
    this.#over(moving);
    return { team: arrived.team };
  }

  /** Gives the seat up, whether it was kept or not. `why`: what the caller is told. */
  async #undo(moving: Moving, why: Refusal): Promise<Refusal> {
    this.#next(moving, "unseat");
    const given = await this.#calls.ask<TeamChanged>(moving.to, (shard) => shard.giveUpSeat(moving));
    if ("refused" in given && isPassing(given)) return why;
    if (!("refused" in given)) await this.#calls.free(given.freed);
    this.#over(moving);
    this.#deps.audit.amend(moving.line, { refused: why.refused });
    return why;
  }

  #next(moving: Moving, step: Step): void {
    if (moving.step === step || !this.#deps.state.current) return;
    moving.step = step;
    this.#store.put(moving);
  }

  #over({ move }: Moving): void {
    if (this.#deps.state.current) this.#store.drop(move);
  }
}

const ON_ANOTHER_WAY = refuse("conflict", "the player is being moved to another team");
const UNDONE = refuse("unavailable", "the move was undone; send it again");
