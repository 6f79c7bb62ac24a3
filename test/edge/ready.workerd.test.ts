import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { makeApp } from "../../src/edge/app.ts";

const app = makeApp();

const ready = async (secrets: object): Promise<{ status: number; body: unknown }> => {
  const response = await app.fetch(
    new Request("http://engine.test/readyz"),
    { ...env, ...secrets },
    createExecutionContext(),
  );
  return { status: response.status, body: await response.json() };
};

test.each(["PLAYER_TOKEN_KEYS", "ORGANISER_TOKEN_KEYS", "ANSWER_PEPPERS", "CODE_KEYS"])(
  "[SEC-85] an engine is ready only when a hunt can be published: %s missing or weak",
  async (name) => {
    const dependencies = { objects: true, kv: true, origin: true };
    expect(await ready({})).toEqual({
      status: 200,
      body: { ok: true, dependencies: { ...dependencies, secrets: true } },
    });
    for (const value of [undefined, "", "k1:c2hvcnQ", "no ring"]) {
      const body = { ok: false, dependencies: { ...dependencies, secrets: false } };
      expect(await ready({ [name]: value })).toEqual({ status: 503, body });
    }
  },
);
