/**
 * The engine's Worker with every billed call counted: stands before it as the
 * entry module. Everything of one local engine runs in one isolate, so one set
 * of counts sees all of it. `GET /-/counts` tells them.
 */
import type { Env } from "../../../../src/objects/env.ts";
import engine, * as objects from "../../../../src/worker.ts";

type ObjectClass = new (ctx: DurableObjectState, env: Env) => object;

/** By the names of `scripts/lab/bench/prices.ts`. */
const counts: Record<string, number> = {};

function count(name: string, by = 1): void {
  counts[name] = (counts[name] ?? 0) + by;
}

/** A queue operation is billed for each 64 KB begun; each message is written, read and deleted. */
const QUEUE_CHUNK = 64 * 1_024;
const QUEUE_OPERATIONS = 3;

/** Cursors whose rows read are counted when they have been read to their end. */
let cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];

const watched = new WeakSet<object>();

/** Counts the rows of an object's storage, where the platform's own prototype can be reached. */
function watch(storage: DurableObjectStorage): void {
  const sql = Object.getPrototypeOf(storage.sql) as SqlStorage;
  if (watched.has(sql)) return;
  watched.add(sql);
  const { exec } = sql;
  sql.exec = function counted(this: SqlStorage, ...args: Parameters<typeof exec>) {
    const cursor = exec.apply(this, args);
    count("rowsWritten", cursor.rowsWritten);
    cursors.push(cursor);
    if (cursors.length > 1_000) readCursors();
    return cursor;
  } as typeof exec;
  const kept = Object.getPrototypeOf(storage) as DurableObjectStorage;
  const { setAlarm, put } = kept;
  kept.setAlarm = function counted(this: DurableObjectStorage, ...args: Parameters<typeof setAlarm>) {
    count("rowsWritten");
    return setAlarm.apply(this, args);
  };
  kept.put = function counted(this: DurableObjectStorage, ...args: Parameters<typeof put>) {
    count("rowsWritten");
    return put.apply(this, args);
  } as typeof put;
}

function readCursors(): void {
  for (const cursor of cursors) count("rowsRead", cursor.rowsRead);
  cursors = [];
}

function countedNamespace<Namespace extends DurableObjectNamespace>(name: string, namespace: Namespace) {
  return new Proxy(namespace, {
    get(target, key) {
      if (key !== "getByName") return bound(target, key);
      return (object: string, options?: DurableObjectNamespaceGetDurableObjectOptions) =>
        countedStub(name, target.getByName(object, options));
    },
  });
}

function countedStub(name: string, stub: DurableObjectStub): DurableObjectStub {
  return new Proxy(stub, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        count("objectRequests");
        count(`objectRequests ${name}.${String(key)}`);
        const method = (target as unknown as Record<PropertyKey, (...args: unknown[]) => unknown>)[key];
        if (!method) throw new Error("the method vanished");
        return Reflect.apply(method, target, args);
      };
    },
  });
}

function bound(target: object, key: PropertyKey): unknown {
  const value: unknown = Reflect.get(target, key, target);
  return typeof value === "function" ? value.bind(target) : value;
}

/** Counts calls of these names; others pass uncounted. */
function countedCalls<Target extends object>(
  target: Target,
  names: Record<string, (args: unknown[]) => void>,
) {
  return new Proxy(target, {
    get(_, key) {
      const value = bound(target, key);
      const counted = typeof key === "string" ? names[key] : undefined;
      if (!counted || typeof value !== "function") return value;
      return (...args: unknown[]) => {
        counted(args);
        return value(...args);
      };
    },
  });
}

function countedQueue(queue: Queue<string>): Queue<string> {
  const message = (body: unknown): void => {
    const bytes = new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body)).length;
    count("queueMessages");
    count("queueOperations", QUEUE_OPERATIONS * Math.ceil(bytes / QUEUE_CHUNK));
  };
  return countedCalls(queue, {
    send: ([body]) => message(body),
    sendBatch: ([messages]) => {
      for (const { body } of messages as { body: unknown }[]) message(body);
    },
  });
}

