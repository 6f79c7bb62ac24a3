/**
 * `Leaderboard`: the standings of one hunt, fed by its shards with score facts
 * and a watermark per shard. Everything here is derived: a snapshot shortens
 * the way back after an eviction, the shards' logs fill what it misses.
 */
import { DurableObject } from "cloudflare:workers";
import { BOARD_ENTRIES_MAX, type BoardEntry, boardKey } from "../cache/entry.ts";
import { configOf } from "../config.ts";
import type { HuntControl } from "../control/object.ts";
import { endsAt, type PhaseState, phaseAt } from "../control/phase.ts";
import { refuse } from "../errors.ts";
import type {
  Announcement,
  LeaderboardEntry,
  ReportAnswer,
  ScoreReport,
  StandingsWord,
} from "../protocol.ts";
import { announcementFrame, answerClose, refusalResponse } from "../shard/live.ts";
import type { HuntShard } from "../shard/object.ts";
import { objectName, randomText } from "../shard/routing.ts";
import { StoredText } from "../stored-text.ts";
import { BoardSockets, LIVE_ENTRIES, SINCE_HEADER } from "./live.ts";
import { Standings, type StandingsRow, type StandingsRules } from "./standings.ts";
import { View } from "./view.ts";

/** How often changed standings are written down, ms. */
const SNAPSHOT_EVERY = 30_000;

/** Longest a reader waits for the standings to catch up after a start, ms. */
const CATCH_UP_WAIT = 3_000;

/** When a failed catch-up is repeated, ms. */
const CATCH_UP_RETRY = 2_000;

/** Pulls per shard in one catch-up; each brings thousands of facts. */
const PULLS_MAX = 10_000;

/** Shards pulled at the same time (an object may hold six connections). */
const PULL_WIDTH = 6;

/** What control tells the leaderboard; a higher `revision` replaces a lower one. */
export interface BoardConfig {
  revision: number;
  rules: StandingsRules;
  phase: PhaseState;
  opens?: number;
  closes?: number;
  freeze?: number;
  /** Those for everybody, the newest last. */
  announcements?: Announcement[];
}

export interface BoardEnv {
  SHARD: DurableObjectNamespace<HuntShard>;
  CONTROL: DurableObjectNamespace<HuntControl>;
  CACHE: KVNamespace;
}

export interface BoardQuery {
  limit: number;
  offset: number;
  bracket?: string;
  around?: string;
  /** Sees through a freeze. */
  organiser: boolean;
}

export interface BoardPage {
  asOf: number;
  frozen: boolean;
  total: number;
  entries: LeaderboardEntry[];
}

const SCHEMA = `CREATE TABLE IF NOT EXISTS snapshot (
  view TEXT NOT NULL,     -- 'all', or 'frozen': as of the freeze
  part INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (view, part)
) WITHOUT ROWID`;

export class Leaderboard extends DurableObject<BoardEnv> {
  readonly #hunt: string;
  readonly #texts: StoredText;
  readonly #publishDelay: number;
  readonly #pushDelay: number;
  #config: BoardConfig | undefined;
  #view: View | undefined;
  #marks = new Map<string, number>();
  #catchingUp: Promise<void> | undefined;
  #catchUpAgain = false;
  #publishTimer = false;
  #pushTimer = false;
  #snapshotDue = false;
  readonly #live: BoardSockets;

