/**
 * `OriginGate`: the home of the gate, one object for the origin. itty-durable
 * is made for few tiny calls with a small state: methods are called over its
 * proxy, with their arguments in a header. Everybody calls them through
 * `gateOf` (src/objects/gate.ts), because the library's types are `any` and its
 * errors arrive as bare statuses.
 *
 * Only openings and closings are written down. A restart forgets the window
 * and the leases of a half-open gate: the window fills again, and results of
 * unknown leases change nothing.
 */

import { createDurable } from "itty-durable";
import { configOf } from "../../config.ts";
import type { Env } from "../../objects/env.ts";
import type { GateStatus, GateView } from "../../objects/gate-report.ts";
import { Gate } from "./gate.ts";
import { readReport } from "./read-report.ts";
import { readStored, type StoredGate, toStored } from "./saved.ts";

/** The part of itty-durable in use. Public fields are its persistent state, all but `state`. */
interface Durable {
  readonly state: { readonly storage: DurableObjectStorage };
  /** Writes what `getPersistable` returns. The next start assigns it to the fields. */
  persist(): Promise<void>;
}

const Durable = createDurable({ autoReturn: false, autoPersist: false }) as unknown as new (
  state: DurableObjectState,
  env: Env,
) => Durable;

export class OriginGate extends Durable {
  /** As it was last written. */
  saved: StoredGate | null = null;
  readonly #env: Env;
  #gate: Gate | undefined;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#env = env;
  }

  async report(value: unknown): Promise<GateView> {
    const report = readReport(value);
    // itty-durable responds with this status; nothing was changed.
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

  /** itty-durable's: the content for `persist`. */
  getPersistable(): { saved: StoredGate | null } {
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
      const now = this.now();
      this.#gate = new Gate(parameters, now, this.saved ? readStored(this.saved, now) : undefined);
    }
    return this.#gate;
  }

  /** The platform's output gate holds the result back until this is written. */
  async #save(gate: Gate): Promise<void> {
    const { saved } = gate;
    if (saved.epoch === (this.saved?.epoch ?? 1)) return;
    this.saved = toStored(saved);
    await this.persist();
  }
}
