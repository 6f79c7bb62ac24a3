/**
 * `OriginStore` on PostgreSQL, meant for Hyperdrive: a Worker connects to the
 * pool next door, and may not keep a connection beyond the request it was made in.
 *
 * A call is one transaction of one statement, written in one go and done in
 * one round trip: BEGIN with the time limit, the statement, COMMIT. The limit
 * travels with the transaction because a pool in transaction mode keeps no
 * session settings, and as a startup parameter many poolers refuse it.
 */
import { Client, types } from "pg";
import type { GivenField, OriginSums, OriginTeam } from "../protocol.ts";
import { orAborted } from "./abort.ts";
import { POSTGRES, type Statement } from "./dialect.ts";
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

/** Idle connections held for the next call: the connections a Worker may have open at once. */
const IDLE_MAX = 6;

/** close() gives connections this long to end as the protocol wants it, ms. */
const CLOSE_WAIT = 200;

/** pg_type.oid of bigint, which pg would give as text; ours are all safe integers. */
const BIGINT = 20;

const reads = new Reads(POSTGRES);
const writes = new Writes(POSTGRES);

export interface PostgresOptions {
  /** The server ends a statement that takes longer, ms. */
  statementTimeout: number;
}

export class PostgresOrigin implements OriginStore {
  readonly driver = "postgres";
  readonly #url: string;
  readonly #begin: string;
  readonly #idle = new Set<Client>();
  #closed = false;

  /** Of one request or one queue batch; `close()` it at the end. */
  constructor(connectionString: string, { statementTimeout }: PostgresOptions) {
    this.#url = connectionString;
    this.#begin = `BEGIN; SET LOCAL statement_timeout = ${Math.max(1, Math.round(statementTimeout))}`;
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
    const rows = await this.#run(eraseStatements(POSTGRES, hunt), signal);
    return isErased(rows[0]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const clients = [...this.#idle];
    this.#idle.clear();
    await Promise.all(clients.map(goodbye));
  }

  /** Runs the statements as one transaction and gives the first one's rows. */
  async #run(statements: Statement[], signal: AbortSignal | undefined): Promise<Record<string, unknown>[]> {
    signal?.throwIfAborted();
    if (statements.length === 0) return [];
    const [idle] = this.#idle;
    const client = idle ?? this.#newClient();
    this.#idle.delete(client);
    try {
      if (!idle) await orAborted(client.connect(), signal);
      const [, first] = await orAborted(
        Promise.all([
          client.query(this.#begin),
          ...statements.map(({ sql, parameters }) => client.query(sql, [...parameters])),
          client.query("COMMIT"),
        ]),
        signal,
      );
      if (this.#closed || this.#idle.size >= IDLE_MAX) void goodbye(client);
      else this.#idle.add(client);
      return (first?.rows ?? []) as Record<string, unknown>[];
    } catch (error) {
      cut(client);
      if (isRejection(error)) throw new OriginRejected(error.message, { cause: error });
      throw error;
    }
  }

  #newClient(): Client {
    const client = new Client({
      connectionString: this.#url,
      pipeline: true,
      application_name: "treasure-hunt-engine",
      types: {
        getTypeParser: (oid: number, format?: "text" | "binary") =>
          oid === BIGINT ? Number : types.getTypeParser(oid, format as "text"),
      },
    });
    // Also emitted when the server ends an idle connection; a running call gets the error itself.
    client.on("error", () => this.#idle.delete(client));
    client.on("end", () => this.#idle.delete(client));
    return client;
  }
}

/** Ends a connection now, whatever the server does. */
function cut(client: Client): void {
  client.connection.stream.destroy();
}

/** Ends an idle connection as the protocol wants it, or by force when the server does not answer. */
async function goodbye(client: Client): Promise<void> {
  let waiting: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise<void>((done) => {
    waiting = setTimeout(done, CLOSE_WAIT);
  });
  await Promise.race([client.end(), tooLong]);
  clearTimeout(waiting);
  cut(client);
}

/** Classes 22 (data exception) and 23 (integrity constraint violation) of the SQL standard's SQLSTATE. */
function isRejection(error: unknown): error is Error & { code: string } {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === "string" && /^2[23][0-9A-Z]{3}$/.test(code);
}
