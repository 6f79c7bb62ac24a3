/** Opens the origin that the parameter ORIGIN names. */
import { configOf } from "../config.ts";
import { D1Origin } from "./d1.ts";
import { PostgresOrigin } from "./postgres.ts";
import type { OriginStore } from "./store.ts";

export interface OriginBindings {
  ORIGIN_DB: D1Database;
  ORIGIN_POSTGRES?: Hyperdrive;
}

/**
 * For one request or one queue batch: connections do not outlive it on Workers,
 * so `close()` it at the end. Throws when the binding of the chosen origin is missing.
 */
export function openOrigin(env: OriginBindings): OriginStore {
  const { ORIGIN, ORIGIN_TIMEOUT_MS } = configOf(env);
  if (ORIGIN === "d1") return new D1Origin(env.ORIGIN_DB);
  if (!env.ORIGIN_POSTGRES) {
    throw new Error(
      "ORIGIN is postgres, but the Worker has no Hyperdrive binding ORIGIN_POSTGRES: see [[hyperdrive]] in wrangler.toml",
    );
  }
  return new PostgresOrigin(env.ORIGIN_POSTGRES.connectionString, { statementTimeout: ORIGIN_TIMEOUT_MS });
}
