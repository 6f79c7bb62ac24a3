/**
 * The engine's Worker with a clock that can be set wrong: stands before it as
 * the entry module. Everything of one local engine runs in one isolate, so all
 * its objects see the same time. `GET /-/clock?ahead=MS` sets it; alarms and
 * KV go by the platform's own clock.
 */
import type { Env } from "../../../../src/objects/env.ts";
import engine from "../../../../src/worker.ts";

export * from "../../../../src/worker.ts";

const RightDate = Date;
let ahead = 0;

globalThis.Date = new Proxy(RightDate, {
  construct: (target, given) =>
    Reflect.construct(target, given.length === 0 ? [target.now() + ahead] : given),
  get: (target, key) => (key === "now" ? () => target.now() + ahead : Reflect.get(target, key)),
});

export default {
  fetch(request, env, ctx) {
    const url = new URL(request.url);
    if (url.pathname !== "/-/clock") return engine.fetch(request, env, ctx);
    ahead = Number(url.searchParams.get("ahead"));
    return new Response(null, { status: 204 });
  },
  queue: (batch, env, ctx) => engine.queue(batch, env, ctx),
} satisfies ExportedHandler<Env>;
