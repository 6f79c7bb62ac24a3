/** What every handler finds on its request. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Env } from "../objects/env.ts";

export interface Asked {
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
