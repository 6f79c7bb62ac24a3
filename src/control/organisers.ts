/**
 * Who may sign in as an organiser, and which tokens are void: tables of the one
 * directory object, as both are of no hunt.
 */

import {
  type Checksums,
  checksumOf,
  Damaged,
  hasAllRows,
  tellMended,
  unflipped,
  withChecksums,
} from "../checksum.ts";
import type { Organiser, RevokeBody } from "../contract/organisers.ts";
import type { Refusal } from "../errors.ts";
import type { Sql } from "../lazy-sql.ts";
import type { OrganiserList, Revocations } from "../objects/names.ts";

/** Entries at most; each voids a token or a person's. */
const REVOKED_MAX = 2_000;

/** How long an entry is kept, ms: longer than any token that `hunt token` makes lives. */
const REVOKED_KEPT = 400 * 86_400_000;

const ORGANISER_SCHEMA = `CREATE TABLE IF NOT EXISTS organiser (
  email TEXT PRIMARY KEY,
  entry TEXT NOT NULL, -- JSON
  sum TEXT NOT NULL DEFAULT '-' -- of the entry
) WITHOUT ROWID`;

// One row. The list has a version, so that nobody replaces one that they have not seen.
const VERSION_SCHEMA = `CREATE TABLE IF NOT EXISTS organiser_version (
  id INTEGER PRIMARY KEY,
  version INTEGER NOT NULL,
  people INTEGER NOT NULL,
  sum TEXT NOT NULL DEFAULT '-' -- of version and people
)`;

// kind: "token" or "sub". at: epoch ms.
const REVOKED_SCHEMA = `CREATE TABLE IF NOT EXISTS revoked (
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  at INTEGER NOT NULL,
  sum TEXT NOT NULL DEFAULT '-', -- of the others
  PRIMARY KEY (kind, name)
) WITHOUT ROWID`;

const LIST = "the list of organisers";
const REVOKED = "the list of void tokens";

