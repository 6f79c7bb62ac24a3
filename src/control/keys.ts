/** Which keys the hunts were made with, and which of them are gone: what depends on those is refused, and told here. */
import type { Keys } from "../contract/ops.ts";
import { controlStub, directoryStub } from "../objects/call.ts";
import type { Env } from "../objects/env.ts";
import { hasKey } from "../secrets.ts";

/** Hunts asked, at most, and how many at a time. */
const HUNTS_MAX = 500;
const WIDTH = 20;

export async function missingKeys(env: Env): Promise<Keys> {
  const hunts = await directoryStub(env).list();
  const asked = hunts.slice(0, HUNTS_MAX);
  const missing: Keys["missing"] = [];
  let unknown = hunts.length - asked.length;
  for (let from = 0; from < asked.length; from += WIDTH) {
    const group = await Promise.all(
      asked.slice(from, from + WIDTH).map((hunt) => missingOf(env, hunt).catch(() => undefined)),
    );
    for (const found of group) {
      if (found) missing.push(...found);
      else unknown += 1;
    }
  }
  return { missing, unknown };
}

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
