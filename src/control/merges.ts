/**
 * Merges of two teams, which may be of two shards. As with moves of players (moves.ts) a merge is a row before its
 * first step, and its row says the next step; the steps are safe to repeat. So whatever is killed between two of
 * them, the alarm goes on: up to the handing over a merge can be undone, from then on it is finished.
 *
 *   seats ──▶ hand over ──▶ take over        refused, or nobody knows: unseat
 */
import type { Alarm } from "../alarm.ts";
import type { Clock } from "../clock.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { Merge } from "../hunt/merge.ts";
import type { Sql } from "../lazy-sql.ts";
import type { Actor } from "../objects/control.ts";
import type { Env } from "../objects/env.ts";
import { randomText } from "../objects/ids.ts";
import type { HandedOver, Merging, TeamChanged } from "../objects/shard.ts";
import type { ControlReason } from "./alarm-reasons.ts";
import type { AuditLog } from "./audit.ts";
import type { StateStore } from "./state.ts";
import { isPassing, StepCalls } from "./step-calls.ts";
import { StepStore } from "./steps.ts";

/** Random characters of a merge's id. */
const ID_LENGTH = 16;

/** Merges under way at most. */
const MERGES_MAX = 100;

/** How often seats are kept anew because others are in the team by now, before nobody's time is taken any more. */
const SEATINGS_MAX = 5;

/** How long one step may take, ms: handing over waits for the players' claims. */
const DEADLINE = 30_000;

/** When a merge that did not come to its end is gone on with, ms; doubles while it does not. */
const AGAIN = { first: 1_000, most: 60_000 };

/** A merge that is under way. */
export interface Underway extends Merge {
  /** The next: one that may have been made is made again. */
  step: "seats" | "hand-over" | "take-over" | "unseat";
  /** The line of the audit. */
  line: number;
}

export interface MergesDeps {
  hunt: string;
  env: Pick<Env, "SHARD" | "NAMES">;
  sql: Sql;
  clock: Clock;
  state: StateStore;
  audit: AuditLog;
  alarm: Pick<Alarm<ControlReason>, "set">;
}

type Outcome = Pick<TeamChanged, "team"> | Refusal;

export class Merges {
  readonly #deps: MergesDeps;
  readonly #calls: StepCalls;
  readonly #store: StepStore<"merge", Underway & Record<"merge", string>>;
  /** By merge. */
  readonly #driven = new Map<string, Promise<Outcome>>();
  #wait = AGAIN.first;

