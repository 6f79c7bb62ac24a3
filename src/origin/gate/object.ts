/**
 * `OriginGate`: the home of the gate, one object for the origin. Few tiny calls
 * with a small state are what itty-durable is made for: methods are called over
 * its proxy, with their arguments in a header. It is used behind a typed face,
 * because its own types are `any` and errors arrive as bare statuses.
 *
 * Written down is only what must outlive the object, at each opening and
 * closing. The window and the leases of a half-open gate are forgotten by a
 * restart: the window fills again, and unknown leases are not answered for.
 */

import { createDurable } from "itty-durable";
import { configOf } from "../../config.ts";
import type { Env } from "../../objects/env.ts";
import type { GateStatus, GateView } from "../../objects/gate-report.ts";
import { Gate, readReport, type SavedGate } from "./gate.ts";

/** What of itty-durable is used. Public fields are its persistent state, all but `state`. */
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
  /** As it was last written. */
  saved: SavedGate | null = null;
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
  getPersistable(): { saved: SavedGate | null } {
    return { saved: this.saved };
  }

  /** Replaced in tests. */
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
      this.#gate = new Gate(parameters, this.now(), this.saved ?? undefined);
    }
    return this.#gate;
  }

  /** The answer waits for the write by the platform's output gate. */
  async #save(gate: Gate): Promise<void> {
    const { saved } = gate;
    if (saved.epoch === (this.saved?.epoch ?? 1)) return;
    this.saved = saved;
    await this.persist();
  }
}
