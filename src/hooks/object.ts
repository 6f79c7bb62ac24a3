/**
 * `WebhookOutbox`: one webhook of a hunt, as its interface says (src/objects/webhooks.ts). Each has an object, an alarm and
 * an outbox of its own, so that a slow receiver delays only itself. A delivery is a row before its facts' mark is moved,
 * in one transaction; it is sent under one id until it is settled, whatever ends in between.
 */

import { DurableObject } from "cloudflare:workers";
import { Alarm } from "../alarm.ts";
import { type Clock, systemClock, watched } from "../clock.ts";
import { eraseObject } from "../erase.ts";
import { type Refusal, refuse } from "../errors.ts";
import { base64url, sha256 } from "../hmac.ts";
import { nextOf } from "../hunt/phase.ts";
import { LazySql } from "../lazy-sql.ts";
import { calling, controlStub, leaderboardStub, shardStub } from "../objects/call.ts";
import type { Env } from "../objects/env.ts";
import { parseObjectName, randomText } from "../objects/ids.ts";
import { scopeOf } from "../objects/incarnation.ts";
import type { PublicTeam } from "../objects/leaderboard.ts";
import { ownName } from "../objects/own-name.ts";
import type {
  DeliveryTry,
  OutboxPage,
  StoredDelivery,
  WebhookConfig,
  WebhookMark,
  WebhookOutboxObject,
  WebhookReport,
  WebhookTaken,
} from "../objects/webhooks.ts";
import type { Fetching } from "../public-net.ts";
import { assertKnownForm, isKnownForm } from "../stored-form.ts";
import { StoredText } from "../stored-text.ts";
import { flushMeter } from "../telemetry/flush.ts";
import { meter } from "../telemetry/meter.ts";
import { FORBIDDEN } from "./address.ts";
import { bodyOf, TEST } from "./body.ts";
import { type Delivery, Outbox, PENDING_MAX } from "./outbox.ts";
import { nextTry } from "./schedule.ts";
import { type Sent, send } from "./send.ts";
import { secretBytes, signatureOf } from "./sign.ts";
import {
  announced,
  asksOthers,
  type HeardFact,
  inOrder,
  type NewDelivery,
  phaseTold,
  testTold,
  toldOf,
} from "./told.ts";

/** Forms of what is stored. */
const CONFIG_FORM = 1;
const STATE_FORM = 1;

/** Deliveries under way at a time; chat rooms count by the second, and take one after the other. */
const WIDTH = 4;
const CHAT_WIDTH = 1;

/** How long shards keep what there is no room for, ms. */
const FULL_PAUSE = 30_000;

/** After a kill, deliveries that were under way are sent again this much later, ms. */
const RESUME = 15_000;

/** Shards asked at a time, and results of one that are taken in a row. */
const PULL_WIDTH = 8;
const PULLS_MAX = 50;

/** Teams in one call on the leaderboard. */
const TEAMS_MAX = 5_000;

const NONE: WebhookMark = { seq: 0, thread: 0 };

/** What is known beside the deliveries, in one row. */
interface State {
  marks: Record<string, WebhookMark>;
  /** Clues whose first solve was told, or will not be. */
  firsts: string[];
  /** Of the announcements that control tells, those that were told. */
  announced: string[];
  phase?: string;
  /** The version of the hunt in which the receiver said that it wants no more. */
  disabledIn?: number;
}