  constructor(deps: MergesDeps) {
    this.#deps = deps;
    this.#calls = new StepCalls({ ...deps, deadline: DEADLINE, called: "a merge" });
    this.#store = new StepStore(deps.sql, {
      table: "merging",
      key: "merge",
      called: "a merge of teams",
      list: "the list of merges",
    });
  }

  /** Merges the team `from` into `into`, and gives that one. Safe to repeat. */
  async merge(from: string, into: string, reason: string, by: Actor): Promise<Outcome> {
    const { audit, state, clock } = this.#deps;
    if (!state.current) return NO_HUNT;
    if (!this.#calls.takesPart(from) || !this.#calls.takesPart(into)) return NO_TEAM;
    const line = audit.record({
      ...by,
      at: clock.now(),
      action: "merge",
      detail: { team: from, into, reason },
    });
    const merged = await this.#mergeUnless({ from, into, reason, line });
    if ("refused" in merged && !this.#of(from)) audit.amend(line, { refused: merged.refused });
    return merged;
  }

  async #mergeUnless(wanted: Pick<Underway, "from" | "into" | "reason" | "line">): Promise<Outcome> {
    const { from, into } = wanted;
    const undoing = this.#of(from);
    if (undoing?.step === "unseat") await this.#drive(undoing);
    if (from === into) return refuse("conflict", "a team is not merged into itself");
    const there = this.#of(from) ? undefined : await this.#alreadyIn(from, into);
    if (there) return there;
    const before = this.#of(from);
    // Asked for twice.
    if (before?.from === from && before.into === into) return this.#drive(before);
    if (before ?? this.#of(into)) return MERGING_ALREADY;
    if (!this.#deps.state.current) return NO_HUNT;
    if (this.#store.count >= MERGES_MAX) return refuse("overloaded", "too many teams are being merged");
    const underway: Underway = { merge: randomText(ID_LENGTH), step: "seats", players: [], ...wanted };
    this.#store.put(underway);
    this.#arm();
    return this.#drive(underway);
  }

  /** Goes on with the merges that did not come to their end. Never throws: an alarm that keeps failing is dropped. */
  async resume(): Promise<void> {
    // A hunt that is being deleted goes on with nothing.
    if (!this.#deps.state.current) return;
    try {
      await Promise.all(this.#store.all().map((underway) => this.#drive(underway)));
      this.#wait = this.#store.count === 0 ? AGAIN.first : Math.min(AGAIN.most, this.#wait * 2);
    } catch (error) {
      console.error({ message: "merges of teams cannot be gone on with", error: String(error) });
      this.#wait = AGAIN.most;
    }
    this.#arm();
  }

  /** Sets the alarm for those that an earlier instance left. */
  /** Merges that are under way. */
  get count(): number {
    return this.#store.count;
  }

  begin(): void {
    this.#arm();
  }

  /** The merge that the team is part of. Throws `Damaged`. */
  #of(team: string): Underway | undefined {
    return this.#store.all().find(({ from, into }) => from === team || into === team);
  }

  #arm(): void {
    const { alarm, clock } = this.#deps;
    if (this.#store.count > 0) alarm.set("merges", clock.now() + this.#wait);
  }

  /** What the caller is told when there is nothing to do; undefined: there is. */
  async #alreadyIn(from: string, into: string): Promise<Outcome | undefined> {
    const here = await this.#calls.ask<Merging>(from, (shard) => shard.mergingOf(from));
    if ("refused" in here) return here;
    if (here.into === undefined) return undefined;
    if (here.into !== into) return NO_TEAM;
    // Changes nothing, and tells the team.
    return this.#calls.ask<TeamChanged>(into, (shard) =>
      shard.changeTeam(into, { reason: "" }, { type: "alter" }),
    );
  }

  #drive(underway: Underway): Promise<Outcome> {
    const known = this.#driven.get(underway.merge);
    if (known) return known;
    const driven = this.#steps(underway).finally(() => this.#driven.delete(underway.merge));
    this.#driven.set(underway.merge, driven);
    return driven;
  }

  async #steps(underway: Underway): Promise<Outcome> {
    const { from, into } = underway;
    if (underway.step === "unseat") return this.#undo(underway, UNDONE);
    let handed: HandedOver | Refusal = OTHERS_COME;
    for (let seating = 0; seating < SEATINGS_MAX; seating += 1) {
      if (underway.step === "seats") {
        const refused = await this.#seat(underway);
        if (refused) return this.#undo(underway, refused);
      }
      handed = await this.#calls.ask<HandedOver>(from, (shard) => shard.handOver(underway));
      if (!("refused" in handed && handed.refused === "precondition_failed")) break;
      this.#next(underway, { step: "seats" });
      handed = OTHERS_COME;
    }
    if ("refused" in handed) {
      const isOpen = isPassing(handed) && underway.step !== "seats";
      return isOpen ? handed : this.#undo(underway, handed);
    }
    this.#next(underway, { step: "take-over" });
    const all: HandedOver = handed;
    const taken = await this.#calls.ask<TeamChanged>(into, (shard) => shard.takeOver(underway, all));
    if ("refused" in taken) return taken;
    await this.#calls.free(all.freed);
    this.#over(underway);
    return { team: taken.team };
  }

  /** Keeps seats for all who are in the team now. A refusal: nobody knows whether they are kept. */
  async #seat(underway: Underway): Promise<Refusal | undefined> {
    const { from, into } = underway;
    const now = await this.#calls.ask<Merging>(from, (shard) => shard.mergingOf(from));
    if ("refused" in now) return now;
    if (now.into !== undefined) return NO_TEAM;
    this.#next(underway, { players: now.players });
    const kept = await this.#calls.ask<TeamChanged>(into, (shard) => shard.keepSeats(underway));
    if ("refused" in kept) return kept;
    this.#next(underway, { step: "hand-over" });
    return undefined;
  }

  /** Gives the seats up, whether they were kept or not. `why`: what the caller is told. */
  async #undo(underway: Underway, why: Refusal): Promise<Refusal> {
    this.#next(underway, { step: "unseat" });
    const { into } = underway;
    const given = await this.#calls.ask<TeamChanged>(into, (shard) => shard.giveUpSeats(underway));
    if ("refused" in given && isPassing(given)) return why;
    if (!("refused" in given)) await this.#calls.free(given.freed);
    this.#over(underway);
    this.#deps.audit.amend(underway.line, { refused: why.refused });
    return why;
  }

  #next(underway: Underway, change: Partial<Pick<Underway, "step" | "players">>): void {
    if (!this.#deps.state.current) return;
    Object.assign(underway, change);
    this.#store.put(underway);
  }

  #over({ merge }: Underway): void {
    if (this.#deps.state.current) this.#store.drop(merge);
  }
}

const NO_TEAM = refuse("not_found", "no such team");
const NO_HUNT = refuse("not_found", "no such hunt");
const MERGING_ALREADY = refuse("conflict", "one of the teams is being merged with another one");
const UNDONE = refuse("unavailable", "the merge was undone; send it again");
const OTHERS_COME = refuse("unavailable", "players come and go in this team; send it again in a while");
