/** What the organiser's routes share: who asks, and the objects they ask. */
import { controlStub } from "../objects/call.ts";
import type { Actor } from "../objects/control.ts";
import type { Env } from "../objects/env.ts";
import { requireOrganiser } from "./auth.ts";
import { huntEntry } from "./hunt.ts";
import type { Request$ } from "./openapi.ts";

export const JSON_BODY = ["application/json"];

/** The shards that took part, in order. Throws `not_found` for a hunt that does not exist. */
export async function shardsOf(env: Env, hunt: string, now: number): Promise<string[]> {
  await huntEntry(env, hunt, now);
  return (await control(env, hunt).shards()).sort();
}

export function control(env: Env, hunt: string) {
  return controlStub(env, hunt);
}

/** The organiser behind the request; throws `unauthenticated`. */
export async function organiserOf(c: Request$): Promise<Actor> {
  const { subject } = await requireOrganiser(c.env, c.req.header("authorization"), c.get("now"));
  return { actor: subject, request: c.get("requestId") };
}
