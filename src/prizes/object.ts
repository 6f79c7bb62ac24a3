/**
 * `PrizeVault`: hands out the limited prizes of a hunt, the one place that
 * knows how many are left. Shards ask it in batches about claims that their own
 * rules allow. Reserve → log → confirm: a win is a durable row here before it
 * is answered, then a fact in the team's shard, and then confirmed; whatever
 * dies in between, the alarm makes the shard record it. The same claim (team,
 * prize, event) gets the same unit however often it comes.
 */

import { DurableObject } from "cloudflare:workers";
import { isAhead } from "../ahead.ts";
import { Alarm } from "../alarm.ts";
import { aheadBy, type Clock, systemClock, watched } from "../clock.ts";
import { eraseObject } from "../erase.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { VaultDecision } from "../hunt/claim.ts";
import { LazySql } from "../lazy-sql.ts";
import { calling, controlStub, orRefusal, shardStub } from "../objects/call.ts";
import type { Env } from "../objects/env.ts";
import { ownName } from "../objects/own-name.ts";
import type { PrizeVaultObject } from "../objects/prizes.ts";
import {
  CLAIMS_MAX,
  type ClaimRequest,
  type ClaimResponse,
  type PrizeStock,
  type VaultConfig,
  WINS_MAX,
  type Win,
} from "../objects/prizes.ts";
import { aheadOf } from "../objects/rehearsal.ts";
import type { Claim } from "../protocol.ts";
import { assertKnownForm } from "../stored-form.ts";
import { StoredText } from "../stored-text.ts";
import { flushMeter } from "../telemetry/flush.ts";
import { meter } from "../telemetry/meter.ts";
import { Allocation } from "./allocate.ts";
import { Confirmations } from "./confirm.ts";
import { WinStore } from "./store.ts";

/** The form of the stored configuration. Form 2 is of a rehearsal: an engine that does not know that has another clock. */
const CONFIG_FORM = 2;
const USUAL_FORM = 1;

const NONE_CARRIED = { byTeam: 0, byPlayer: 0 };