  constructor(ctx: DurableObjectState, env: BoardEnv) {
    super(ctx, env);
    this.#hunt = ctx.id.name ?? "";
    this.#texts = new StoredText(ctx.storage.sql);
    this.#publishDelay = configOf(env).PUBLISH_DELAY_MS;
    this.#pushDelay = configOf(env).LIVE_PUSH_MS;
    ctx.storage.sql.exec(SCHEMA);
    this.#live = new BoardSockets({
      ctx,
      socketsMax: configOf(env).LIVE_SOCKETS_PER_OBJECT,
      page: () => this.read({ offset: 0, limit: LIVE_ENTRIES, organiser: false }),
      life: randomText(8).toLowerCase(),
    });
    const config = this.#texts.read("config");
    if (config === undefined) return;
    this.#config = JSON.parse(config) as BoardConfig;
    this.#view = new View(this.#config.rules, this.#config.freeze);
    this.#restore(this.#config);
    this.#catchUp();
  }

  /** Epoch ms; replaced by tests. */
  protected now(): number {
    return Date.now();
  }

  /** Takes new rules or a new phase; rebuilds from the logs where the old data does not suffice. */
  configure(config: BoardConfig): void {
    if (this.#config && config.revision < this.#config.revision) return;
    this.#tellNews(this.#config, config);
    this.#config = config;
    this.#texts.write("config", JSON.stringify(config));
    if (!this.#view) this.#view = new View(config.rules, config.freeze);
    else if (!this.#view.change(config.rules, config.freeze)) {
      this.#view = new View(config.rules, config.freeze);
      this.#marks.clear();
      this.#catchUp();
    }
    this.#changed();
  }

  /** Phase and announcements, to the spectators. */
  #tellNews(before: BoardConfig | undefined, config: BoardConfig): void {
    const now = this.now();
    const phase = phaseAt(config.phase, config, now);
    if (before && phaseAt(before.phase, before, now) !== phase) this.#live.tellAll({ phase });
    const known = new Set(before?.announcements?.map(({ id }) => id));
    for (const announcement of before ? (config.announcements ?? []) : []) {
      if (!known.has(announcement.id)) this.#live.tellAll(announcementFrame(announcement));
    }
  }

  /** A spectator's socket; the edge lets only upgrades through. */
  override async fetch(request: Request): Promise<Response> {
    const config = this.#config;
    const answer = config
      ? await this.#live.accept(
          [{ phase: phaseAt(config.phase, config, this.now()) }],
          request.headers.get(SINCE_HEADER),
        )
      : refuse("not_found", "no such hunt");
    return "refused" in answer ? refusalResponse(answer) : answer;
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    return this.#live.message(socket, data);
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    answerClose(socket, code);
  }

  /**
   * Takes a shard's report. A gap before it is not applied: the answered
   * watermark tells the shard where to start again.
   */
  report(report: ScoreReport): ReportAnswer {
    const view = this.#view;
    if (!view) throw new Error("the leaderboard does not know its hunt yet");
    if (this.#apply(view, report)) this.#changed();
    const word: StandingsWord = { asOf: this.now(), ...view.all.word(report.shard) };
    return { watermark: this.#marks.get(report.shard) ?? 0, word };
  }

  /** Returns whether anything was new. */
  #apply(view: View, report: ScoreReport): boolean {
    const mark = this.#marks.get(report.shard) ?? 0;
    if (report.after > mark || report.upto <= mark) return false;
    let changed = false;
    for (const fact of report.facts) {
      if (fact.seq <= mark) continue;
      view.apply(report.shard, fact);
      changed = true;
    }
    this.#marks.set(report.shard, report.upto);
    view.settle();
    return changed;
  }

  /** What the standings are computed by; undefined before the hunt is published. */
  rules(): StandingsRules | undefined {
    return this.#config?.rules;
  }

  /** Places of these teams as organisers see them, through a freeze; null: none. */
  async organiserRanks(teams: string[]): Promise<(number | null)[]> {
    const { standings } = await this.#organisers();
    return teams.map((team) => standings?.rank(team) ?? null);
  }

  /**
   * What a shard needs to show its teams: their places as everybody may see
   * them (null: none), and the word on its clues' values.
   */
  async look(shard: string, teams: string[]): Promise<{ ranks: (number | null)[]; word: StandingsWord }> {
    const { standings } = await this.#public();
    return {
      ranks: teams.map((team) => standings?.rank(team) ?? null),
      word: { asOf: this.now(), ...this.#view?.all.word(shard) },
    };
  }

  /** The word as everybody may know it: during a freeze, as of the freeze. */
  async publicWord(shard: string): Promise<StandingsWord> {
    const { standings, asOf } = await this.#public();
    return { asOf, ...standings?.word(shard) };
  }

  /** One page of the standings. */
  async read(query: BoardQuery): Promise<BoardPage> {
    const { standings, frozen, asOf } = query.organiser ? await this.#organisers() : await this.#public();
    if (!standings) return { asOf, frozen, total: 0, entries: [] };
    const { limit, offset, bracket, around } = query;
    return {
      asOf,
      frozen,
      total: standings.total(bracket),
      entries:
        around === undefined
          ? standings.page({ offset, limit, bracket })
          : standings.around(around, limit, bracket),
    };
  }

  /** Teams that joined, hidden and banned ones included. */
  async teamCount(): Promise<number> {
    await this.#caughtUp();
    return this.#view?.all.teamCount ?? 0;
  }

  /** Every team with score and place as the organisers see them, and the watermarks, for verification. */
  async dump(): Promise<{ marks: { shard: string; mark: number }[]; rows: StandingsRow[] }> {
    const { standings } = await this.#organisers();
    return {
      marks: [...this.#marks].map(([shard, mark]) => ({ shard, mark })),
      rows: [...(standings?.dump() ?? [])],
    };
  }

  async #organisers(): Promise<{ standings: Standings | undefined; frozen: boolean; asOf: number }> {
    await this.#caughtUp();
    return { standings: this.#view?.all, frozen: false, asOf: this.now() };
  }

  async #public(): Promise<{ standings: Standings | undefined; frozen: boolean; asOf: number }> {
    await this.#caughtUp();
    return this.#publicNow();
  }

  #publicNow(): { standings: Standings | undefined; frozen: boolean; asOf: number } {
    const now = this.now();
    const config = this.#config;
    const frozen = config?.freeze !== undefined && now >= config.freeze && now < endsAt(config.phase, config);
    if (!frozen) return { standings: this.#view?.all, frozen: false, asOf: now };
    return { standings: this.#view?.frozenView(), frozen: true, asOf: config.freeze ?? now };
  }

  // ── Catching up ─────────────────────────────────────────────────────────

  #catchUp(): void {
    if (this.#catchingUp) {
      this.#catchUpAgain = true;
      return;
    }
    this.#catchUpAgain = false;
    this.#catchingUp = this.#pullEverything()
      .catch((error: unknown) => {
        console.warn({ message: "catching up failed, will be repeated", error: String(error) });
        // A shard without new facts never reports: nobody else would fill the gap.
        setTimeout(() => this.#catchUp(), CATCH_UP_RETRY);
      })
      .finally(() => {
        this.#catchingUp = undefined;
        if (this.#catchUpAgain) this.#catchUp();
      });
  }

  async #caughtUp(): Promise<void> {
    if (!this.#catchingUp) return;
    await Promise.race([
      this.#catchingUp,
      new Promise<void>((done) => {
        setTimeout(done, CATCH_UP_WAIT);
      }),
    ]);
  }

  async #pullEverything(): Promise<void> {
    const shards = await this.env.CONTROL.getByName(this.#hunt).shards();
    const queue = [...new Set([...shards, ...this.#marks.keys()])];
    const next = async (): Promise<void> => {
      for (let shard = queue.pop(); shard !== undefined; shard = queue.pop()) await this.#pull(shard);
    };
    await Promise.all(Array.from({ length: PULL_WIDTH }, next));
  }

  async #pull(shard: string): Promise<void> {
    const stub = this.env.SHARD.getByName(objectName(this.#hunt, shard));
    for (let pulls = 0; pulls < PULLS_MAX; pulls += 1) {
      const after = this.#marks.get(shard) ?? 0;
      const report = await stub.scoreFacts(after);
      if (report.upto <= after || !this.#view) return;
      if (this.#apply(this.#view, report)) this.#changed();
    }
  }

  // ── Publishing and keeping ──────────────────────────────────────────────

  #changed(): void {
    if (!this.#snapshotDue) {
      this.#snapshotDue = true;
      void this.ctx.storage.setAlarm(Date.now() + SNAPSHOT_EVERY);
    }
    this.#pushSoon();
    if (this.#publishTimer) return;
    this.#publishTimer = true;
    setTimeout(() => {
      this.#publishTimer = false;
      this.#publish().catch((error: unknown) => {
        // Readers fall back to this object when the entry is old.
        console.warn({ message: "publishing the leaderboard failed", error: String(error) });
      });
    }, this.#publishDelay);
  }

  /** Spectators' sockets do not wait for KV, which takes one write a second. */
  #pushSoon(): void {
    if (this.#pushTimer || !this.#live.any) return;
    this.#pushTimer = true;
    setTimeout(() => {
      this.#pushTimer = false;
      // What is being pulled together would be shown as the standings.
      if (this.#catchingUp) return this.#pushSoon();
      const { standings, frozen, asOf } = this.#publicNow();
      if (!standings) return;
      const entries = standings.page({ offset: 0, limit: LIVE_ENTRIES });
      this.#live.push({ asOf, frozen, total: standings.total(), entries });
    }, this.#pushDelay);
  }

  async #publish(): Promise<void> {
    await this.#caughtUp();
    const { standings, frozen, asOf } = this.#publicNow();
    if (!standings) return;
    const entry: BoardEntry = {
      v: 1,
      hunt: this.#hunt,
      at: this.now(),
      asOf,
      ...this.#untilNextChange(),
      frozen,
      total: standings.total(),
      entries: standings.page({ offset: 0, limit: BOARD_ENTRIES_MAX }),
    };
    await this.env.CACHE.put(boardKey(this.#hunt), JSON.stringify(entry));
  }

  /** When a freeze begins or the hunt ends by itself, what was published before is no longer right. */
  #untilNextChange(): { until?: number } {
    const { freeze, phase, ...times } = this.#config ?? {};
    const now = this.now();
    const next = [freeze ?? 0, phase ? endsAt(phase, times) : 0].filter(
      (at) => at > now && Number.isFinite(at),
    );
    return next.length === 0 ? {} : { until: Math.min(...next) };
  }

  override async alarm(): Promise<void> {
    this.#snapshotDue = false;
    const view = this.#view;
    if (!view) return;
    // One transaction: no await between the statements.
    const { sql } = this.ctx.storage;
    sql.exec("DELETE FROM snapshot");
    for (const [name, standings] of view.parts()) {
      let part = 0;
      for (const body of standings.snapshot()) {
        sql.exec("INSERT INTO snapshot (view, part, body) VALUES (?, ?, ?)", name, part, body.buffer);
        part += 1;
      }
    }
    this.#texts.write("marks", JSON.stringify({ freeze: view.freeze ?? null, marks: [...this.#marks] }));
  }

  #restore(config: BoardConfig): void {
    const kept = this.#texts.read("marks");
    if (kept === undefined) return;
    const { freeze, marks } = JSON.parse(kept) as { freeze: number | null; marks: [string, number][] };
    // Another freeze than the kept one: the frozen half cannot be told from the whole.
    if ((config.freeze ?? null) !== freeze) return;
    const parts = (name: string): Uint8Array[] =>
      this.ctx.storage.sql
        .exec<{ body: ArrayBuffer }>("SELECT body FROM snapshot WHERE view = ? ORDER BY part", name)
        .toArray()
        .map((row) => new Uint8Array(row.body));
    const all = Standings.restore(config.rules, parts("all"));
    if (!all) return;
    const frozenParts = parts("frozen");
    const frozen = frozenParts.length > 0 ? Standings.restore(config.rules, frozenParts) : undefined;
    if (frozenParts.length > 0 && !frozen) return;
    this.#view = new View(config.rules, config.freeze, all, frozen);
    this.#marks = new Map(marks);
  }
}
