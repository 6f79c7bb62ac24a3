/** Snapshots: those of test/fixtures/stored/standings are read for good, or say that the logs are needed; the folder only grows. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { StandingsRules } from "../../../src/hunt/score.ts";
import { Standings } from "../../../src/leaderboard/standings/standings.ts";
import type { ScoreFact } from "../../../src/protocol.ts";

const FOLDER = join(import.meta.dirname, "../../fixtures/stored/standings");

interface Fixture {
  rules: StandingsRules;
  /** By shard. */
  facts: Record<string, ScoreFact[]>;
  /** The snapshot's bytes, one row of the object's storage each, base64. */
  chunks: string[];
  /** The first page of the standings. */
  read: object[];
}

const fixture = (name: string): Fixture => JSON.parse(readFileSync(join(FOLDER, name), "utf8"));

const bytesOf = (chunks: string[]): Uint8Array[] => chunks.map((chunk) => Buffer.from(chunk, "base64"));

function replayed({ rules, facts }: Fixture): Standings {
  const standings = new Standings(rules);
  for (const [shard, all] of Object.entries(facts)) for (const fact of all) standings.apply(shard, fact);
  standings.settle();
  return standings;
}

describe("[LB-28] a stored snapshot", () => {
  test.each(readdirSync(FOLDER))("%s is read", (name) => {
    const stored = fixture(name);
    const standings = Standings.restore(stored.rules, bytesOf(stored.chunks));
    expect(standings?.page({ offset: 0, limit: 10 })).toEqual(stored.read);
    const again = replayed(stored);
    expect(standings?.dump(0, 10)).toEqual(again.dump(0, 10));
    for (const shard of Object.keys(stored.facts)) {
      expect(standings?.word(shard)).toEqual(again.word(shard));
    }
  });

  test.each(["moving-2.json", "static-2.json"])("is written today as in %s", (name) => {
    const stored = fixture(name);
    const chunks = [...replayed(stored).snapshot()].map((chunk) => Buffer.from(chunk).toString("base64"));
    expect(chunks).toEqual(stored.chunks);
  });

  test("of a newer form is none: the standings come from the logs", () => {
    const { rules, chunks } = fixture("static-2.json");
    const [first = new Uint8Array(), ...more] = bytesOf(chunks);
    const newer = Buffer.from(
      Buffer.from(first).toString("latin1").replace('"version":2', '"version":3'),
      "latin1",
    );
    expect(Standings.restore(rules, [newer, ...more])).toBeUndefined();
  });
});
