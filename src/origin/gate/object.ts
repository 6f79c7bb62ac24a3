/**
 * `OriginGate`: the home of the gate, one object for the origin. Few tiny calls
 * with a small state are what itty-durable is made for: methods are called over
 * its proxy, with their arguments in a header. It is used behind a typed face,
 * because its own types are `any` and errors arrive as bare statuses.
 *
 * The object stores its phase at each opening and closing, and nothing else. A
 * restart forgets the window and the leases of a half-open gate: the window
 * fills again, and results of unknown leases count for nothing.
 */

import { createDurable } from "itty-durable";
import { configOf } from "../../config.ts";
import type { Env } from "../../objects/env.ts";
import type { GateStatus, GateView } from "../../objects/gate-report.ts";
import { isKnownForm } from "../../stored-form.ts";
import { Gate, readReport, type SavedGate } from "./gate.ts";

/**
 * The form of the stored phase. One of a newer engine is left aside and the gate
 * begins closed: it finds out again within seconds how the origin is.
 */
const FORM = 1;

type Stored = SavedGate & { v?: number };

/** The part of itty-durable that is used. Public fields are its persistent state, all but `state`. */
interface Durable {
  readonly state: { readonly storage: DurableObjectStorage };
  /** Writes what `getPersistable` returns; what it wrote is assigned to the fields at the next start. */
  persist(): Promise<void>;
}

const Durable = createDurable({ autoReturn: false, autoPersist: false }) as unknown as new (
  state: DurableObjectState,
  env: Env,
) => Durable;

export class OriginGate extends Durable {
  /** As it was last stored, with its form. */
  saved: Stored | null = null;
  readonly #env: Env;
  #gate: Gate | undefined;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#env = env;
  }

  async report(value: unknown): Promise<GateView> {
    const report = readReport(value);
    // The status is what itty-durable answers with; nothing was changed.
    if (!report) throw Object.assign(new Error("not a report"), { status: 400 });
    const gate = this.#loaded();
    const view = gate.report(report, this.now(), Math.random());
    await this.#save(gate);
    return view;
  }

  async status(): Promise<GateStatus> {
    const gate = this.#loaded();
    const status = gate.status(this.now(), Math.random());
    await this.#save(gate);
    return status;
  }

  /** itty-durable's: what `persist` writes. */
  getPersistable(): { saved: Stored | null } {
    return { saved: this.saved };
  }

  /** Epoch ms; replaced by tests. */
  now(): number {
    return Date.now();
  }

  #loaded(): Gate {
    if (!this.#gate) {
      const config = configOf(this.#env);
      const parameters = {
        minCalls: config.GATE_MIN_CALLS,
        failedShare: config.GATE_FAILED_SHARE,
        slowShare: config.GATE_SLOW_SHARE,
        openMs: config.GATE_OPEN_MS,
        openMaxMs: config.GATE_OPEN_MAX_MS,
        probesPerSecond: config.GATE_PROBES_PER_SECOND,
      };
      this.#gate = new Gate(parameters, this.now(), this.#readable());
    }
    return this.#gate;
  }

  #readable(): SavedGate | undefined {
    const stored = this.saved;
    if (stored === null || isKnownForm(stored, FORM)) return stored ?? undefined;
    console.warn({ message: "the gate's phase was stored by a newer engine: it begins closed" });
    // Isolates ignore views of an earlier epoch than the one they know.
    return { state: "closed", epoch: (Number(stored.epoch) || 0) + 1, since: this.now() };
  }

  /** The platform's output gate holds the result back until the phase is stored. */
  async #save(gate: Gate): Promise<void> {
    const { saved } = gate;
    if (saved.epoch === (this.saved?.epoch ?? 1)) return;
    this.saved = { v: FORM, ...saved };
    await this.persist();
  }
}
