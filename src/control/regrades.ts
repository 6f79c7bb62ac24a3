/**
 * Regrades of a hunt: its log judged again by a definition, shard by shard, in slices that let play go on. First
 * every shard judges its log and weighs its teams; what that comes to is told (effects.ts), or made so. A regrade that
 * is under way is noted before its first fact, so that whatever is killed, the alarm goes on with it: shards change
 * nothing a second time.
 */
import type { Alarm } from "../alarm.ts";
import type { Clock } from "../clock.ts";
import type { Effects } from "../contract/regrade.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { ClueChanges } from "../hunt/clue-changes.ts";
import type { CompiledHunt } from "../hunt/compiled.ts";
import type { Regrade } from "../hunt/regrade.ts";
import { calling, orRefusal, shardStub } from "../objects/call.ts";
import type { Actor, Regraded } from "../objects/control.ts";
import type { Env } from "../objects/env.ts";
import { randomText } from "../objects/ids.ts";
import type { JudgedPart, RegradeRun, Undone, Weighed } from "../objects/shard.ts";
import { assertKnownForm } from "../stored-form.ts";
import type { StoredText } from "../stored-text.ts";
import type { ControlReason } from "./alarm-reasons.ts";
import type { AuditLog } from "./audit.ts";
import { standingsRulesOf } from "./configs.ts";
import { EffectsSum, NO_EFFECTS } from "./effects.ts";
import type { Published } from "./publish.ts";

/** Random characters of a regrade's id. */
const ID_LENGTH = 16;

/** Regrades remembered: older ones cannot be undone. */
const REMEMBERED_MAX = 100;

/** How often a shard begins anew, because it was restarted, before it is left to the next try. */
const BEGINNINGS_MAX = 5;

/** Requests that wait for the one that is worked on. */
const WAITING_MAX = 8;

/**
 * After a slice its shard is left alone for as long as the slice took, so that play has half of its time at least; no
 * longer than this, ms.
 */
const PAUSE_MAX = 200;

/** When a regrade that did not come to its end is gone on with, ms. */
const AGAIN = 5_000;

const KEY = "regrades";
const FORM = 1;

const UNTOLD_REASON = "the log was judged again";

/** A regrade that was begun. */
interface Made extends Regrade {
  /** It was made for this one clue, which was declared void or is no more: it is not undone by itself. */
  only?: string;
  /** The withdrawn clues of before. */
  before?: ClueChanges;
  state: "making" | "stands" | "undoing" | "undone";
}

interface Stored {
  v: number;
  /** The newest last. */
  made: Made[];
}

/** A hunt as it would be. `clues`: those withdrawn then; absent: those that are. `only`: the one clue to look at. */
export interface Candidate {
  hunt: CompiledHunt;
  clues?: ClueChanges | undefined;
  only?: string;
}

export interface RegradesDeps {
  hunt: string;
  env: Pick<Env, "SHARD">;
  clock: Pick<Clock, "now" | "after">;
  texts: Pick<StoredText, "read" | "write">;
  audit: AuditLog;
  alarm: Pick<Alarm<ControlReason>, "set">;
  /** Shards that work at the same time (JUDGED_AT_ONCE). */
  atOnce: number;
  published(): Published | Refusal;
}

export class Regrades {
  readonly #deps: RegradesDeps;
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #isMaking = false;

  constructor(deps: RegradesDeps) {
    this.#deps = deps;
  }

  /** A regrade changes teams now: no other version may come between. */
  get isMaking(): boolean {
    return this.#isMaking;
  }

