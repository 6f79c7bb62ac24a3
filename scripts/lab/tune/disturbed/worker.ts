/**
 * The engine's Worker with its calls counted (scripts/lab/bench/counting) and its
 * origin disturbed. `PUT /-/disturb` sets the disturbance, `GET /-/seen` tells
 * what came of it.
 */
import type { Env } from "../../../../src/objects/env.ts";
import counting, * as objects from "../../bench/counting/worker.ts";

type ObjectClass = new (ctx: DurableObjectState, env: Env) => object;

/** What every call on the origin takes longer, ms. */
let originDelay = 0;

const seen = { facts: 0, messages: 0, ageSum: 0, inFlight: 0, mostInFlight: 0 };

/** The origin's calls, which come one batch each. */
function slowed(database: D1Database): D1Database {
  return new Proxy(database, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (key !== "batch") return typeof value === "function" ? value.bind(target) : value;
      return async (statements: D1PreparedStatement[]) => {
        seen.inFlight += 1;
        seen.mostInFlight = Math.max(seen.mostInFlight, seen.inFlight);
        try {
          if (originDelay > 0) await new Promise((done) => setTimeout(done, originDelay));
          return await target.batch(statements);
        } finally {
          seen.inFlight -= 1;
        }
      };
    },
  });
}

const environments = new WeakMap<object, Env>();

function disturbed(env: Env): Env {
  const known = environments.get(env);
  if (known) return known;
  const made: Env = { ...env, ORIGIN_DB: slowed(env.ORIGIN_DB) };
  environments.set(env, made);
  return made;
}

function within<Class extends ObjectClass>(Base: Class): Class {
  class Disturbed extends (Base as ObjectClass) {
    constructor(ctx: DurableObjectState, env: Env) {
      super(ctx, disturbed(env));
    }
  }
  return Disturbed as unknown as Class;
}

export const HuntShard = within(objects.HuntShard);
export const Leaderboard = within(objects.Leaderboard);
export const LiveBoard = within(objects.LiveBoard);
export const HuntControl = within(objects.HuntControl);
export const NameRegistry = within(objects.NameRegistry);
export const HuntDirectory = within(objects.HuntDirectory);
export const PrizeVault = within(objects.PrizeVault);
export const DeadLetters = within(objects.DeadLetters);
export const OriginGate = within(objects.OriginGate);
export const MetricsHub = within(objects.MetricsHub);

/** Notes how old the facts of a batch are now that the origin has them. */
function note(batch: MessageBatch<unknown>): void {
  const now = Date.now();
  for (const { body } of batch.messages) {
    if (typeof body !== "string") continue;
    const { facts } = JSON.parse(body) as { facts?: { at: number }[] };
    if (!facts) continue;
    seen.messages += 1;
    seen.facts += facts.length;
    for (const { at } of facts) seen.ageSum += now - at;
  }
}

export default {
  async fetch(request, env, ctx) {
    if (request.url.endsWith("/-/seen")) return Response.json(seen);
    if (request.url.endsWith("/-/disturb")) {
      ({ originDelay } = await request.json<{ originDelay: number }>());
      seen.mostInFlight = 0;
      return Response.json({ originDelay });
    }
    return counting.fetch(request, disturbed(env), ctx);
  },
  async queue(batch, env, ctx) {
    await counting.queue(batch, disturbed(env), ctx);
    note(batch);
  },
} satisfies ExportedHandler<Env>;
