/**
 * Organisers' changes of a hunt: phase, prizes, shards. Each is
 * stored together with its line in the audit, then everyone is told.
 */
import { type Refusal, refuse } from "../errors.ts";
import type { CompiledPrize } from "../hunt/compiled.ts";
import { changePhase, isOver, mayImport, phaseAt, reopenPhase } from "../hunt/phase.ts";
import { changeOf, type PrizeChange, rulesOf, withStock, withWithdrawn } from "../hunt/prize-changes.ts";
import type { Actor, AuditEntry } from "../objects/control.ts";
import { crowdedRegion, type GrowthLimits, grownTo } from "../placement/growth.ts";
import type { LoadFigures } from "../placement/loads.ts";
import { stockOf } from "../prizes/allocate.ts";
import { meter } from "../telemetry/meter.ts";
import type { AuditLog } from "./audit.ts";
import type { Published } from "./publish.ts";
import type { PhaseByHand, StateStore } from "./state.ts";

interface ChangesDeps {
  state: StateStore;
  audit: AuditLog;
  /** The hunt in use. */
  hunt(): Published | Refusal;
  tellEveryone(): Promise<Refusal | undefined>;
  now(): number;
  growth: GrowthLimits;
}

/** Who grows a hunt by itself, for the audit. */
const ENGINE: Actor = { actor: "engine", request: "growth" };

export class Changes {
  readonly #deps: ChangesDeps;

  constructor(deps: ChangesDeps) {
    this.#deps = deps;
  }

