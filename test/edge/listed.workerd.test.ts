/** The list of hunts, through the edge. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { SignJWT } from "jose";
import { expect, test, vi } from "vitest";
import { currentKey } from "../../src/secrets.ts";
import { control, publish } from "../shard/workerd.ts";

test("[LOG-6] a hunt that cannot be read is told in the list of hunts, as unavailable", async () => {
  vi.spyOn(console, "error").mockReturnValue();
  const hunt = "listed-listed";
  await publish(hunt);
  await publish("listed-beside");
  await runInDurableObject(control(hunt), (_, { storage }) => {
    storage.sql.exec("UPDATE stored_text SET body = 'no hunt' WHERE name = 'definition'");
  });
  await evictDurableObject(control(hunt));
  const key = currentKey("ORGANISER_TOKEN_KEYS", env.ORGANISER_TOKEN_KEYS);
  const token = await new SignJWT()
    .setProtectedHeader({ alg: "HS256", typ: "JWT", kid: key.id })
    .setAudience("hunt-organiser")
    .setSubject("tests")
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(key.bytes);
  const answer = await exports.default.fetch("http://hunt.example/v1/hunts", {
    headers: { authorization: `Bearer ${token}` },
  });
  const told = (await answer.json()) as { hunts: { hunt: string }[]; unavailable: string[] };
  expect(told.hunts.map((row) => row.hunt)).toContain("listed-beside");
  expect(told.hunts.map((row) => row.hunt)).not.toContain(hunt);
  expect(told.unavailable).toContain(hunt);
  vi.restoreAllMocks();
});
