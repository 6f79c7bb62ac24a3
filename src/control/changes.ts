/**
 * Organisers' changes of a hunt: phase, announcements, prizes, shards. Each is
 * stored together with its line in the audit, then everyone is told.
 */
import { type Refusal, refuse } from "../errors.ts";
import type { CompiledPrize } from "../hunt/compiled.ts";
import { changePhase, phaseAt } from "../hunt/phase.ts";
import { changeOf, type PrizeChange, rulesOf, withStock, withWithdrawn } from "../hunt/prize-changes.ts";
import type { Actor, AuditEntry } from "../objects/control.ts";
import { randomText } from "../objects/ids.ts";
import { stockOf } from "../prizes/allocate.ts";
import type { Announcement } from "../protocol.ts";
import { type AnnouncementStore, toldToShards } from "./announcements.ts";
import type { AuditLog } from "./audit.ts";
import type { Published } from "./publish.ts";
import type { PhaseByHand, StateStore } from "./state.ts";

interface ChangesDeps {
  state: StateStore;
  audit: AuditLog;
  announcements: AnnouncementStore;
  /** The hunt in use. */
  hunt(): Published | Refusal;
  tellEveryone(): Promise<Refusal | undefined>;
  now(): number;
}

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

  async announce(
    text: string,
    clue: string | undefined,
    by: Actor,
  ): Promise<{ id: string; at: number } | Refusal> {
    const hunt = this.#hunt();
    if ("refused" in hunt) return hunt;
    if (clue !== undefined && !hunt.compiled.hunt.clues.some((known) => known.id === clue)) {
      return refuse("invalid", `there is no clue ${clue}`);
    }
    const at = this.#deps.now();
    const about = clue === undefined ? {} : { clue };
    const announcement: Announcement = { id: `a-${randomText(10).toLowerCase()}`, at, text, ...about };
    this.#deps.announcements.add(announcement);
    this.#deps.state.change({ announcements: toldToShards([...hunt.state.announcements, announcement]) });
    this.#record("announce", { id: announcement.id, ...about }, by, at);
    return (await this.#deps.tellEveryone()) ?? { id: announcement.id, at };
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
    action: string,
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
    this.#deps.state.change({ shardsPerRegion });
    this.#record("shards", { shardsPerRegion }, by, this.#deps.now());
    return (await this.#deps.tellEveryone()) ?? { shardsPerRegion };
  }

  /** Only before the hunt is live, or when its whole time is past and nobody played. */
  async beginImport(firstAt: number, by: Actor): Promise<{ shardsPerRegion: number } | Refusal> {
    const hunt = this.#hunt();
    if ("refused" in hunt) return hunt;
    const { state, compiled } = hunt;
    const now = this.#deps.now();
    const { opens } = compiled.hunt;
    const phase = phaseAt(state.phase, compiled.hunt, now);
    const wasLive = state.phase.live || state.phase.endedAt !== undefined;
    const past = phase === "ended" && !wasLive && opens !== undefined;
    if (phase !== "draft" && !past) {
      return refuse("conflict", `the hunt is ${phase}: import before it is live`);
    }
    this.#record("import", {}, by, now);
    if (opens === undefined && state.phase.openedAt === undefined) {
      this.#deps.state.change({ phase: { ...state.phase, openedAt: firstAt } });
    }
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

  #record(action: string, detail: AuditEntry["detail"], by: Actor, at: number): void {
    this.#deps.audit.record({ ...by, at, action, detail });
  }
}
