/**
 * `HuntDirectory`: which hunts exist. One object, asked by organisers, and by
 * the edge for a name that neither its memory nor KV knows (`known`): a name that is
 * not here reaches no other object. Who organises is kept here too (organisers.ts), the
 * deletion of hunts (deletions.ts), and the audit of what is of no hunt.
 */

import { DurableObject } from "cloudflare:workers";
import { Alarm } from "../alarm.ts";
import {
  type Checksums,
  checksumOf,
  Damaged,
  hasAllRows,
  tellMended,
  unflipped,
  withChecksums,
} from "../checksum.ts";
import { configOf } from "../config.ts";
import type { Organiser, RevokeBody } from "../contract/organisers.ts";
import type { Refusal } from "../errors.ts";
import { LazySql, type Sql } from "../lazy-sql.ts";
import { calling, controlStub } from "../objects/call.ts";
import type { Actor, AuditPage, Sealed } from "../objects/control.ts";
import type { Deletion } from "../objects/deletion.ts";
import type { Env } from "../objects/env.ts";
import type {
  Beginning,
  GoneHunts,
  HuntDirectoryObject,
  KnownNames,
  OrganiserList,
  Revocations,
} from "../objects/names.ts";
import { AuditLog } from "./audit.ts";
import { Deletions } from "./deletions.ts";
import { eraseIn } from "./erase-hunt.ts";
import { OrganiserStore } from "./organisers.ts";

const SCHEMA = `CREATE TABLE IF NOT EXISTS hunt (
  id TEXT PRIMARY KEY,
  sum TEXT NOT NULL DEFAULT '-' -- of the id
) WITHOUT ROWID`;

/** Hunts listed at most. */
const HUNTS_MAX = 10_000;

/** What goes on besides calls on the origin when a hunt is sealed: joinings, and what isolates believe of it, ms. */
const UNDER_WAY = 3_000;

/** Of a call on the origin: the wait in its line, and two attempts (src/origin/gate/guard.ts). */
const ORIGIN_TIMEOUTS = 3;

