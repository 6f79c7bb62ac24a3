/** Which keys the hunts were made with, and which of them are gone. */
import type { Keys } from "../contract/ops.ts";
import { controlStub, directoryStub } from "../objects/call.ts";
import type { Env } from "../objects/env.ts";
import { hasKey } from "../secrets.ts";
import { inLanes } from "./backlog.ts";

/** Hunts asked, at most. */
const HUNTS_MAX = 500;

export async function missingKeys(env: Env): Promise<Keys> {
  const hunts = await directoryStub(env).list();
  const asked = hunts.slice(0, HUNTS_MAX);
  const missing: Keys["missing"] = [];
  let unknown = hunts.length - asked.length;
  await inLanes(asked, async (hunt) => {
    try {
      missing.push(...(await missingOf(env, hunt)));
    } catch (error) {
      console.warn({ message: "a hunt's keys are unknown", error: String(error) });
      unknown += 1;
    }
  });
  return { missing: missing.sort(byHunt), unknown };
}

const byHunt = (a: { hunt: string }, b: { hunt: string }): number =>
  a.hunt === b.hunt ? 0 : a.hunt < b.hunt ? -1 : 1;

async function missingOf(env: Env, hunt: string): Promise<Keys["missing"]> {
  const { pepper, codeKey } = await controlStub(env, hunt).keyIds();
  const missing: Keys["missing"] = [];
  if (pepper !== undefined && !hasKey("ANSWER_PEPPERS", env.ANSWER_PEPPERS, pepper)) {
    const affects =
      "answers and scans are refused with 503 until the key is back or the hunt is published again";
    missing.push({ hunt, secret: "ANSWER_PEPPERS", key: pepper, affects });
  }
  if (codeKey !== undefined && !hasKey("CODE_KEYS", env.CODE_KEYS, codeKey)) {
    const affects =
      "made scan codes cannot be printed or published again, claims of prizes with made codes are refused with 503";
    missing.push({ hunt, secret: "CODE_KEYS", key: codeKey, affects });
  }
  return missing;
}
