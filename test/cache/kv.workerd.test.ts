/** What an isolate believes of KV: signed entries, and old ones only while control confirms them. */
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { boardKey, publicKey } from "../../src/cache/entry.ts";
import { boardPage, forgetHunt, publicHunt } from "../../src/cache/kv.ts";
import { signedText } from "../../src/cache/signed.ts";
import { HuntControl } from "../../src/control/object.ts";
import type { PublicEntry } from "../../src/objects/control.ts";
import { control, makeOrigin, publish, setPhase } from "../shard/workerd.ts";

beforeAll(makeOrigin);
afterEach(() => {
  vi.restoreAllMocks();
});

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const told = async (hunt: string): Promise<PublicEntry> => (await control(hunt).publicEntry()) as PublicEntry;
const seen = async (hunt: string, now: number) => publicHunt(env, hunt, now);
const lie = (entry: PublicEntry): string =>
  JSON.stringify({ ...entry, revision: entry.revision + 9, phase: { ...entry.phase, paused: true } });

test("[SEC-100] a well-formed lie in KV is not believed, whoever's signature it carries", async () => {
  await publish("lied");
  await setPhase("lied", "live");
  const entry = await told("lied");
  const key = publicKey("lied");
  const now = Date.now();
  const lies = [
    lie(entry),
    signedText(env, publicKey("other"), lie(entry), now),
    signedText(env, key, JSON.stringify(entry), now).replace('"paused":false', '"paused":true'),
  ];
  for (const [index, text] of lies.entries()) {
    await env.CACHE.put(key, text);
    forgetHunt("lied");
    expect(await seen("lied", now + index * HOUR)).toEqual(entry);
  }
});

test("[SEC-101] an old entry that is put back holds no longer than HUNT_KV_MAX_AGE_MS", async () => {
  await publish("replayed");
  await setPhase("replayed", "live");
  const key = publicKey("replayed");
  const old = signedText(env, key, JSON.stringify(await told("replayed")), Date.now());
  await setPhase("replayed", "paused");
  await env.CACHE.put(key, old);
  forgetHunt("replayed");
  const later = Date.now() + 2 * MINUTE;
  expect(await seen("replayed", later)).toMatchObject({ phase: { paused: true } });
  // And from then on, whatever KV repeats.
  expect(await seen("replayed", later + 10_000)).toMatchObject({ phase: { paused: true } });
  expect(await seen("replayed", later + 2 * MINUTE)).toMatchObject({ phase: { paused: true } });
});

test("[SEC-101] control is asked about an old entry once in that time; while it is away the entry is used", async () => {
  await publish("aged");
  const key = publicKey("aged");
  const entry = await told("aged");
  const begun = Date.now();
  await env.CACHE.put(key, signedText(env, key, JSON.stringify(entry), begun - HOUR));
  const asked = vi.spyOn(HuntControl.prototype, "publicEntry");
  for (let second = 0; second < 50; second += 5) {
    expect(await seen("aged", begun + second * 1_000)).toEqual(entry);
  }
  expect(asked).toHaveBeenCalledTimes(1);
  asked.mockImplementation(() => {
    throw new Error("away");
  });
  expect(await seen("aged", begun + 10 * MINUTE)).toEqual(entry);
});

test("[SEC-100] the published standings are signed as well", async () => {
  await publish("board-lied");
  const now = Date.now();
  const empty = await boardPage(env, "board-lied", { offset: 0, limit: 10, organiser: false }, now);
  const entry = { v: 1, hunt: "board-lied", at: now, asOf: now, frozen: false, total: 7, entries: [] };
  const key = boardKey("board-lied");
  const read = async (text: string) => {
    await env.CACHE.put(key, text);
    forgetHunt("board-lied");
    return (await boardPage(env, "board-lied", { offset: 0, limit: 10, organiser: false }, now)).total;
  };
  expect(await read(JSON.stringify(entry))).toBe(empty.total);
  expect(await read(signedText(env, key, JSON.stringify({ ...entry, at: now + HOUR }), now))).toBe(0);
  expect(await read(signedText(env, key, JSON.stringify(entry), now))).toBe(7);
});
