import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, expect, test, vi } from "vitest";
import { checksumOf } from "../../src/checksum.ts";
import type { HuntDirectoryObject } from "../../src/objects/names.ts";
import { outcomeOf } from "../shard/workerd.ts";

const by = { actor: "owner", request: "r-1" };
const ada = { email: "ada@example.org", roles: ["owner" as const], hunts: ["*"] };
const bob = { email: "bob@example.org", roles: ["viewer" as const], hunts: ["one", "two"] };
const NOW = Date.parse("2026-06-06T18:00:00Z");
const DAY = 86_400_000;

let name = 0;
let stub: DurableObjectStub<HuntDirectoryObject>;

beforeEach(() => {
  name += 1;
  stub = env.DIRECTORY.getByName(`organisers-${name}`);
});

async function restart(): Promise<void> {
  await outcomeOf(() => runInDurableObject(stub, (_, state) => state.abort("restarted by a test")));
  stub = env.DIRECTORY.getByName(`organisers-${name}`);
}

const run = (query: string): Promise<void> =>
  runInDurableObject(stub, (_, { storage }) => {
    storage.sql.exec(query);
  });

/** Inside the object: an error that crosses to the test would be told as one that nobody caught. */
const damaged = (ask: (object: HuntDirectoryObject) => unknown): Promise<void> =>
  runInDurableObject(stub, (object) => {
    expect(() => ask(object)).toThrow("is not as it was written");
  });

test("[SEC-95] the list has a version, and outlives a restart", async () => {
  expect(await stub.organisers()).toEqual({ version: 0, organisers: [] });
  expect(await stub.setOrganisers([ada], 1, by)).toMatchObject({ refused: "precondition_failed" });
  expect(await stub.setOrganisers([bob, ada], 0, by)).toEqual({ version: 1, organisers: [ada, bob] });
  expect(await stub.setOrganisers([ada], 0, by)).toMatchObject({ refused: "precondition_failed" });
  await restart();
  expect(await stub.organisers()).toEqual({ version: 1, organisers: [ada, bob] });
  expect(await stub.listed(bob.email)).toEqual(bob);
  expect(await stub.listed("eve@example.org")).toBeUndefined();
  expect(await stub.setOrganisers([ada], undefined, by)).toEqual({ version: 2, organisers: [ada] });
  const { entries } = await stub.audit(undefined, 10);
  expect(entries).toMatchObject([
    { actor: "owner", action: "organisers", detail: { version: 2, organisers: 1 } },
    { action: "organisers", detail: { version: 1, organisers: 2 } },
  ]);
});

test("[SEC-95] a list with a row that is gone or changed is not told", async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  await stub.setOrganisers([ada, bob], 0, by);
  await run("UPDATE organiser SET entry = replace(entry, 'viewer', 'owner') WHERE email = 'bob@example.org'");
  await damaged((object) => object.listed(bob.email));
  await run("DELETE FROM organiser WHERE email = 'bob@example.org'");
  await damaged((object) => object.organisers());
  // Whoever puts it anew puts it right.
  expect(await stub.setOrganisers([ada], undefined, by)).toMatchObject({ organisers: [ada] });
});

test("[SEC-94] void tokens are told once, kept over a restart, and dropped when no token lives so long", async () => {
  const { mark } = await stub.revocations(undefined);
  await stub.revokeTokens({ token: "t-1", reason: "lost" }, by, NOW);
  await stub.revokeTokens({ sub: "ada", reason: "left" }, by, NOW + 1);
  const told = await stub.revocations(mark);
  expect(told.revoked).toEqual({ tokens: ["t-1"], subs: [{ sub: "ada", at: NOW + 1 }] });
  expect(await stub.revocations(told.mark)).toEqual({ mark: told.mark });
  await restart();
  expect((await stub.revocations(told.mark)).revoked).toEqual(told.revoked);
  // Again is of then.
  await stub.revokeTokens({ sub: "ada", reason: "left" }, by, NOW + DAY);
  expect((await stub.revocations(undefined)).revoked?.subs).toEqual([{ sub: "ada", at: NOW + DAY }]);
  await stub.revokeTokens({ token: "t-2", reason: "lost" }, by, NOW + 400 * DAY + 1);
  expect((await stub.revocations(undefined)).revoked?.tokens).toEqual(["t-2"]);
  expect((await stub.audit(undefined, 10)).entries.at(-1)).toMatchObject({
    actor: "owner",
    action: "revoke-token",
    detail: { token: "t-1", reason: "lost" },
  });
});

test("[SEC-94] there is a most, and it is told", async () => {
  await stub.revokeTokens({ token: "first", reason: "lost" }, by, NOW);
  await runInDurableObject(stub as DurableObjectStub, (_, { storage }) => {
    for (let n = 1; n < 2_000; n += 1) {
      const row = ["token", `more-${n}`, NOW] as const;
      storage.sql.exec(
        "INSERT INTO revoked (kind, name, at, sum) VALUES (?, ?, ?, ?)",
        ...row,
        checksumOf(...row),
      );
    }
  });
  expect(await stub.revokeTokens({ token: "last", reason: "lost" }, by, NOW)).toMatchObject({
    refused: "conflict",
  });
  expect((await stub.revocations(undefined)).revoked?.tokens).toHaveLength(2_000);
});

test("[SEC-94] a flipped bit in a void is put right; with more nobody is told a list that lets somebody in", async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  await stub.revokeTokens({ sub: "ada", reason: "left" }, by, NOW);
  await run("UPDATE revoked SET name = 'aea'");
  expect((await stub.revocations(undefined)).revoked?.subs).toEqual([{ sub: "ada", at: NOW }]);
  await run("UPDATE revoked SET name = 'eve'");
  await damaged((object) => object.revocations(undefined));
});
