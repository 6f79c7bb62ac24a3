/**
 * `PrizeVault`: hands out the limited prizes of a hunt, the one place that
 * knows how many are left. Shards ask it in batches about claims that their own
 * rules allow. Reserve → log → confirm: a win is a durable row here before it
 * is answered, then a fact in the team's shard, and then confirmed; whatever
 * dies in between, the alarm makes the shard record it. The same claim (team,
 * prize, event) gets the same unit however often it comes.
 */

import { DurableObject } from "cloudflare:workers";
import { type Refusal, refuse } from "../errors.ts";
import type { VaultWord } from "../hunt/claim.ts";
import { calling, controlStub, orRefusal, shardStub } from "../objects/call.ts";
import type { Env } from "../objects/env.ts";
import { parseTeamId } from "../objects/ids.ts";
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
import type { Claim } from "../protocol.ts";
import { StoredText } from "../stored-text.ts";
import { flushMeter } from "../telemetry/flush.ts";
import { meter } from "../telemetry/meter.ts";
import { Allocation } from "./allocate.ts";
import { WinStore } from "./store.ts";
import { within } from "./within.ts";

/** How long after a win its shard is asked for the record, ms; the delay doubles while shards fail. */
const CONFIRM_DELAY = { first: 1_000, most: 60_000 };

/** How long a shard may take to record its wins, ms. */
const CONFIRM_DEADLINE = 10_000;

