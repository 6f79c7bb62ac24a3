/**
 * Forgets all players of a hunt so long after its end as its definition, or the
 * setting RETENTION, says: by the alarm, in steps of a bounded number of players,
 * so that a hunt of a million is forgotten without anybody waiting.
 */
import type { Alarm } from "../alarm.ts";
import type { Refusal } from "../errors.ts";
import { isOver, phaseAt } from "../hunt/phase.ts";
import { forgetsAt } from "../hunt/retention.ts";
import { calling, orRefusal, registryNamed, shardStub } from "../objects/call.ts";
import type { Actor } from "../objects/control.ts";
import type { Env } from "../objects/env.ts";
import { registriesOf } from "../objects/names.ts";
import type { StoredText } from "../stored-text.ts";
import type { ControlReason } from "./alarm-reasons.ts";
import type { AuditLog } from "./audit.ts";
import type { Published } from "./publish.ts";

/** Calls on shards in one run of the alarm, each of a bounded number of players. */
const CALLS_PER_RUN = 20;

/** When to go on after a shard could not be asked, ms; and for teams that could not be written to. */
const RETRY_DELAY = 30_000;
const LEFT_DELAY = 3_600_000;

const KEY = "retention";
const FORM = 1;

const ENGINE: Actor = { actor: "engine", request: "retention" };

/** How far it is. `at`: the moment that it was due for; another one begins anew. */
interface Progress {
  v: typeof FORM;
  at: number;
  /** Shards that are done. */
  done: string[];
  /** Where to go on in the shard that is not. */
  after: number;
  forgotten: number;
  left: number;
  /** Of the audit. */
  line: number;
  isDone?: true;
}

interface RetentionDeps {
  hunt: string;
  env: Env;
  texts: Pick<StoredText, "readDerived" | "write">;
  audit: AuditLog;
  /** RETENTION. */
  setting: string;
  published(): Published | Refusal;
  alarm: Pick<Alarm<ControlReason>, "set">;
  now(): number;
}

export class Retention {
  readonly #deps: RetentionDeps;

  constructor(deps: RetentionDeps) {
    this.#deps = deps;
  }

  /** Sets the alarm for the moment that is known now. */
  arm(): void {
    const due = this.#due();
    if (due === undefined || this.#progress(due)?.isDone) return;
    this.#deps.alarm.set("retention", due);
  }

  #due(): number | undefined {
    const hunt = this.#deps.published();
    if ("refused" in hunt) return undefined;
    return forgetsAt(hunt.state.phase, hunt.compiled.hunt, this.#deps.setting);
  }

  #progress(due: number): Progress | undefined {
    const text = this.#deps.texts.readDerived(KEY);
    const progress = text === undefined ? undefined : (JSON.parse(text) as Progress);
    return progress?.v === FORM && progress.at === due ? progress : undefined;
  }

  #save(progress: Progress): void {
    this.#deps.texts.write(KEY, JSON.stringify(progress));
  }

  /** The alarm: one step, if it is time. */
  async turn(): Promise<void> {
    const { alarm, now, audit } = this.#deps;
    const hunt = this.#deps.published();
    const due = this.#due();
    if ("refused" in hunt || due === undefined) return;
    const known = this.#progress(due);
    if (known?.isDone) return;
    const isDue = now() >= due && isOver(phaseAt(hunt.state.phase, hunt.compiled.hunt, now()));
    if (!isDue) {
      // The first alarm of an instance is for all reasons, and may come before this one is due.
      alarm.set("retention", now() < due ? due : now() + RETRY_DELAY);
      return;
    }
    const progress: Progress = known ?? {
      v: FORM,
      at: due,
      done: [],
      after: 0,
      forgotten: 0,
      left: 0,
      line: audit.record({ ...ENGINE, at: now(), action: "retention", detail: { players: 0 } }),
    };
    if (!known) this.#save(progress);
    try {
      await this.#step(progress, hunt.state.shards);
    } catch (error) {
      console.warn({ message: "players could not be forgotten yet", error: String(error) });
      alarm.set("retention", now() + RETRY_DELAY);
      return;
    }
    if (progress.isDone) return;
    // What the logs could not take is tried again from the beginning: who is forgotten stays so.
    const isRound = progress.done.length === 0 && progress.after === 0;
    alarm.set("retention", now() + (isRound ? LEFT_DELAY : 0));
  }

  async #step(progress: Progress, shards: readonly string[]): Promise<void> {
    const { env, hunt, audit } = this.#deps;
    for (let calls = 0; calls < CALLS_PER_RUN; calls += 1) {
      const shard = shards.find((each) => !progress.done.includes(each));
      if (shard === undefined) break;
      const { after } = progress;
      const page = await orRefusal(calling(async () => shardStub(env, hunt, shard).forgetAll(after)));
      if ("refused" in page) throw new Error(page.detail);
      progress.forgotten += page.forgotten;
      progress.left += page.left;
      progress.after = page.next ?? 0;
      if (page.next === undefined) progress.done.push(shard);
      audit.amend(progress.line, { players: progress.forgotten });
      this.#save(progress);
    }
    if (shards.some((each) => !progress.done.includes(each))) return;
    // What players had once in the hunt: nobody joins it any more.
    for (const registry of registriesOf(hunt)) {
      await calling(async () => registryNamed(env, registry).releasePersons());
    }
    if (progress.left === 0) progress.isDone = true;
    else {
      audit.amend(progress.line, { left: progress.left });
      Object.assign(progress, { done: [], after: 0, left: 0 });
    }
    this.#save(progress);
  }
}
