/** Stored gates: those of test/fixtures/stored/gate are read for good; the folder only grows. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Gate } from "../../../src/origin/gate/gate.ts";
import { readStored, type SavedGate, type StoredGate, toStored } from "../../../src/origin/gate/saved.ts";

const FOLDER = join(import.meta.dirname, "../../fixtures/stored/gate");
const NOW = 1_900_000_000_000;

interface Fixture {
  /** As the object's storage holds it. */
  stored: { saved: StoredGate };
  /** The gate it stands for. */
  read: SavedGate;
}

const fixture = (name: string): Fixture => JSON.parse(readFileSync(join(FOLDER, name), "utf8"));

const PARAMETERS = {
  minCalls: 20,
  failedShare: 0.5,
  slowShare: 0.8,
  openMs: 5_000,
  openMaxMs: 60_000,
  probesPerSecond: 1,
};

describe("a stored gate", () => {
  test.each(readdirSync(FOLDER))("%s is read", (name) => {
    const { stored, read } = fixture(name);
    expect(readStored(stored.saved, NOW)).toEqual(read);
    expect(new Gate(PARAMETERS, NOW, read).saved).toEqual(read);
  });

  test.each(["open-1.json", "closed-1.json"])("is written today as in %s", (name) => {
    const { stored, read } = fixture(name);
    expect(toStored(new Gate(PARAMETERS, NOW, read).saved)).toEqual(stored.saved);
  });

  test("of a newer engine counts as just closed, with an epoch that no isolate takes for overtaken", () => {
    const newer = { v: 2, state: "cautious", epoch: 7 } as unknown as StoredGate;
    expect(readStored(newer, NOW)).toEqual({ state: "closed", epoch: 8, since: NOW });
    expect(() => readStored({ v: 2 } as unknown as StoredGate, NOW)).toThrow("form 2");
  });
});
