/** `OriginStore` on D1: each call is one batch, and D1 runs a batch as one transaction. */
// By name: tests of engines, which have Node's types only, open this driver too.
import type { D1Database } from "@cloudflare/workers-types";
import type { GivenField, OriginSums, OriginTeam } from "../protocol.ts";
import { orAborted } from "./abort.ts";
import { SQLITE, type Statement } from "./dialect.ts";
import { eraseStatements, isErased } from "./erase.ts";
import { Reads, readFacts, readRegistration, readSignedUp, readSignUp, readSums, readTeam } from "./reads.ts";
import {
  type NamedMessage,
  OriginRejected,
  type OriginStore,
  type Registration,
  type RegistrationToStore,
  type RegistrationToTakeBack,
} from "./store.ts";
import { Writes } from "./writes.ts";

const reads = new Reads(SQLITE);
const writes = new Writes(SQLITE);

export class D1Origin implements OriginStore {
  readonly driver = "d1";
  readonly #database: D1Database;

  constructor(database: D1Database) {
    this.#database = database;
  }

  async apply(message: NamedMessage, signal?: AbortSignal): Promise<void> {
    await this.#run(writes.apply(message), signal);
  }

  async sums(hunt: string, shard: string, signal?: AbortSignal): Promise<OriginSums> {
    const rows = await this.#run([reads.sums(hunt, shard)], signal);
    return readSums(rows[0]);
  }

  async teams(
    hunt: string,
    shard: string,
    after: string,
    limit: number,
    signal?: AbortSignal,
  ): Promise<OriginTeam[]> {
    const rows = await this.#run([reads.teams(hunt, shard, after, limit)], signal);
    return rows.map(readTeam);
  }

  async facts(
    hunt: string,
    shard: string,
    first: number,
    last: number,
    signal?: AbortSignal,
  ): Promise<string[]> {
    const rows = await this.#run([reads.facts(hunt, shard, first, last)], signal);
    return rows.map(readFacts);
  }

  async registration(externalId: string, signal?: AbortSignal): Promise<Registration | undefined> {
    const rows = await this.#run([reads.registration(externalId)], signal);
    return readRegistration(rows[0]);
  }

  async signUp(hunt: string, externalId: string, signal?: AbortSignal): Promise<GivenField[]> {
    const rows = await this.#run([reads.signUp(hunt, externalId)], signal);
    return readSignUp(rows[0]);
  }

  async signUps(hunt: string, after: string, limit: number, signal?: AbortSignal): Promise<Registration[]> {
    const rows = await this.#run([reads.signUps(hunt, after, limit)], signal);
    return rows.map((row) => readSignedUp(hunt, row));
  }

  async register(registrations: readonly RegistrationToStore[], signal?: AbortSignal): Promise<void> {
    await this.#run(writes.register(registrations, Date.now()), signal);
  }

  async unregister(
    registrations: readonly RegistrationToTakeBack[],
    at: number,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#run(writes.unregister(registrations, at, Date.now()), signal);
  }

  async eraseHunt(hunt: string, signal?: AbortSignal): Promise<boolean> {
    const rows = await this.#run(eraseStatements(SQLITE, hunt), signal);
    return isErased(rows[0]);
  }

  async close(): Promise<void> {} // D1 has no connections of ours

  /** Runs the statements as one transaction and gives the first one's rows. */
  async #run(statements: Statement[], signal: AbortSignal | undefined): Promise<Record<string, unknown>[]> {
    signal?.throwIfAborted();
    if (statements.length === 0) return [];
    const prepared = statements.map(({ sql, parameters }) => this.#database.prepare(sql).bind(...parameters));
    try {
      const results = await orAborted(this.#database.batch<Record<string, unknown>>(prepared), signal);
      return results[0]?.results ?? [];
    } catch (error) {
      if (isRejection(error)) throw new OriginRejected((error as Error).message, { cause: error });
      throw error;
    }
  }
}

/** SQLite's result codes, and D1's own, for content it does not take (sqlite.org/rescode.html). */
const REJECTIONS = /SQLITE_CONSTRAINT|SQLITE_MISMATCH|SQLITE_TOOBIG|malformed JSON|D1_TYPE_ERROR/;

function isRejection(error: unknown): boolean {
  return error instanceof Error && REJECTIONS.test(`${error.message} ${String(error.cause ?? "")}`);
}