export class PrizeVault extends DurableObject<Env> implements PrizeVaultObject {
  readonly #hunt: string;
  readonly #clock: Clock;
  readonly #alarm: Alarm<"confirm">;
  readonly #texts: StoredText;
  readonly #wins: WinStore;
  readonly #confirmations: Confirmations;
  #config: VaultConfig | undefined;
  #prizes = new Map<string, Allocation>();
  #asking: Promise<Refusal | undefined> | undefined;
  /** Draws go by a clock that does not go back, unless it was wrong. */
  #lastAt: number;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#hunt = ownName(ctx, env.PRIZES);
    const engineClock = watched(
      { now: () => this.now(), after: (ms, signal) => this.after(ms, signal) },
      (by) => this.#alarm.wentBack(by),
    );
    const ahead = (): number => aheadOf(this.#config);
    this.#clock = aheadBy(engineClock, ahead);
    this.#alarm = new Alarm({ clock: this.#clock, storage: ctx.storage, ahead });
    const sql = new LazySql(ctx.storage.sql);
    this.#texts = new StoredText(sql);
    this.#wins = new WinStore(sql);
    this.#confirmations = new Confirmations({
      clock: this.#clock,
      store: this.#wins,
      record: async (shard, wins) => shardStub(env, this.#hunt, shard).recordWins(wins),
      callAt: (time) => this.#alarm.set("confirm", time),
    });
    this.#lastAt = this.#wins.newest();
    const stored = this.#texts.readDerived("config");
    if (stored !== undefined) this.#install(configIn(stored));
    void ctx.blockConcurrencyWhile(async () => {
      await this.#alarm.resume();
      this.#confirmations.resume();
    });
  }

  /** Epoch ms; replaced by tests, as `after` is. */
  protected now(): number {
    return systemClock.now();
  }

  protected after(ms: number, signal?: AbortSignal): Promise<void> {
    return systemClock.after(ms, signal);
  }

  // ── Configuration ───────────────────────────────────────────────────────

  /** Takes a new configuration; an older one changes nothing. */
  configure(config: VaultConfig): void {
    if (this.#config && config.revision < this.#config.revision) return;
    const v = config.rehearsal === undefined ? USUAL_FORM : CONFIG_FORM;
    this.#texts.write("config", JSON.stringify({ v, ...config }));
    this.#install(config);
  }

  #install(config: VaultConfig): void {
    const taken = this.#wins.taken();
    this.#config = config;
    this.#prizes = new Map(
      config.prizes.map((rules) => [
        rules.id,
        new Allocation(rules, config.seed, taken.get(rules.id) ?? new Set()),
      ]),
    );
  }

  /** Makes sure that the configuration is at least as new as `revision`. */
  async #ready(revision: number): Promise<Refusal | undefined> {
    const { damage } = this.#wins;
    if (damage !== undefined) return refuse("unavailable", damage);
    if (this.#config && this.#config.revision >= revision) return undefined;
    this.#asking ??= this.#askControl().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #askControl(): Promise<Refusal | undefined> {
    const config = await orRefusal(calling(async () => controlStub(this.env, this.#hunt).vaultConfig()));
    if ("refused" in config) return config;
    this.configure(config);
    return undefined;
  }

  // ── Claims ──────────────────────────────────────────────────────────────

  /** Decides claims of one shard, in order. A win in the result is durable. */
  async claim({ shard, revision, claims }: ClaimRequest): Promise<ClaimResponse | Refusal> {
    if (claims.length > CLAIMS_MAX) return refuse("invalid", `${CLAIMS_MAX} claims in one call at most`);
    const refused = await this.#ready(revision);
    if (refused) return refused;
    if (!this.#config) throw new Error("the vault is used before it knows its hunt");
    const answers: VaultDecision[] = [];
    const inResult = new Set<Win>();
    const left: Record<string, number> = {};
    const now = this.#clock.now();
    this.#lastAt = isAhead(this.#lastAt, now) ? now : Math.max(this.#lastAt, now);
    for (const claim of claims) {
      const decided = this.#decide(claim, this.#lastAt, inResult);
      meter.add("hunt_vault_claims_total", 1, decided.outcome);
      answers.push(decided);
      left[claim.prize] = this.#prizes.get(claim.prize)?.left ?? 0;
    }
    meter.histogram("hunt_vault_batch_claims").observe(claims.length);
    flushMeter(this.env, () => this.ctx);
    const settled = this.#confirmations.noneBut(inResult, shard);
    return { answers, revision: this.#config.revision, left, settled };
  }

  /** Adds to `inResult` the win that the shard hears of by this, unless it is recorded already. */
  #decide(claim: Claim, now: number, inResult: Set<Win>): VaultDecision {
    const allocation = this.#prizes.get(claim.prize);
    if (!allocation) return { outcome: "not_eligible" };
    const won = this.#wins.ofTeam(claim.prize, claim.team);
    const same = won.find(({ event }) => event === claim.event);
    if (same) {
      const waiting = this.#confirmations.find(same);
      if (waiting) inResult.add(waiting);
      return { outcome: "won", unit: same.unit, at: same.at };
    }
    const { carried = NONE_CARRIED, ...own } = claim;
    const byPlayer = won.filter(({ player }) => player === claim.player).length + carried.byPlayer;
    const decided = allocation.decide(claim, won.length + carried.byTeam, byPlayer, now);
    if (decided.outcome !== "won") return decided;
    const win: Win = { ...own, n: won.length, unit: decided.unit, at: decided.at, revoked: false };
    this.#wins.add(win);
    this.#confirmations.add(win);
    inResult.add(win);
    return decided;
  }

  override alarm(): Promise<void> {
    meter.add("hunt_alarms_total", 1, "vault");
    return this.#alarm.run(async () => {
      await this.#confirmations.run();
      flushMeter(this.env, () => this.ctx);
    });
  }

  // ── Organisers ──────────────────────────────────────────────────────────

  /** Every prize's stock and what is won of it. */
  async stock(): Promise<PrizeStock[] | Refusal> {
    const refused = await this.#ready(0);
    if (refused) return refused;
    return [...this.#prizes].map(([prize, { stock, taken, left }]) => ({
      prize,
      stock,
      won: taken.size,
      left,
    }));
  }

  /** A page of the wins of a prize, in the order of teams. */
  async winners(prize: string, after: { team: string; n: number }, limit: number): Promise<Win[] | Refusal> {
    const refused = await this.#ready(0);
    if (refused) return refused;
    if (!this.#prizes.has(prize)) return refuse("not_found", "no such prize");
    return this.#wins.page(prize, after, Math.min(limit, WINS_MAX));
  }

  async allWins(after: Pick<Win, "prize" | "team" | "n">): Promise<Win[] | Refusal> {
    return (await this.#ready(0)) ?? this.#wins.behind(after, WINS_MAX);
  }

  /** Which units are taken is looked up when control tells of the hunt, which it does once all of it is there. */
  restore(wins: readonly (Win & { confirmed: boolean })[]): void {
    for (const { confirmed, ...win } of wins) {
      this.#wins.put(win, confirmed);
      if (!confirmed && !this.#confirmations.find(win)) this.#confirmations.add(win);
    }
  }

  async winsOf(player: string): Promise<Win[] | Refusal> {
    return (await this.#ready(0)) ?? this.#wins.ofPlayer(player);
  }

  async winner(prize: string, unit: number): Promise<Win | Refusal> {
    const refused = await this.#ready(0);
    if (refused) return refused;
    return this.#wins.ofUnit(prize, unit) ?? refuse("not_found", "nobody has this unit");
  }

  erase(): Promise<void> {
    return eraseObject(this.ctx);
  }

  /** The team's shard has the revocation in its log. */
  revoked(prize: string, unit: number): void {
    const win = this.#wins.ofUnit(prize, unit);
    if (win && !win.revoked) this.#wins.revoke(win);
  }
}

function configIn(text: string): VaultConfig {
  const { v, ...config } = JSON.parse(text) as VaultConfig & { v?: number };
  assertKnownForm("the vault's configuration", { v }, CONFIG_FORM);
  return config;
}
