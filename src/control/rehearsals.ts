/**
 * The hunt's rehearsal: a hunt of its own, under another id, which control makes of a copy and removes again. Its
 * deletion is the directory's, as of any hunt; here it is waited for, so that whoever removed it knows that nothing is left.
 */
import type { Clock } from "../clock.ts";
import { type Refusal, refuse } from "../errors.ts";
import { calling, controlStub, directoryStub, orRefusal } from "../objects/call.ts";
import type { Actor, PublicEntry, RehearsalWish, Rehearsed } from "../objects/control.ts";
import type { Env } from "../objects/env.ts";
import type { Assets } from "./assets.ts";
import type { AuditLog } from "./audit.ts";
import type { Published, Publisher } from "./publish.ts";
import type { StateStore } from "./state.ts";

/** How long a call waits until an earlier rehearsal is gone, ms; its deletion takes some seconds. */
const GONE_WITHIN = 20_000;

/** How often it looks, ms. */
const LOOK_EVERY = 200;

interface RehearsalsDeps {
  hunt: string;
  env: Pick<Env, "CONTROL" | "DIRECTORY">;
  state: StateStore;
  audit: AuditLog;
  /** The engine's. */
  clock: Clock;
  publisher: Pick<Publisher, "check" | "definition" | "broughtCodes">;
  assets: Pick<Assets, "all">;
  published(): Published | Refusal;
}

export class Rehearsals {
  readonly #deps: RehearsalsDeps;
  /** One is being made or removed: the hunt is not deleted meanwhile, which would leave it behind. */
  #isBusy = false;

  constructor(deps: RehearsalsDeps) {
    this.#deps = deps;
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** See `ControlObject.rehearse`. */
  make(wish: RehearsalWish, by: Actor): Promise<Rehearsed> {
    return this.#alone(() => this.#make(wish, by));
  }

  /** See `ControlObject.endRehearsal`. */
  end(by: Actor): Promise<{ was: string } | Refusal> {
    return this.#alone(async () => {
      const hunt = this.#own();
      if ("refused" in hunt) return hunt;
      const { audit, clock, state } = this.#deps;
      const { rehearsedAs } = hunt.state;
      if (rehearsedAs === undefined) return refuse("not_found", "the hunt has no rehearsal");
      audit.record({ ...by, at: clock.now(), action: "end-rehearsal", detail: { as: rehearsedAs } });
      const left = await this.#remove(rehearsedAs, by);
      if (left) return left;
      state.note({ rehearsedAs: undefined });
      return { was: rehearsedAs };
    });
  }

  async #alone<Value extends object>(work: () => Promise<Value | Refusal>): Promise<Value | Refusal> {
    if (this.#isBusy) return refuse("conflict", "the rehearsal of this hunt is being made or removed");
    this.#isBusy = true;
    try {
      return await work();
    } finally {
      this.#isBusy = false;
    }
  }

  #own(): Published | Refusal {
    const hunt = this.#deps.published();
    if ("refused" in hunt || !hunt.state.rehearsal) return hunt;
    return refuse("conflict", `this is the rehearsal of ${hunt.state.rehearsal.of}: it has none itself`);
  }

  async #make({ hunt: as, at, definition }: RehearsalWish, by: Actor): Promise<Rehearsed> {
    const { hunt, env, state, audit, clock, publisher, assets } = this.#deps;
    const own = this.#own();
    if ("refused" in own) return own;
    if (as === hunt) return refuse("conflict", "a rehearsal needs an id of its own");
    const copied = definition ?? publisher.definition();
    if ("refused" in copied) return copied;
    const { source, format } = copied;
    const isPublished = definition === undefined;
    const faulty = publisher.check(source, format, isPublished);
    if (faulty) return faulty;
    const taken = await this.#isTaken(as);
    if (taken) return taken;
    audit.record({ ...by, at: clock.now(), action: "rehearse", detail: { as } });
    // The earlier one may have another id.
    for (const earlier of new Set([own.state.rehearsedAs, as])) {
      const left = earlier === undefined ? undefined : await this.#remove(earlier, by);
      if (left) return left;
    }
    // First: whoever deletes the hunt finds the rehearsal by it.
    state.note({ rehearsedAs: as });
    const { codeKey, begun, incarnation } = own.state;
    const made = {
      of: hunt,
      ahead: at === undefined ? 0 : at - clock.now(),
      source,
      format,
      isPublished,
      files: assets.all().filter(({ name }) => source.includes(name)),
      codeKey,
      ...(begun === undefined ? {} : { begun }),
      ...(incarnation === undefined ? {} : { incarnation }),
      ...(own.state.restored ? { codes: publisher.broughtCodes } : {}),
    };
    return orRefusal(calling(async () => (await controlStub(env, as).beginRehearsal(made, by)) as Rehearsed));
  }

  /** Why the id cannot be the rehearsal's; undefined: nobody has it, or an earlier rehearsal. */
  async #isTaken(as: string): Promise<Refusal | undefined> {
    const { env, hunt } = this.#deps;
    const entry = await orRefusal(
      calling(async () => (await controlStub(env, as).publicEntry()) as PublicEntry | Refusal),
    );
    if ("refused" in entry) return entry.refused === "not_found" ? undefined : entry;
    return entry.rehearsal?.of === hunt ? undefined : refuse("conflict", `another hunt has the id ${as}`);
  }

  /** Removes the rehearsal and waits until nothing of it is left. Why it is not gone; undefined: it is. */
  async #remove(as: string, by: Actor): Promise<Refusal | undefined> {
    const { env, hunt, clock } = this.#deps;
    const until = clock.now() + GONE_WITHIN;
    const begun = await orRefusal(
      calling(
        async () =>
          (await directoryStub(env).deleteRehearsal(as, hunt, by, clock.now())) as { job: string } | Refusal,
      ),
    );
    if ("refused" in begun) return begun.refused === "not_found" ? undefined : begun;
    for (;;) {
      const { job } = begun;
      const told = await orRefusal(calling(async () => directoryStub(env).job(job)));
      // One that is not remembered any more was made anew meanwhile, which nobody else does.
      if ("refused" in told) return told;
      if (told.state === "done") return undefined;
      if (clock.now() > until || told.state === "failed") {
        return refuse(
          "unavailable",
          "the earlier rehearsal is still being removed; send it again in a moment",
        );
      }
      await clock.after(LOOK_EVERY);
    }
  }
}
