/** Takes back the registrations of players who were forgotten: in the origin, through the queue, and in KV. */
import { lookupKey, personDigest } from "../cache/entry.ts";
import type { Env } from "../objects/env.ts";
import { registeringText } from "../queue/registrations.ts";

/** `at`: registrations told up to then, epoch ms. */
export async function takeBack(env: Env, externalIds: readonly string[], at: number): Promise<void> {
  const text = registeringText(env, { takenBack: [...externalIds], at });
  await env.FACTS.send(text, { contentType: "text" });
  for (const externalId of externalIds) await env.CACHE.delete(lookupKey(personDigest(env, externalId)));
}