export class OrganiserStore {
  readonly #sql: Sql;
  readonly #people: Checksums;
  readonly #versions: Checksums;
  readonly #voids: Checksums;
  /** Names this life of the object and counts its changes. */
  readonly #life = crypto.randomUUID();
  #changes = 0;
  /** No row was hidden when this instance began to read. */
  #isChecked = false;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#people = withChecksums(sql, "organiser", ORGANISER_SCHEMA);
    this.#versions = withChecksums(sql, "organiser_version", VERSION_SCHEMA);
    this.#voids = withChecksums(sql, "revoked", REVOKED_SCHEMA);
  }

  list(): OrganiserList {
    const { version, people } = this.#version();
    const organisers = this.#sql
      .exec<{ entry: string; sum: string | null }>("SELECT entry, sum FROM organiser ORDER BY email")
      .toArray()
      .map(({ entry, sum }) => {
        if (!this.#people.isIntact(sum, entry)) throw new Damaged(LIST);
        return JSON.parse(entry) as Organiser;
      });
    // A hidden row would be somebody who left.
    if (organisers.length !== people) throw new Damaged(LIST);
    return { version, organisers };
  }

  /** Replaces the list; `version` undefined: whatever it is. */
  replace(organisers: readonly Organiser[], version: number | undefined): OrganiserList | Refusal {
    const present = this.#version().version;
    if (version !== undefined && version !== present) {
      return {
        refused: "precondition_failed",
        detail: `the list is at version ${present} by now: read it, and change that one`,
      };
    }
    const next = present + 1;
    const people = organisers.length;
    this.#sql.exec(
      "INSERT OR REPLACE INTO organiser_version (id, version, people, sum) VALUES (1, ?, ?, ?)",
      next,
      people,
      checksumOf(next, people),
    );
    this.#sql.exec("DELETE FROM organiser");
    for (const one of organisers) {
      const entry = JSON.stringify(one);
      this.#sql.exec(
        "INSERT INTO organiser (email, entry, sum) VALUES (?, ?, ?)",
        one.email,
        entry,
        checksumOf(entry),
      );
    }
    return this.list();
  }

  /** The hunt is deleted: another one of its id is nobody's by a right that named it. */
  dropHunt(hunt: string): void {
    const { organisers } = this.list();
    if (!organisers.some(({ hunts }) => hunts.includes(hunt))) return;
    const rest = organisers
      .map((one) => ({ ...one, hunts: one.hunts.filter((named) => named !== hunt) }))
      .filter(({ hunts }) => hunts.length > 0);
    this.replace(rest, undefined);
  }

  /** Of `email`, in lower case; undefined: it is not in the list. */
  listed(email: string): Organiser | undefined {
    return this.list().organisers.find((one) => one.email === email);
  }

  /** Voids; an entry that is there already is of now. `now`: epoch ms. */
  revoke({ token, sub }: Pick<RevokeBody, "token" | "sub">, now: number): Refusal | undefined {
    this.#sql.exec("DELETE FROM revoked WHERE at < ?", now - REVOKED_KEPT);
    const named: [kind: "token" | "sub", name: string][] = [];
    if (token !== undefined) named.push(["token", token]);
    if (sub !== undefined) named.push(["sub", sub]);
    const [count] = this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM revoked").toArray();
    if ((count?.n ?? 0) + named.length > REVOKED_MAX) {
      return {
        refused: "conflict",
        detail: `${REVOKED_MAX} tokens and persons are void: turn ORGANISER_TOKEN_KEYS, which voids every token`,
      };
    }
    for (const [kind, name] of named) this.#put(kind, name, now);
    this.#changes += 1;
    return undefined;
  }

  /** All that are void, unless the caller has them already: then it names their `mark`. */
  revocations(mark: string | undefined): Revocations {
    const present = `${this.#life}/${this.#changes}`;
    return mark === present ? { mark } : { mark: present, revoked: this.#revoked() };
  }

  #revoked(): NonNullable<Revocations["revoked"]> {
    this.#isChecked ||= hasAllRows(this.#sql, "revoked");
    if (!this.#isChecked) throw new Damaged(REVOKED);
    const rows = this.#sql
      .exec<{ kind: string; name: string; at: number; sum: string | null; k: ArrayBuffer; n: ArrayBuffer }>(
        "SELECT kind, name, at, sum, CAST(kind AS BLOB) AS k, CAST(name AS BLOB) AS n FROM revoked",
      )
      .toArray();
    const told: NonNullable<Revocations["revoked"]> = { tokens: [], subs: [] };
    for (const { kind, name, at, sum, k, n } of rows) {
      const row = this.#voids.isIntact(sum, kind, name, at)
        ? { kind, name, at }
        : this.#mended(k, n, at, sum);
      if (row.kind === "token") told.tokens.push(row.name);
      else told.subs.push({ sub: row.name, at: row.at });
    }
    return told;
  }

  /** A void that nobody can read would let somebody in: so nothing is said rather than that. */
  #mended(k: ArrayBuffer, n: ArrayBuffer, at: number, sum: string | null) {
    const [kind, name, time] = unflipped(sum, [new Uint8Array(k), new Uint8Array(n), at]) ?? [];
    if (typeof kind !== "string" || typeof name !== "string" || typeof time !== "number") {
      throw new Damaged(REVOKED);
    }
    this.#sql.exec("DELETE FROM revoked WHERE CAST(kind AS BLOB) = ? AND CAST(name AS BLOB) = ?", k, n);
    this.#put(kind, name, time);
    tellMended(REVOKED);
    return { kind, name, at: time };
  }

  #put(kind: string, name: string, at: number): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO revoked (kind, name, at, sum) VALUES (?, ?, ?, ?)",
      kind,
      name,
      at,
      checksumOf(kind, name, at),
    );
  }

  /** 0: nobody ever put a list. */
  #version(): { version: number; people: number } {
    const [row] = this.#sql
      .exec<{ version: number; people: number; sum: string | null }>(
        "SELECT version, people, sum FROM organiser_version",
      )
      .toArray();
    if (row && !this.#versions.isIntact(row.sum, row.version, row.people)) throw new Damaged(LIST);
    return { version: row?.version ?? 0, people: row?.people ?? 0 };
  }
}