export class WebhookOutbox extends DurableObject<Env> implements WebhookOutboxObject {
  readonly #hunt: string;
  readonly #id: string;
  readonly #clock: Clock;
  readonly #alarm: Alarm<"send" | "phase">;
  readonly #texts: StoredText;
  readonly #outbox: Outbox;
  #config: WebhookConfig | undefined;
  #state: State;
  /** Teams of deliveries under way. */
  readonly #busy = new Set<string | undefined>();
  readonly #sending = new Set<Promise<void>>();
  /** The receiver asked for so long a rest, epoch ms. */
  #pausedUntil = 0;
  #waiting: { report: WebhookReport; done: PromiseWithResolvers<WebhookTaken> }[] = [];
  #isTaking = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { hunt, shard: id } = parseObjectName(ownName(ctx, env.WEBHOOKS));
    this.#hunt = hunt;
    this.#id = id;
    this.#clock = watched(
      { now: () => this.now(), after: (ms, signal) => systemClock.after(ms, signal) },
      (by) => {
        this.#pausedUntil -= by;
        this.#alarm.wentBack(by);
      },
    );
    this.#alarm = new Alarm({ clock: this.#clock, storage: ctx.storage });
    const sql = new LazySql(ctx.storage.sql);
    this.#texts = new StoredText(sql);
    this.#outbox = new Outbox(sql);
    const config = this.#texts.readDerived("config");
    if (config !== undefined) this.#config = configIn(config);
    this.#state = stateIn(this.#texts.readDerived("state"));
    void ctx.blockConcurrencyWhile(async () => {
      await this.#alarm.resume();
      if (this.#outbox.pendingCount > 0) this.#alarm.set("send", this.#clock.now());
    });
  }

  /** Epoch ms; replaced by tests, as `fetching` is. */
  protected now(): number {
    return systemClock.now();
  }

  protected fetching(): Fetching | undefined {
    return undefined;
  }

  // ── Control ─────────────────────────────────────────────────────────────

  async configure(config: WebhookConfig): Promise<void> {
    if (this.#config && config.revision < this.#config.revision) return;
    const hadFirsts = this.#config?.webhook.on.includes("first_solve") === true;
    if (!hadFirsts && config.webhook.on.includes("first_solve")) {
      // What was solved before it was asked for is no news.
      const solved = await calling(async () => leaderboardStub(this.env, this.#hunt).solvedClues());
      this.#state.firsts = [...new Set([...this.#state.firsts, ...solved])];
    }
    if (this.#config && config.revision < this.#config.revision) return;
    this.#config = config;
    const { disabledIn } = this.#state;
    if (disabledIn !== undefined && config.version > disabledIn) delete this.#state.disabledIn;
    const known = new Set(this.#state.announced);
    const news = announced(config, known);
    this.#state.announced = config.announcements.map(({ id }) => id);
    this.ctx.storage.transactionSync(() => {
      this.#texts.write("config", JSON.stringify({ v: CONFIG_FORM, ...config }));
      this.#queue(news);
      this.#tellPhase(config);
    });
    this.#pump();
  }

  /** Asks control when the stored configuration is not as it was written. */
  async #ready(): Promise<WebhookConfig> {
    if (!this.#config) {
      const told = await calling(async () => controlStub(this.env, this.#hunt).webhookConfig(this.#id));
      if ("refused" in told) throw Object.assign(new Error("the webhook is not known"), { retryable: true });
      await this.configure(told);
    }
    return this.#config as WebhookConfig;
  }

  get #isDisabled(): boolean {
    return this.#state.disabledIn !== undefined;
  }

  #saveState(): void {
    this.#texts.write("state", JSON.stringify({ v: STATE_FORM, ...this.#state }));
  }

  /** Notes the phase and tells a change of it; wakes the object for the next one. */
  #tellPhase(config: WebhookConfig): void {
    const now = this.#clock.now();
    const { phase, deliveries } = phaseTold(config, this.#state.phase, now);
    this.#queue(deliveries);
    this.#state.phase = phase;
    this.#saveState();
    const next = nextOf([config.opens, config.closes], now);
    if (next !== undefined) this.#alarm.set("phase", next);
  }

  // ── Shards ──────────────────────────────────────────────────────────────

  begin(shard: string, start: WebhookMark): WebhookMark {
    const known = this.#state.marks[shard];
    // Of a webhook that is no more nothing is stored.
    if (known || !this.#config) return known ?? start;
    this.#state.marks[shard] = start;
    this.#saveState();
    return start;
  }

  report(report: WebhookReport): Promise<WebhookTaken> {
    const done = Promise.withResolvers<WebhookTaken>();
    this.#waiting.push({ report, done });
    void this.#takeWaiting();
    return done.promise;
  }

  /** Reports that came while others were taken are taken together. */
  async #takeWaiting(): Promise<void> {
    if (this.#isTaking) return;
    this.#isTaking = true;
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#waiting;
        this.#waiting = [];
        try {
          const pause = await this.#take(batch.map(({ report }) => report));
          for (const { report, done } of batch) {
            const mark = this.#state.marks[report.shard] ?? NONE;
            done.resolve({ mark, ...(pause === undefined ? {} : { pause }) });
          }
        } catch (error) {
          for (const { done } of batch) done.reject(error);
        }
      }
    } finally {
      this.#isTaking = false;
    }
  }

  /** Gives the pause that is asked for, in ms, where there is no room. */
  async #take(reports: readonly WebhookReport[]): Promise<number | undefined> {
    const config = await this.#ready();
    if (this.#outbox.pendingCount >= PENDING_MAX) return FULL_PAUSE;
    const isFirstTold = this.#isFirstTold();
    let heard = reports.filter((report) => this.#continues(report)).map((report) => this.#newIn(report));
    const isAsking = heard.some(({ facts }) => facts.some((fact) => asksOthers(config, fact, isFirstTold)));
    if (isAsking && !this.#isDisabled) heard = [...heard, ...(await this.#pull(config, heard))];
    const facts = inOrder(heard);
    const threads = heard.flatMap((report) =>
      report.threads.map((thread) => ({ ...thread, shard: report.shard })),
    );
    const teams = await this.#teamsOf([...facts, ...threads]);
    const now = this.#clock.now();
    const told = toldOf(config, facts, threads, teams, isFirstTold, now);
    this.ctx.storage.transactionSync(() => {
      if (!this.#isDisabled) this.#queue(told.deliveries);
      this.#state.firsts = [...this.#state.firsts, ...told.firsts];
      for (const { shard, upto } of heard) this.#moveMark(shard, upto);
      this.#tellPhase(config);
      this.#apply(facts);
    });
    this.#pump();
    return undefined;
  }

  #isFirstTold(): (clue: string) => boolean {
    const told = new Set(this.#state.firsts);
    return (clue) => told.has(clue);
  }

  /** Nothing is missing before the report; another mark in the result tells the shard where to go on. */
  #continues({ shard, after }: WebhookReport): boolean {
    const mark = this.#state.marks[shard] ?? NONE;
    return after.seq <= mark.seq && after.thread <= mark.thread;
  }

  /** Without what is known already. */
  #newIn(report: WebhookReport): WebhookReport {
    const mark = this.#state.marks[report.shard] ?? NONE;
    return {
      ...report,
      facts: report.facts.filter(({ seq }) => seq > mark.seq),
      threads: report.threads.filter(({ n }) => n > mark.thread),
    };
  }

  #moveMark(shard: string, { seq, thread }: WebhookMark): void {
    const mark = this.#state.marks[shard] ?? NONE;
    this.#state.marks[shard] = { seq: Math.max(mark.seq, seq), thread: Math.max(mark.thread, thread) };
  }

  /** What all shards have by now: only then it is known who was first. */
  async #pull(config: WebhookConfig, heard: readonly WebhookReport[]): Promise<WebhookReport[]> {
    const shards = await calling(async () => controlStub(this.env, this.#hunt).shards());
    const pulled: WebhookReport[] = [];
    const wish = { id: this.#id, on: config.webhook.on, since: config.since };
    const pullOne = async (shard: string): Promise<void> => {
      const ours = heard.filter((report) => report.shard === shard).map(({ upto }) => upto);
      let mark = ours.at(-1) ?? this.#state.marks[shard] ?? null;
      for (let pull = 0; pull < PULLS_MAX; pull += 1) {
        const after = mark;
        const report = await calling(async () =>
          shardStub(this.env, this.#hunt, shard).webhookFacts(wish, after),
        );
        pulled.push(report);
        mark = report.upto;
        if (!report.more) return;
      }
    };
    for (let from = 0; from < shards.length; from += PULL_WIDTH) {
      await Promise.all(shards.slice(from, from + PULL_WIDTH).map(pullOne));
    }
    return pulled;
  }

  async #teamsOf(heard: readonly { team: string }[]): Promise<Map<string, PublicTeam>> {
    const ids = [...new Set(heard.map(({ team }) => team))];
    const teams = new Map<string, PublicTeam>();
    for (let from = 0; from < ids.length; from += TEAMS_MAX) {
      const asked = ids.slice(from, from + TEAMS_MAX);
      const found = await calling(async () => leaderboardStub(this.env, this.#hunt).publicTeams(asked));
      for (const [index, team] of found.entries()) if (team) teams.set(asked[index] ?? "", team);
    }
    return teams;
  }

  /** What happened to teams that deliveries are about. */
  #apply(facts: readonly HeardFact[]): void {
    for (const { what, team } of facts) {
      if (what === "concealed") count("dropped", this.#outbox.drop(team));
      if (what === "forgotten") this.#outbox.forgetName(team);
    }
  }

  // ── The outbox ──────────────────────────────────────────────────────────

  #queue(deliveries: readonly NewDelivery[]): void {
    const config = this.#config;
    if (!config || deliveries.length === 0) return;
    if (this.#isDisabled) {
      count("dropped", deliveries.length);
      return;
    }
    const now = this.#clock.now();
    const scope = `${scopeOf(this.#hunt, config.incarnation)}/${this.#id}`;
    for (const { key, type, at, team, data } of deliveries) {
      const id = messageId(`${scope} ${key}`);
      this.#outbox.add({ id, type, at, ...(team === undefined ? {} : { team }), data }, now);
    }
    count("queued", deliveries.length);
    // In the same transaction: should the object end now, the alarm sends them.
    this.#alarm.set("send", now + RESUME);
  }

  /** Sends what is due, as far as there is room. */
  #pump(): void {
    const config = this.#config;
    if (!config || this.#isDisabled) return;
    const width = config.webhook.as === "signed" ? WIDTH : CHAT_WIDTH;
    const isBusy = (team: string | undefined): boolean => this.#busy.has(team);
    const now = this.#clock.now();
    while (this.#sending.size < width && now >= this.#pausedUntil) {
      const delivery = this.#outbox.ready(now, isBusy);
      if (!delivery) break;
      this.#busy.add(delivery.team);
      const sending = this.#sendOne(config, delivery).finally(() => {
        this.#busy.delete(delivery.team);
        this.#sending.delete(sending);
        this.#pump();
      });
      this.#sending.add(sending);
    }
    if (this.#busy.size > 0) this.#alarm.set("send", now + RESUME);
    const next = this.#outbox.nextDue(isBusy);
    if (next === undefined) return;
    // With no room, the next to end pumps again; the alarm is for when none does.
    const soonest = this.#sending.size < width ? Math.max(next, this.#pausedUntil) : now + RESUME;
    this.#alarm.set("send", soonest);
  }

  async #sendOne(config: WebhookConfig, delivery: Delivery): Promise<void> {
    try {
      const sent = await this.#try(config, delivery);
      this.#settle(delivery, sent);
    } catch (error) {
      // Its secret's key is gone, or the like: it waits.
      console.error({ message: "a webhook could not be sent", error: String(error) });
      this.#outbox.save({ ...delivery, due: this.#clock.now() + FULL_PAUSE });
    }
    flushMeter(this.env, () => this.ctx);
  }

  async #try(
    config: WebhookConfig,
    { id, type, data }: Pick<Delivery, "id" | "type" | "data">,
  ): Promise<Sent> {
    const { webhook, codeKey, incarnation } = config;
    const secret = secretBytes(this.env, { hunt: this.#hunt, incarnation, codeKey, id: this.#id });
    if (!secret) throw new Error("the key of its secret is no longer in CODE_KEYS");
    const body = bodyOf(webhook.as, type, data);
    const timestamp = Math.floor(this.#clock.now() / 1_000);
    const sent = await send(
      { env: this.env, now: () => this.#clock.now(), fetch: this.fetching() },
      webhook.url,
      headersOf(id, String(timestamp), signatureOf(secret, id, timestamp, body)),
      body,
    );
    const { status } = sent.tried;
    meter.add("hunt_webhook_tries_total", 1, status === undefined ? "none" : `${Math.floor(status / 100)}xx`);
    return sent;
  }

  #settle(delivery: Delivery, { tried, result, wait, response }: Sent): void {
    const now = this.#clock.now();
    // Meanwhile its team may have been hidden, or its name forgotten.
    const current = this.#outbox.at(delivery.n);
    if (!current) return;
    const { due: _, response: __, ...rest } = current;
    const failures = result === "done" ? 0 : current.failures + 1;
    const due = result === "again" ? nextTry(failures, now, wait) : undefined;
    const state =
      result === "done"
        ? "delivered"
        : due !== undefined
          ? "pending"
          : result === "again"
            ? "dead"
            : "failed";
    if (wait !== undefined) this.#pausedUntil = Math.max(this.#pausedUntil, now + wait);
    this.ctx.storage.transactionSync(() => {
      this.#outbox.save({
        ...rest,
        state,
        failures,
        tries: [...current.tries, tried],
        ...(due === undefined ? {} : { due }),
        ...(response === undefined ? {} : { response }),
      });
      if (result === "gone") this.#disable();
      if (state !== "pending") this.#outbox.trim();
    });
    if (state === "delivered") {
      meter.histogram("hunt_webhook_lag_seconds").observe(Math.max(0, now - current.at) / 1_000);
    }
    if (state !== "pending") count(state, 1);
  }

  #disable(): void {
    this.#state.disabledIn = this.#config?.version ?? 0;
    this.#saveState();
    count("dropped", this.#outbox.failAll());
  }

  // ── Organisers ──────────────────────────────────────────────────────────

  deliveries(limit: number): OutboxPage {
    const as = this.#config?.webhook.as ?? "signed";
    return {
      disabled: this.#isDisabled,
      pending: this.#outbox.pendingCount,
      undelivered: this.#outbox.undelivered,
      deliveries: this.#outbox.list(limit).map((delivery) => shown(delivery, as)),
    };
  }

  async sendTest(): Promise<DeliveryTry | Refusal> {
    const config = await this.#ready();
    const now = this.#clock.now();
    const data = testTold(this.#hunt, now);
    const id = messageId(`${TEST} ${this.#id} ${randomText(16)}`);
    const sent = await this.#try(config, { id, type: TEST, data });
    if (sent.result === "never") return refuse("invalid", sent.tried.error ?? FORBIDDEN.message);
    const isDone = sent.result === "done";
    this.ctx.storage.transactionSync(() => {
      this.#outbox.save({
        n: this.#outbox.next(),
        id,
        type: TEST,
        at: now,
        data,
        state: isDone ? "delivered" : "failed",
        failures: 0,
        tries: [sent.tried],
        ...(sent.response === undefined ? {} : { response: sent.response }),
      });
      this.#outbox.trim();
      if (isDone && this.#isDisabled) {
        delete this.#state.disabledIn;
        this.#saveState();
      }
      if (sent.result === "gone" && !this.#isDisabled) this.#disable();
    });
    this.#pump();
    return sent.tried;
  }

  redeliver(ids?: readonly string[]): { redelivered: number } | Refusal {
    if (this.#isDisabled) {
      return refuse("conflict", "the receiver has said that it wants no more: test it first");
    }
    const redelivered = this.#outbox.redeliver(ids, this.#clock.now());
    if (redelivered > 0) this.#alarm.set("send", this.#clock.now() + RESUME);
    this.#pump();
    return { redelivered };
  }

  erase(): Promise<void> {
    return eraseObject(this.ctx);
  }

  override alarm(): Promise<void> {
    meter.add("hunt_alarms_total", 1, "webhook");
    return this.#alarm.run(async (isDue) => {
      const config = await this.#ready();
      if (isDue("phase")) {
        this.ctx.storage.transactionSync(() => this.#tellPhase(config));
      }
      this.#pump();
      await Promise.all(this.#sending);
    });
  }
}

const count = (state: "queued" | "delivered" | "failed" | "dead" | "dropped", by: number): void => {
  if (by > 0) meter.add("hunt_webhook_deliveries_total", by, state);
};

/** Of what happened: the same whenever it is told. */
const messageId = (what: string): string => `msg_${base64url(sha256(what), 18)}`;

const headersOf = (id: string, timestamp: string, signature: string): Record<string, string> => ({
  "content-type": "application/json",
  "user-agent": "treasure-hunt-engine",
  "webhook-id": id,
  "webhook-timestamp": timestamp,
  "webhook-signature": signature,
});

/** As an organiser sees it. Of the signature only its version: it can be made anew, and tells nothing. */
function shown(delivery: Delivery, as: WebhookConfig["webhook"]["as"]): StoredDelivery {
  const { id, type, at, state, tries, due, data, response } = delivery;
  const last = tries.at(-1);
  const timestamp = last === undefined ? "" : String(Math.floor(last.at / 1_000));
  return {
    id,
    type,
    at,
    state,
    tries,
    ...(due === undefined ? {} : { due }),
    body: bodyOf(as, type, data),
    headers: headersOf(id, timestamp, "v1,…"),
    ...(response === undefined ? {} : { response }),
  };
}

function configIn(text: string): WebhookConfig {
  const { v, ...config } = JSON.parse(text) as WebhookConfig & { v?: number };
  assertKnownForm("a webhook's configuration", v === undefined ? {} : { v }, CONFIG_FORM);
  return config;
}

/** Without it everything since the webhook's beginning is told again, under the same ids. */
function stateIn(text: string | undefined): State {
  const empty: State = { marks: {}, firsts: [], announced: [] };
  if (text === undefined) return empty;
  const { v, ...state } = JSON.parse(text) as State & { v?: number };
  return isKnownForm(v === undefined ? {} : { v }, STATE_FORM) ? state : empty;
}