export class HuntDirectory extends DurableObject<Env> implements HuntDirectoryObject {
  readonly #sql: Sql;
  readonly #checks: Checksums;
  readonly #organisers: OrganiserStore;
  readonly #audit: AuditLog;
  readonly #alarm: Alarm<"deletions">;
  readonly #deletions: Deletions;
  /** Names this life of the object and counts its changes. */
  readonly #life = crypto.randomUUID();
  #changes = 0;
  /** No row was hidden when this instance began to read. */
  #isChecked = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = new LazySql(ctx.storage.sql);
    this.#checks = withChecksums(this.#sql, "hunt", SCHEMA);
    this.#organisers = new OrganiserStore(this.#sql);
    this.#audit = new AuditLog(this.#sql);
    this.#alarm = new Alarm({ clock: { now: () => this.now() }, storage: ctx.storage });
    this.#deletions = new Deletions({
      sql: this.#sql,
      audit: this.#audit,
      now: () => this.now(),
      wake: (at) => this.#alarm.set("deletions", at),
      isListed: (hunt) => this.#ids(-1).includes(hunt),
      unlist: (hunt) => this.#unlist(hunt),
      ended: (hunt) => this.#organisers.dropHunt(hunt),
      seal: (hunt, rehearsalOf) =>
        calling(async () => (await controlStub(env, hunt).seal(rehearsalOf)) as Sealed | Refusal),
      erase: (hunt, incarnation, place) => eraseIn(env, hunt, incarnation, place),
      eraseControl: (hunt) => calling(async () => controlStub(env, hunt).erase()),
      settle: ORIGIN_TIMEOUTS * configOf(env).ORIGIN_TIMEOUT_MS + UNDER_WAY,
      settleRehearsal: UNDER_WAY,
    });
    void ctx.blockConcurrencyWhile(async () => {
      await this.#alarm.resume();
      try {
        this.#deletions.resume();
      } catch (error) {
        // What asks for them is told; all else goes on.
        console.error({ message: "deletions cannot go on", error: String(error) });
      }
    });
  }

  /** Epoch ms; replaced by tests. */
  protected now(): number {
    return Date.now();
  }

  override alarm(): Promise<void> {
    return this.#alarm.run(() => this.#deletions.turn());
  }

  add(hunt: string): void {
    if (this.#deletions.isGoing(hunt)) return;
    this.#sql.exec("INSERT OR REPLACE INTO hunt (id, sum) VALUES (?, ?)", hunt, checksumOf(hunt));
    this.#changes += 1;
  }

  list(): string[] {
    return this.#ids(HUNTS_MAX);
  }

  known(mark: string | undefined): KnownNames {
    const present = `${this.#life}/${this.#changes}`;
    return mark === present ? { mark } : { mark: present, hunts: this.#ids(-1) };
  }

  // ── Deletion ─────────────────────────────────────────────────────────────

  beginning(hunt: string): Beginning | Refusal {
    return this.#deletions.beginning(hunt);
  }

  deleteHunt(hunt: string, reason: string, by: Actor, now: number): Promise<{ job: string } | Refusal> {
    return this.#deletions.begin(hunt, reason, by, now);
  }

  deleteRehearsal(hunt: string, of: string, by: Actor, now: number): Promise<{ job: string } | Refusal> {
    return this.#deletions.begin(hunt, `the rehearsal of ${of}`, by, now, of);
  }

  job(job: string): Deletion | Refusal {
    return this.#deletions.told(job);
  }

  gone(mark: string | undefined): GoneHunts {
    return this.#deletions.gone(mark);
  }

  #unlist(hunt: string): void {
    this.#sql.exec("DELETE FROM hunt WHERE id = ?", hunt);
    this.#changes += 1;
  }

  // ── Organisers ──────────────────────────────────────────────────────────

  organisers(): OrganiserList {
    return this.#organisers.list();
  }

  setOrganisers(
    organisers: readonly Organiser[],
    version: number | undefined,
    by: Actor,
  ): OrganiserList | Refusal {
    const list = this.#organisers.replace(organisers, version);
    if ("refused" in list) return list;
    const detail = { version: list.version, organisers: list.organisers.length };
    this.#audit.record({ ...by, at: Date.now(), action: "organisers", detail });
    return list;
  }

  listed(email: string): Organiser | undefined {
    return this.#organisers.listed(email);
  }

  revokeTokens({ reason, ...named }: RevokeBody, by: Actor, now: number): Refusal | undefined {
    const refused = this.#organisers.revoke(named, now);
    if (refused) return refused;
    this.#audit.record({ ...by, at: now, action: "revoke-token", detail: { ...named, reason } });
    return undefined;
  }

  revocations(mark: string | undefined): Revocations {
    return this.#organisers.revocations(mark);
  }

  audit(before: number | undefined, limit: number): AuditPage {
    return this.#audit.list(before, limit);
  }

  /** `limit` below 0: all. */
  #ids(limit: number): string[] {
    this.#isChecked ||= hasAllRows(this.#sql, "hunt");
    if (!this.#isChecked) throw new Damaged("the list of hunts");
    const rows = this.#sql
      .exec<{ id: string; bytes: ArrayBuffer; sum: string | null }>(
        "SELECT id, CAST(id AS BLOB) AS bytes, sum FROM hunt ORDER BY id LIMIT ?",
        limit,
      )
      .toArray();
    const ids = rows.map(({ id, bytes, sum }) =>
      this.#checks.isIntact(sum, id) ? id : this.#mended(bytes, sum),
    );
    return [...new Set(ids)].sort();
  }

  /** A hunt that is missing here does not exist for those who ask for it: so nothing is said rather than that. */
  #mended(bytes: ArrayBuffer, sum: string | null): string {
    const [id] = unflipped(sum, [new Uint8Array(bytes)]) ?? [];
    if (typeof id !== "string") throw new Damaged("the list of hunts");
    this.#sql.exec("DELETE FROM hunt WHERE CAST(id AS BLOB) = ?", bytes);
    this.add(id);
    tellMended("the list of hunts");
    return id;
  }
}