export class PrizeVault extends DurableObject<Env> implements PrizeVaultObject {
  readonly #hunt: string;
  readonly #texts: StoredText;
  readonly #wins: WinStore;
  #config: VaultConfig | undefined;
  #prizes = new Map<string, Allocation>();
  #asking: Promise<Refusal | undefined> | undefined;
  /** Wins whose shard has not been heard to have recorded them, by shard. */
  readonly #unconfirmed = new Map<string, Set<Win>>();
  #delay = CONFIRM_DELAY.first;
  #armed = false;
  /** Draws go by a clock that does not go back. */
  #lastAt: number;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#hunt = ctx.id.name ?? "";
    this.#texts = new StoredText(ctx.storage.sql);
    this.#wins = new WinStore(ctx.storage.sql);
    this.#lastAt = this.#wins.newest();
    const stored = this.#texts.read("config");
    if (stored !== undefined) this.#install(JSON.parse(stored));
    for (const win of this.#wins.unconfirmed()) this.#wait(win);
    if (this.#unconfirmed.size > 0) this.#arm();
  }

  /** Epoch ms; replaced by tests. */
  protected now(): number {
    return Date.now();
  }

  /** Takes a new configuration; an older one changes nothing. */
  configure(config: VaultConfig): void {
    if (this.#config && config.revision < this.#config.revision) return;
    this.#texts.write("config", JSON.stringify(config));
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
    if (this.#config && this.#config.revision >= revision) return undefined;
    this.#asking ??= (async () => {
      const answer = await orRefusal(calling(async () => controlStub(this.env, this.#hunt).vaultConfig()));
      if ("refused" in answer) return answer;
      this.configure(answer);
      return undefined;
    })().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  /** Decides claims of one shard, in order. What is answered as won is durable. */
  async claim({ shard, revision, claims }: ClaimRequest): Promise<ClaimResponse | Refusal> {
    if (claims.length > CLAIMS_MAX) return refuse("invalid", `${CLAIMS_MAX} claims in one call at most`);
    const refused = await this.#ready(revision);
    if (refused) return refused;
    if (!this.#config) throw new Error("the vault is used before it knows its hunt");
    const answers: VaultWord[] = [];
    const told = new Set<Win>();
    const left: Record<string, number> = {};
    this.#lastAt = Math.max(this.#lastAt, this.now());
    for (const claim of claims) {
      const answer = this.#decide(claim, this.#lastAt, told);
      meter.add("hunt_vault_claims_total", 1, answer.outcome);
      answers.push(answer);
      left[claim.prize] = this.#prizes.get(claim.prize)?.left ?? 0;
    }
    meter.histogram("hunt_vault_batch_claims").observe(claims.length);
    flushMeter(this.env, () => this.ctx);
    const waiting = this.#unconfirmed.get(shard);
    const settled = !waiting || [...waiting].every((win) => told.has(win));
    return { answers, revision: this.#config.revision, left, settled };
  }

  #decide(claim: Claim, now: number, told: Set<Win>): VaultWord {
    const allocation = this.#prizes.get(claim.prize);
    if (!allocation) return { outcome: "not_eligible" };
    const won = this.#wins.ofTeam(claim.prize, claim.team);
    const same = won.find(({ event }) => event === claim.event);
    if (same) {
      const waiting = this.#waiting(same);
      if (waiting) told.add(waiting);
      return { outcome: "won", unit: same.unit, at: same.at };
    }
    const byPlayer = won.filter(({ player }) => player === claim.player).length;
    const answer = allocation.decide(claim, won.length, byPlayer, now);
    if (answer.outcome !== "won") return answer;
    const win: Win = { ...claim, n: won.length, unit: answer.unit, at: answer.at, revoked: false };
    this.#wins.add(win);
    this.#wait(win);
    told.add(win);
    this.#arm();
    return answer;
  }

  #waiting({ prize, team, n }: Win): Win | undefined {
    for (const win of this.#unconfirmed.get(shardOf(team)) ?? []) {
      if (win.prize === prize && win.team === team && win.n === n) return win;
    }
    return undefined;
  }

  #wait(win: Win): void {
    const shard = shardOf(win.team);
    const waiting = this.#unconfirmed.get(shard) ?? new Set();
    this.#unconfirmed.set(shard, waiting.add(win));
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    void this.ctx.storage.setAlarm(Date.now() + this.#delay * (0.75 + Math.random() / 2));
  }

  /** Asks the shards for the record of what they won, and confirms it. */
  override async alarm(): Promise<void> {
    meter.add("hunt_alarms_total", 1, "vault");
    this.#armed = false;
    let failed = 0;
    try {
      // One after the other would let one that hangs hold up the rest.
      const shards = [...this.#unconfirmed.keys()];
      const confirmed = await Promise.all(shards.map((shard) => this.#confirm(shard)));
      failed = confirmed.filter((done) => !done).length;
    } finally {
      this.#delay = failed > 0 ? Math.min(CONFIRM_DELAY.most, this.#delay * 2) : CONFIRM_DELAY.first;
      // In `finally`, because an alarm that keeps failing is dropped by the platform.
      if (this.#unconfirmed.size > 0) this.#arm();
      flushMeter(this.env, () => this.ctx);
    }
  }

  async #confirm(shard: string): Promise<boolean> {
    const waiting = this.#unconfirmed.get(shard);
    const wins = [...(waiting ?? [])].slice(0, WINS_MAX);
    try {
      const stub = shardStub(this.env, this.#hunt, shard);
      const answer = await within(CONFIRM_DEADLINE, stub.recordWins(wins));
      if (answer) throw new Error(answer.detail);
    } catch (error) {
      console.warn({ message: "wins could not be recorded yet", shard, error: String(error) });
      return false;
    }
    for (const win of wins) {
      this.#wins.confirm(win);
      waiting?.delete(win);
    }
    if (waiting?.size === 0) this.#unconfirmed.delete(shard);
    return true;
  }

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

  async winner(prize: string, unit: number): Promise<Win | Refusal> {
    const refused = await this.#ready(0);
    if (refused) return refused;
    return this.#wins.ofUnit(prize, unit) ?? refuse("not_found", "nobody has this unit");
  }

  /** The team's shard has the revocation in its log. */
  revoked(prize: string, unit: number): void {
    const win = this.#wins.ofUnit(prize, unit);
    if (win && !win.revoked) this.#wins.revoke(win);
  }
}

function shardOf(team: string): string {
  const place = parseTeamId(team);
  if (!place) throw new Error("a claim names a team that no shard has");
  return place.shard;
}
