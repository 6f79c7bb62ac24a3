/** What an isolate believes of KV: signed entries, and old ones only while control confirms them. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { boardKey, publicKey } from "../../src/cache/entry.ts";
import { boardPage, forgetHunt, publicHunt } from "../../src/cache/kv.ts";
import { openSigned, signedText } from "../../src/cache/signed.ts";
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

test("[CACHE-5] an entry that KV has lost, or that says nothing true, is written again", async () => {
  await publish("lost");
  const key = publicKey("lost");
  const entry = await told("lost");
  for (const spoiled of [undefined, "null"]) {
    // What publishing itself writes a moment later is past.
    await runDurableObjectAlarm(control("lost"));
    if (spoiled === undefined) await env.CACHE.delete(key);
    else await env.CACHE.put(key, spoiled);
    forgetHunt("lost");
    expect(await seen("lost", Date.now())).toEqual(entry);
    expect(await runDurableObjectAlarm(control("lost"))).toBe(true);
    expect(openSigned(env, key, await env.CACHE.get(key))).toBeDefined();
    forgetHunt("lost");
    const asked = vi.spyOn(HuntControl.prototype, "publicEntry");
    expect(await seen("lost", Date.now())).toEqual(entry);
    expect(asked).not.toHaveBeenCalled();
    asked.mockRestore();
  }
});

test("[SEC-100] the published standings are signed as well", async () => {
  await publish("board-lied");
  const now = Date.now();
  const empty = await boardPage(
    env,
    { hunt: { hunt: "board-lied" } },
    { offset: 0, limit: 10, organiser: false },
    now,
  );
  const entry = { v: 1, hunt: "board-lied", at: now, asOf: now, frozen: false, total: 7, entries: [] };
  const key = boardKey("board-lied");
  const read = async (text: string) => {
    await env.CACHE.put(key, text);
    forgetHunt("board-lied");
    return (
      await boardPage(env, { hunt: { hunt: "board-lied" } }, { offset: 0, limit: 10, organiser: false }, now)
    ).total;
  };
  expect(await read(JSON.stringify(entry))).toBe(empty.total);
  expect(await read(signedText(env, key, JSON.stringify({ ...entry, at: now + HOUR }), now))).toBe(0);
  expect(await read(signedText(env, key, JSON.stringify(entry), now))).toBe(7);
});

test("[SEC-49] pages of the standings in memory are bounded by their rows: a flood of large ones fills no isolate", async () => {
  const hunt = "board-flooded";
  await publish(hunt);
  const now = Date.now();
  const entries = Array.from({ length: 500 }, (_, index) => ({
    rank: index + 1,
    team: { id: `t${index}`, name: "T" },
    score: 0,
    solves: 0,
  }));
  const entry = { v: 1, hunt, at: now, asOf: now, frozen: false, total: 500, entries };
  await env.CACHE.put(boardKey(hunt), signedText(env, boardKey(hunt), JSON.stringify(entry), now));
  const asked = vi.spyOn(env.CACHE, "get");
  const read = async (offset: number): Promise<number> => {
    asked.mockClear();
    const page = await boardPage(
      env,
      { hunt: { hunt } },
      { offset, limit: 500 - offset, organiser: false },
      now,
    );
    expect(page.entries).toHaveLength(500 - offset);
    return asked.mock.calls.length;
  };
  for (let offset = 0; offset < 120; offset += 1) expect(await read(offset)).toBe(1);
  // Those of a moment ago are repeated, the oldest is read anew.
  expect(await read(119)).toBe(0);
  expect(await read(60)).toBe(0);
  expect(await read(0)).toBe(1);
});