  /** What `candidate` would change, if it were published and the log judged by it; absent: by the present definition. */
  effects(candidate?: Candidate): Promise<Effects | Refusal> {
    return this.#inTurn(async () => {
      const told = await this.#effects(candidate, undefined, candidate?.only);
      if ("refused" in told) return told;
      const { changed: _, ...effects } = told;
      return effects;
    });
  }

  /** Notes that the solves of this clue are to be counted anew; `recount` does it, or the alarm. */
  toRecount(clue: string, reason: string, before: ClueChanges): Made {
    const made: Made = { regrade: randomText(ID_LENGTH), reason, state: "making", only: clue, before };
    this.#note(made);
    return made;
  }

  async recount(made: Made): Promise<Refusal | undefined> {
    const told = await this.#inTurn(() => this.#make(made));
    return "refused" in told ? told : undefined;
  }

  /** Makes the solves of all teams those that count by the present definition. */
  regrade(reason: string | undefined, by: Actor): Promise<Regraded | Refusal> {
    const { audit, clock } = this.#deps;
    return this.#inTurn(async () => {
      const hunt = this.#deps.published();
      if ("refused" in hunt) return hunt;
      const made: Made = {
        regrade: randomText(ID_LENGTH),
        reason: reason ?? UNTOLD_REASON,
        state: "making",
      };
      const { version } = hunt.state;
      const line = audit.record({
        ...by,
        at: clock.now(),
        action: "regrade",
        detail: { regrade: made.regrade, version, ...(reason === undefined ? {} : { reason }) },
      });
      const told = await this.#make(made);
      if ("refused" in told) audit.amend(line, { refused: told.refused });
      else audit.amend(line, { teams: told.changed, moved: told.teamsMoved });
      if ("refused" in told) return told;
      const { changed, ...effects } = told;
      // One that changed nothing is none.
      return changed === 0 ? effects : { ...effects, id: made.regrade };
    });
  }

  /** Takes back what the regrade changed. */
  undo(id: string, reason: string, by: Actor): Promise<{ teams: number } | Refusal> {
    const { audit, clock } = this.#deps;
    return this.#inTurn(async () => {
      const all = this.#made();
      const place = all.findIndex(({ regrade }) => regrade === id);
      const made = all[place];
      if (!made || made.state === "undone" || made.only !== undefined) return NO_REGRADE;
      if (all.slice(place + 1).some(({ state, only }) => state !== "undone" && only === undefined)) {
        return refuse("conflict", "a later regrade stands: undo that one first");
      }
      const line = audit.record({
        ...by,
        at: clock.now(),
        action: "regrade-undo",
        detail: { regrade: id, reason },
      });
      const undone = await this.#undo({ ...made, reason });
      audit.amend(line, "refused" in undone ? { refused: undone.refused } : { teams: undone.teams });
      return undone;
    });
  }

  /** Goes on with what did not come to its end. Never throws: an alarm that keeps failing is dropped. */
  async resume(): Promise<void> {
    if (this.#waiting > 0) return;
    try {
      if (!this.#isOpen()) return;
      await this.#inTurn(async () => {
        for (const made of this.#made()) {
          if (made.state === "making") await this.#make(made, true);
          if (made.state === "undoing") await this.#undo(made);
        }
        return {};
      });
    } catch (error) {
      console.error({ message: "a regrade cannot be gone on with", error: String(error) });
    }
    if (this.#isOpen()) this.#deps.alarm.set("regrades", this.#deps.clock.now() + AGAIN);
  }

  /** At the start: what was under way is gone on with. */
  begin(): void {
    if (this.#isOpen()) this.#deps.alarm.set("regrades", this.#deps.clock.now());
  }

  /** A list that is not as it was written must not keep the hunt from starting: whoever asks for it is told. */
  #isOpen(): boolean {
    try {
      const isOpen = this.#made().some(({ state }) => state === "making" || state === "undoing");
      return isOpen && !("refused" in this.#deps.published());
    } catch (error) {
      console.error({ message: "the regrades cannot be read", error: String(error) });
      return false;
    }
  }

  /** One after the other: a shard works for one at a time. */
  async #inTurn<Done>(work: () => Promise<Done | Refusal>): Promise<Done | Refusal> {
    if (this.#waiting >= WAITING_MAX) return refuse("overloaded", "others wait for a regrade already");
    this.#waiting += 1;
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => {});
    try {
      return await mine;
    } finally {
      this.#waiting -= 1;
    }
  }

  /** `isResumed`: facts of it may be in the logs already. */
  async #make(made: Made, isResumed = false): Promise<(Effects & { changed: number }) | Refusal> {
    this.#note(made);
    this.#deps.alarm.set("regrades", this.#deps.clock.now() + AGAIN);
    this.#isMaking = true;
    try {
      const effects = await this.#effects(undefined, made, made.only, made.before);
      if ("refused" in effects) return effects;
      const isNone = effects.changed === 0 && !isResumed;
      this.#note({ ...made, state: isNone ? "undone" : "stands" });
      return effects;
    } finally {
      this.#isMaking = false;
    }
  }

  async #undo(made: Made): Promise<{ teams: number } | Refusal> {
    const hunt = this.#deps.published();
    if ("refused" in hunt) return hunt;
    this.#note({ ...made, state: "undoing" });
    this.#deps.alarm.set("regrades", this.#deps.clock.now() + AGAIN);
    const { regrade, reason } = made;
    let teams = 0;
    this.#isMaking = true;
    try {
      const refused = await this.#overShards(hunt.state.shards, async (shard) => {
        for (let after = 0; ; ) {
          const from = after;
          const undone = await this.#ask<Undone>(shard, (stub) =>
            stub.undoRegrade({ regrade, reason }, from),
          );
          if ("refused" in undone) return undone;
          teams += undone.teams;
          if (undone.done) return undefined;
          after = undone.after;
        }
      });
      if (refused) return refused;
      this.#note({ ...made, state: "undone" });
      return { teams };
    } finally {
      this.#isMaking = false;
    }
  }

  async #effects(
    candidate: Candidate | undefined,
    regrade: Regrade | undefined,
    only?: string,
    before?: ClueChanges,
  ): Promise<(Effects & { changed: number }) | Refusal> {
    const hunt = this.#deps.published();
    if ("refused" in hunt) {
      // On the first publication there is nothing that could change.
      return candidate && hunt.refused === "not_found" ? { ...NO_EFFECTS, changed: 0 } : hunt;
    }
    const { state, compiled } = hunt;
    const present: Candidate = { hunt: compiled.hunt, clues: state.clues };
    const rules = ({ hunt: of, clues = state.clues }: Candidate) => standingsRulesOf(of, clues);
    const sum = new EffectsSum(rules(present), rules(candidate ?? present));
    const clues = candidate?.clues ?? state.clues;
    const run: RegradeRun = {
      run: randomText(ID_LENGTH),
      version: state.version,
      ...(candidate ? { compiled: candidate.hunt } : {}),
      ...(clues === undefined ? {} : { clues }),
      ...(only === undefined ? {} : { only }),
      ...(before === undefined ? {} : { before }),
    };
    let events = 0;
    const refused = await this.#overShards(state.shards, async (shard) => {
      const read = await this.#weighShard(shard, run, regrade, sum);
      if (typeof read !== "number") return read;
      events += read;
      return undefined;
    });
    if (refused) return refused;
    const effects = await sum.effects(events, () => new Promise((done) => setTimeout(done)));
    return { ...effects, changed: sum.changed };
  }

  /** Judges the shard's log and weighs its teams. Gives how many events were judged. */
  async #weighShard(
    shard: string,
    run: RegradeRun,
    regrade: Regrade | undefined,
    sum: EffectsSum,
  ): Promise<number | Refusal> {
    let refusal: Refusal = refuse("unavailable", "a shard is restarted again and again");
    for (let beginning = 0; beginning < BEGINNINGS_MAX; beginning += 1) {
      const read = await this.#judge(shard, run, 0);
      if ("refused" in read) {
        refusal = read;
        if (read.refused === "precondition_failed") continue;
        return read;
      }
      const weighed = await this.#weigh(shard, run, read.after, regrade, sum);
      if (typeof weighed === "number") return weighed;
      refusal = weighed;
      if (weighed.refused !== "precondition_failed") return weighed;
    }
    return refusal.refused === "precondition_failed"
      ? refuse("unavailable", "a shard is restarted again and again, or another version was published")
      : refusal;
  }

  /** The shard judges its log from there on. */
  async #judge(shard: string, run: RegradeRun, after: number): Promise<JudgedPart | Refusal> {
    for (let from = after; ; ) {
      const at = from;
      // What is judged by goes with the first call alone.
      const { compiled: _, ...known } = run;
      const part = await this.#ask<JudgedPart>(shard, (stub) => stub.judgeAgain(at === 0 ? run : known, at));
      if ("refused" in part || part.done) return part;
      from = part.after;
    }
  }

  async #weigh(
    shard: string,
    run: RegradeRun,
    judged: number,
    regrade: Regrade | undefined,
    sum: EffectsSum,
  ): Promise<number | Refusal> {
    let after = judged;
    for (let from = 0; ; ) {
      const at = from;
      const page = await this.#ask<Weighed>(shard, (stub) => stub.weigh(run.run, at, regrade));
      if ("refused" in page) {
        if (page.refused !== "conflict") return page;
        const more = await this.#judge(shard, run, after);
        if ("refused" in more) return more;
        after = more.after;
        continue;
      }
      sum.add(shard, page.teams);
      if (page.next === undefined) return page.events;
      from = page.next;
    }
  }

  /** All shards, some at a time; the first refusal, if any, when those that work have ended. */
  async #overShards(
    shards: readonly string[],
    work: (shard: string) => Promise<Refusal | undefined>,
  ): Promise<Refusal | undefined> {
    const left = [...shards];
    let refused: Refusal | undefined;
    const worker = async (): Promise<void> => {
      for (let shard = left.shift(); shard !== undefined && !refused; shard = left.shift()) {
        refused = (await work(shard)) ?? refused;
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.#deps.atOnce, shards.length) }, worker));
    return refused;
  }

  /** One slice of a shard's work, and the pause after it. */
  async #ask<Told extends object>(
    shard: string,
    call: (stub: ReturnType<typeof shardStub>) => Promise<unknown>,
  ): Promise<Told | Refusal> {
    const { env, hunt, clock } = this.#deps;
    const begun = clock.now();
    const told = await orRefusal(
      calling(async () => (await call(shardStub(env, hunt, shard))) as Told | Refusal),
    );
    await clock.after(Math.min(Math.max(clock.now() - begun, 1), PAUSE_MAX));
    return told;
  }

  /** The newest last. */
  #made(): Made[] {
    const text = this.#deps.texts.read(KEY);
    if (text === undefined) return [];
    const { v, made } = JSON.parse(text) as Stored;
    assertKnownForm("the regrades", { v }, FORM);
    return made;
  }

  #note({ regrade, reason, state, only, before }: Made): void {
    const all = this.#made();
    const place = all.findIndex((each) => each.regrade === regrade);
    const about = { ...(only === undefined ? {} : { only }), ...(before === undefined ? {} : { before }) };
    const noted: Made = { regrade, reason, state, ...about };
    const made = place < 0 ? [...all, noted] : all.with(place, noted);
    const stored: Stored = { v: FORM, made: made.slice(-REMEMBERED_MAX) };
    this.#deps.texts.write(KEY, JSON.stringify(stored));
  }
}

const NO_REGRADE = refuse("not_found", "there is no such regrade, or it is undone");
