/**
 * The platform's counters of requests. Here they count to a tenth or less of what wrangler.toml says, and for a
 * minute: the local ones take a millisecond a request, so that a busy machine never comes to the figures of
 * production before their ten seconds are over.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readBundle } from "../../scripts/local/bundle.ts";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { type Answer, Client, expectProblem } from "./client.ts";
import { manyClues } from "./hunts.ts";

const LIMITS = { PLAYER_RATE: 20, ADDRESS_RATE: 40 };
const MINUTE = 60;

let folder: string;
let engine: Engine;
let client: Client;

/** The present engine with these counters, as a kept bundle (scripts/local/kept-bundle.ts). */
async function bundleWith(limits: Record<string, number>): Promise<string> {
  const { worker, migrations, modules } = await readBundle();
  const ratelimits = Object.fromEntries(
    Object.entries(limits).map(([name, limit]) => [name, { simple: { limit, period: MINUTE } }]),
  );
  const rates = { ...worker.ratelimits } as Record<string, object>;
  for (const [name, rate] of Object.entries(ratelimits)) rates[name] = { ...rates[name], ...rate };
  const description = { worker: { ...worker, ratelimits: rates }, migrations };
  const [code] = modules;
  await writeFile(join(folder, "description.json"), JSON.stringify(description));
  await writeFile(
    join(folder, "worker.js.br"),
    brotliCompressSync(String(code?.contents), { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
  );
  return folder;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hunt-rates-"));
  // Addresses are what this test says: it is the proxy in front.
  engine = await startEngine({
    bundle: await bundleWith(LIMITS),
    vars: { TRUST_PROXY: "on", RATE_LIMITS: "on" },
  });
  client = await Client.of(engine);
  await client.publish("rates", manyClues(1));
});
afterAll(async () => {
  await engine?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Sends until one is refused; twice the limit and one at most, because the minute may end among them. */
async function untilRefused(limit: number, send: () => Promise<Answer>): Promise<Answer> {
  for (let sent = 0; sent <= 2 * limit; sent += 1) {
    const answer = await send();
    if (answer.status === 429) {
      expect(sent).toBeGreaterThanOrEqual(limit);
      return answer;
    }
    expect(answer.status, answer.text).toBe(200);
  }
  throw new Error("nothing was refused");
}

test("[API-7] a player, by token, gets rate_limited with Retry-After; another player is not held up", async () => {
  const [loud, calm] = [await client.team("rates", "Loud"), await client.team("rates", "Calm")];
  const look = (token: string) => client.call("GET", "/v1/hunts/rates/me", { token });
  expectProblem(await untilRefused(LIMITS.PLAYER_RATE, () => look(loud.token)), "rate_limited");
  expect((await look(calm.token)).status).toBe(200);
});

test("[API-7] a reader without a token, by address; another address is not held up", async () => {
  const read = (path: string, address: string) =>
    client.call("GET", path, { headers: { "cf-connecting-ip": address } });
  const hunt = "/v1/hunts/rates";
  const refused = await untilRefused(LIMITS.ADDRESS_RATE, () => read(hunt, "198.51.100.7"));
  expectProblem(refused, "rate_limited");
  // It asks the directory and the gate, of which there is one each.
  const ready = await untilRefused(LIMITS.ADDRESS_RATE, () => read("/readyz", "198.51.100.9"));
  expectProblem(ready, "rate_limited");
  expect((await read(hunt, "198.51.100.8")).status).toBe(200);
});

test("[API-7] what a player and an address may ask for in production", async () => {
  const { worker } = await readBundle();
  expect(worker.ratelimits).toMatchObject({
    PLAYER_RATE: { simple: { limit: 300, period: 10 } },
    ADDRESS_RATE: { simple: { limit: 3_000, period: 10 } },
  });
});
