/** What every handler finds on its request. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { configOf } from "../config.ts";
import type { Env } from "../objects/env.ts";

/** Whom a response is for: it says what caches and pages of other origins may do with it. */
export type Audience = "everyone" | "player" | "organiser";

export interface Asked {
  audience: Audience;
  /** The response's `X-Request-Id`. */
  requestId: string;
  /** When the request came, epoch ms. */
  now: number;
}

export type AppEnv = { Bindings: Env; Variables: Asked };
export type App = OpenAPIHono<AppEnv>;
export type Request$ = Context<AppEnv>;

/** What a handler's parts need of its context, whatever its role left there. */
export type Asking = Pick<Request$, "env" | "req" | "get" | "executionCtx">;

/** Where players reach the engine, without a slash at the end: what absolute links begin with. */
export const publicOrigin = (c: Pick<Request$, "env" | "req">): string =>
  configOf(c.env).PUBLIC_URL || new URL(c.req.url).origin;

/** The query by its keys; a repeated key has the list of its values, which no schema takes. */
export function queryOf(c: Pick<Request$, "req">): Record<string, string | string[]> {
  const { url } = c.req;
  const start = url.indexOf("?");
  // Without a prototype: `__proto__` is a key like any other.
  const query: Record<string, string | string[]> = Object.create(null);
  if (start < 0) return query;
  for (const [name, value] of new URLSearchParams(url.slice(start))) {
    const before = query[name];
    query[name] = before === undefined ? value : [before, value].flat();
  }
  return query;
}
