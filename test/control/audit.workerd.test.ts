/** The audit is kept whole and paged to its beginning; a reading is one line for a person and an hour. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, expect, test, vi } from "vitest";
import type { AuditAction } from "../../src/contract/audit-actions.ts";
import { AuditLog } from "../../src/control/audit.ts";
import { HuntControl } from "../../src/control/object.ts";
import { noteReading } from "../../src/edge/readings.ts";
import { control, makeOrigin, outcomeOf, publish } from "../shard/workerd.ts";

beforeAll(makeOrigin);

const BY = { actor: "ada", request: "r-1" };
const HOUR = 3_600_000;

const actionsOf = async (hunt: string): Promise<string[]> =>
  (await control(hunt).audit(undefined, 1_000)).entries.map(({ action }) => action);

test("[SEC-102] 2,500 entries are read to the first one, each once", async () => {
  await publish("long");
  await runInDurableObject(control("long"), (_, { storage }) => {
    for (let n = 0; n < 2_500; n += 1) {
      const entry = { ...BY, at: n, action: `a-${n}` as AuditAction, detail: {} };
      new AuditLog(storage.sql).record(entry);
    }
  });
  const actions: string[] = [];
  for (let before: number | undefined, pages = 0; pages < 10; pages += 1) {
    const from = before;
    const page = await control("long").audit(from, 1_000);
    actions.push(...page.entries.map(({ action }) => action));
    before = page.next;
    if (before === undefined) break;
    // What is recorded meanwhile moves nothing.
    await control("long").grow(4 + pages, BY);
  }
  expect(actions).toEqual([...Array.from({ length: 2_500 }, (_, n) => `a-${2_499 - n}`), "publish"]);
});

test("[SEC-103] a reading is one line for a person, a reading and an hour, also after a restart", async () => {
  await publish("read");
  const read = async (actor: string, action: AuditAction, at: number) => {
    await control("read").recordReading({ action, detail: {} }, { ...BY, actor }, at);
  };
  const start = 500_000 * HOUR;
  for (let n = 0; n < 50; n += 1) await read("ada", "codes", start + n);
  await read("bob", "codes", start + 60);
  await read("ada", "export", start + 61);
  expect(await actionsOf("read")).toEqual(["export", "codes", "codes", "publish"]);
  await outcomeOf(() =>
    runInDurableObject(control("read"), (_, state) => state.abort("restarted by a test")),
  );
  await read("ada", "codes", start + HOUR - 1);
  expect(await actionsOf("read")).toHaveLength(4);
  await read("ada", "codes", start + HOUR);
  expect(await actionsOf("read")).toHaveLength(5);
  const rows = await runInDurableObject(control("read"), (_, { storage }) =>
    storage.sql.exec("SELECT * FROM reading").toArray(),
  );
  expect(rows).toHaveLength(1);
});

test("[SEC-103] an isolate asks once in the hour; a reading that cannot be recorded is refused", async () => {
  await publish("noted");
  const record = vi.spyOn(HuntControl.prototype, "recordReading");
  for (let n = 0; n < 20; n += 1) await noteReading(env, "noted", BY, 7 * HOUR + n, "teams");
  expect(record).toHaveBeenCalledTimes(1);
  record.mockReturnValue({ refused: "unavailable", detail: "away" });
  const outcome = await outcomeOf(() => noteReading(env, "noted", BY, 8 * HOUR, "teams"));
  expect(outcome).toMatchObject({ error: { code: "unavailable" } });
  record.mockRestore();
  expect(await control("no-hunt").recordReading({ action: "teams", detail: {} }, BY, 1)).toMatchObject({
    refused: "not_found",
  });
});