  async setPhase(to: PhaseByHand, by: Actor): Promise<{ phase: PhaseByHand } | Refusal> {
    const hunt = this.#hunt();
    if ("refused" in hunt) return hunt;
    const { state, compiled } = hunt;
    const now = this.#deps.now();
    // A repeated call after an incomplete fan-out finishes the fan-out.
    const repeated = !state.told && phaseAt(state.phase, compiled.hunt, now) === to;
    if (!repeated) {
      const phase = changePhase(state.phase, compiled.hunt, to, now);
      if ("refused" in phase) return phase;
      this.#deps.state.change({ phase });
      this.#record("phase", { to }, by, now);
    }
    return (await this.#deps.tellEveryone()) ?? { phase: to };
  }

  /** A hunt that has ended goes on. */
  async reopen(reason: string, by: Actor): Promise<{ phase: "live" } | Refusal> {
    const hunt = this.#hunt();
    if ("refused" in hunt) return hunt;
    const { state, compiled } = hunt;
    const now = this.#deps.now();
    // A repeated call after an incomplete fan-out finishes the fan-out.
    const repeated = !state.told && phaseAt(state.phase, compiled.hunt, now) === "live";
    if (!repeated) {
      if (state.seedTold) {
        return refuse("conflict", "the seed of the draws was told: everybody can know what is won");
      }
      const phase = reopenPhase(state.phase, compiled.hunt, now);
      if ("refused" in phase) return phase;
      this.#deps.state.change({ phase, released: undefined });
      this.#record("reopen", { reason }, by, now);
    }
    return (await this.#deps.tellEveryone()) ?? { phase: "live" };
  }

  /** Shows everybody the standings that were held back since the end. Safe to repeat. */
  async release(by: Actor): Promise<{ released: true } | Refusal> {
    const hunt = this.#hunt();
    if ("refused" in hunt) return hunt;
    const { state, compiled } = hunt;
    const now = this.#deps.now();
    if (compiled.hunt.results !== "manual") {
      return refuse(
        "conflict",
        "the results are public by themselves: the definition does not hold them back",
      );
    }
    const phase = phaseAt(state.phase, compiled.hunt, now);
    if (!isOver(phase)) return refuse("conflict", `the hunt is ${phase}: results are released after its end`);
    if (!state.released) {
      this.#deps.state.change({ released: true });
      this.#record("release", {}, by, now);
    }
    // Also when an earlier call could not tell everyone.
    const unreached = this.#deps.state.current?.told ? undefined : await this.#deps.tellEveryone();
    return unreached ?? { released: true };
  }

  addStock(
    prize: string,
    units: number,
    codes: string[] | undefined,
    reason: string,
    by: Actor,
  ): Promise<{ stock: number } | Refusal> {
    return this.#changePrize(prize, "stock", { units, reason }, by, (compiled, change) =>
      withStock(compiled, change, units, codes, this.#deps.now()),
    );
  }

  withdraw(
    prize: string,
    withdrawn: boolean,
    reason: string,
    by: Actor,
  ): Promise<{ stock: number } | Refusal> {
    return this.#changePrize(prize, withdrawn ? "withdraw" : "restore", { reason }, by, (_, change) =>
      withWithdrawn(change, withdrawn),
    );
  }

  async #changePrize(
    prize: string,
    action: AuditEntry["action"],
    detail: AuditEntry["detail"],
    by: Actor,
    change: (compiled: CompiledPrize, change: PrizeChange) => PrizeChange | Refusal,
  ): Promise<{ stock: number } | Refusal> {
    const hunt = this.#hunt();
    if ("refused" in hunt) return hunt.refused === "not_found" ? refuse("not_found", "no such prize") : hunt;
    const compiled = hunt.compiled.hunt.prizes.find(({ id }) => id === prize);
    if (!compiled) return refuse("not_found", "no such prize");
    const changed = change(compiled, changeOf(hunt.state.prizes, prize));
    if ("refused" in changed) return changed;
    const prizes = { ...hunt.state.prizes, [prize]: changed };
    this.#deps.state.change({ prizes });
    this.#record(action, { prize, ...detail }, by, this.#deps.now());
    return (await this.#deps.tellEveryone()) ?? { stock: stockOf(rulesOf(compiled, prizes)) };
  }

  async grow(shardsPerRegion: number, by: Actor): Promise<{ shardsPerRegion: number } | Refusal> {
    const hunt = this.#hunt();
    if ("refused" in hunt) return hunt;
    const present = hunt.state.shardsPerRegion;
    if (shardsPerRegion < present) {
      return refuse("conflict", `the hunt has ${present} shards a region: teams do not move back`);
    }
    return this.#growTo(shardsPerRegion, {}, by);
  }

  /** Adds shards where a region is crowded (growth.ts), unless the hunt has as many as it may make by itself. */
  async growBySelf(figures: LoadFigures): Promise<{ shardsPerRegion: number } | Refusal> {
    const hunt = this.#hunt();
    if ("refused" in hunt) return hunt;
    const { state, compiled } = hunt;
    const { growth, now } = this.#deps;
    const present = state.shardsPerRegion;
    const to = grownTo(present, growth);
    // Nobody joins a hunt that has ended.
    if (to === present || isOver(phaseAt(state.phase, compiled.hunt, now()))) {
      return { shardsPerRegion: present };
    }
    const crowded = crowdedRegion(figures, present, growth);
    if (!crowded) return { shardsPerRegion: present };
    const { shard, use } = crowded;
    return this.#growTo(to, { shard, percent: Math.round(use * 100) }, ENGINE);
  }

  /** `why`: for the audit. */
  async #growTo(
    shardsPerRegion: number,
    why: AuditEntry["detail"],
    by: Actor,
  ): Promise<{ shardsPerRegion: number } | Refusal> {
    const before = this.#deps.state.current?.shardsPerRegion ?? 0;
    this.#deps.state.change({ shardsPerRegion });
    this.#record("shards", { shardsPerRegion, ...why }, by, this.#deps.now());
    const added = shardsPerRegion - before;
    if (added > 0) meter.add("hunt_shards_added_total", added, by === ENGINE ? "engine" : "organiser");
    return (await this.#deps.tellEveryone()) ?? { shardsPerRegion };
  }

  /** See `mayImport`; each shard asks it again of every part. */
  async beginImport(firstAt: number, by: Actor): Promise<{ shardsPerRegion: number } | Refusal> {
    const hunt = this.#hunt();
    if ("refused" in hunt) return hunt;
    const { state, compiled } = hunt;
    const now = this.#deps.now();
    const { opens } = compiled.hunt;
    if (!mayImport(state.phase, compiled.hunt, now)) {
      const phase = phaseAt(state.phase, compiled.hunt, now);
      return refuse("conflict", `the hunt is ${phase}: import before it is live`);
    }
    this.#record("import", {}, by, now);
    // From now on somebody has played it.
    const { missed, ...begun } = state.phase;
    if (opens === undefined && begun.openedAt === undefined) {
      this.#deps.state.change({ phase: { ...begun, openedAt: firstAt } });
    } else if (missed) this.#deps.state.change({ phase: begun });
    // Also when an earlier call could not tell everyone.
    if (!this.#deps.state.current?.told) {
      const refused = await this.#deps.tellEveryone();
      if (refused) return refused;
    }
    return { shardsPerRegion: state.shardsPerRegion };
  }

  #hunt(): Published | Refusal {
    return this.#deps.hunt();
  }

  #record(action: AuditEntry["action"], detail: AuditEntry["detail"], by: Actor, at: number): void {
    this.#deps.audit.record({ ...by, at, action, detail });
  }
}