function countedDatabase(database: D1Database): D1Database {
  return new Proxy(database, {
    get(target, key) {
      if (key !== "batch") return bound(target, key);
      return async (statements: D1PreparedStatement[]) => {
        const results = await target.batch(statements);
        for (const { meta } of results) {
          count("d1RowsWritten", meta.rows_written);
          count("d1RowsRead", meta.rows_read);
        }
        return results;
      };
    },
  });
}

const environments = new WeakMap<object, Env>();

function countedEnv(env: Env): Env {
  const known = environments.get(env);
  if (known) return known;
  const made: Env = {
    ...env,
    SHARD: countedNamespace("SHARD", env.SHARD),
    LEADERBOARD: countedNamespace("LEADERBOARD", env.LEADERBOARD),
    LIVE_BOARD: countedNamespace("LIVE_BOARD", env.LIVE_BOARD),
    CONTROL: countedNamespace("CONTROL", env.CONTROL),
    NAMES: countedNamespace("NAMES", env.NAMES),
    DIRECTORY: countedNamespace("DIRECTORY", env.DIRECTORY),
    PRIZES: countedNamespace("PRIZES", env.PRIZES),
    DEAD_LETTERS: countedNamespace("DEAD_LETTERS", env.DEAD_LETTERS),
    GATE: countedNamespace("GATE", env.GATE),
    METRICS: countedNamespace("METRICS", env.METRICS),
    CACHE: countedCalls(env.CACHE, {
      get: () => count("kvReads"),
      getWithMetadata: () => count("kvReads"),
      put: () => count("kvWrites"),
      delete: () => count("kvWrites"),
      list: () => count("kvWrites"),
    }),
    FACTS: countedQueue(env.FACTS),
    DEAD: countedQueue(env.DEAD),
    ORIGIN_DB: countedDatabase(env.ORIGIN_DB),
  };
  environments.set(env, made);
  return made;
}

function counted<Class extends ObjectClass>(Base: Class): Class {
  class Counted extends (Base as ObjectClass) {
    constructor(ctx: DurableObjectState, env: Env) {
      watch(ctx.storage);
      super(ctx, countedEnv(env));
    }
  }
  const { alarm, webSocketMessage } = Base.prototype as Partial<DurableObject>;
  const prototype = Counted.prototype as Partial<DurableObject>;
  if (alarm) {
    prototype.alarm = function alarmed(this: DurableObject, info) {
      count("objectRequests");
      count("objectRequests alarm");
      return alarm.call(this, info);
    };
  }
  if (webSocketMessage) {
    prototype.webSocketMessage = function received(this: DurableObject, socket, message) {
      count("socketMessages");
      return webSocketMessage.call(this, socket, message);
    };
  }
  return Counted as unknown as Class;
}

export const HuntShard = counted(objects.HuntShard);
export const Leaderboard = counted(objects.Leaderboard);
export const LiveBoard = counted(objects.LiveBoard);
export const HuntControl = counted(objects.HuntControl);
export const NameRegistry = counted(objects.NameRegistry);
export const HuntDirectory = counted(objects.HuntDirectory);
export const PrizeVault = counted(objects.PrizeVault);
export const DeadLetters = counted(objects.DeadLetters);
export const OriginGate = counted(objects.OriginGate);
export const MetricsHub = counted(objects.MetricsHub);

export default {
  fetch(request, env, ctx) {
    if (request.url.endsWith("/-/counts")) {
      readCursors();
      return Response.json(counts);
    }
    count("workerRequests");
    return engine.fetch(request, countedEnv(env), ctx);
  },
  queue(batch, env, ctx) {
    count("workerRequests");
    count("workerRequests queue");
    return engine.queue(batch, countedEnv(env), ctx);
  },
} satisfies ExportedHandler<Env>;
