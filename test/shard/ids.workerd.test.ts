/** A shard of before with a long log: its ids are read in slices, and nobody plays before all are known. */
import { runInDurableObject } from "cloudflare:test";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { Delivery } from "../../src/shard/delivery.ts";
import { RecordedIds } from "../../src/shard/recorded-ids.ts";
import {
  guess,
  join,
  logOf,
  makeOrigin,
  play,
  publish,
  rechain,
  restart,
  setParameters,
  setPhase,
  shardOf,
} from "./workerd.ts";

setParameters({ SHARDS_PER_REGION: 1, SHIP_DELAY_MS: 60_000, REPORT_DELAY_MS: 10_000 });
beforeAll(makeOrigin);
beforeEach(() => {
  vi.spyOn(Delivery.prototype, "ship").mockReturnValue(undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** More than a start reads at once. */
const FACTS = 120_000;
const PER_ROW = 300;

test("[SEC-5] requests wait for the ids of a long log, or are refused, and none is recorded again", {
  timeout: 180_000,
}, async () => {
  const hunt = "long";
  await publish(hunt);
  await setPhase(hunt, "live");
  const one = await join(hunt, "one");
  await play(one, guess(hunt, "e2"));
  const model = (await logOf(hunt)).at(-1);
  await runInDurableObject(shardOf(hunt), (_, { storage }) => {
    for (let first = 3; first < FACTS; first += PER_ROW) {
      const facts = Array.from({ length: PER_ROW }, (__, index) =>
        JSON.stringify({
          ...model,
          seq: first + index,
          event: `e${first + index}`,
          answer: `wrong e${first + index}`,
        }),
      );
      const last = first + PER_ROW - 1;
      storage.sql.exec(
        "INSERT INTO chained (first, last, body, hash) VALUES (?, ?, ?, '')",
        first,
        last,
        facts.join(","),
      );
    }
    rechain(storage);
    for (const table of ["recall_state", "recall_run", "checkpoint_keyed"])
      storage.sql.exec(`DELETE FROM ${table}`);
  });
  await restart(hunt);
  expect(await play(one, guess(hunt, "e2"))).toMatchObject([
    { outcome: "incorrect", duplicate: true, seq: 2 },
  ]);
  const runs = await runInDurableObject(
    shardOf(hunt),
    (_, { storage }) => storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM recall_run").one().n,
  );
  expect(runs).toBeGreaterThan(10);
  // Read once: the next start has them.
  const read = vi.spyOn(RecordedIds.prototype, "readSlices");
  await restart(hunt);
  expect(await play(one, guess(hunt, "e9"))).toMatchObject([{ duplicate: true, seq: 9 }]);
  expect(read).not.toHaveBeenCalled();
  vi.spyOn(RecordedIds.prototype, "knowsAll", "get").mockReturnValue(false);
  const sent = await shardOf(hunt).play(one.team.id, one.player.id, JSON.stringify([guess(hunt, "new")]));
  expect(sent).toMatchObject({ refused: "unavailable" });
});
