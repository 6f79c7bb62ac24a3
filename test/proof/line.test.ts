import { expect, test } from "vitest";
import { below, type Chance, chance } from "../../scripts/lab/measure/chance.ts";
import { leafText, leafTextsIn } from "../../src/proof/line.ts";
import type { Fact } from "../../src/protocol.ts";

/** Texts that look like members, ends and beginnings of facts. */
const TEXTS = [
  "",
  "plain",
  'with "quotes"',
  ',"at":1',
  '},{"seq":7,',
  ',"event":"x"',
  ',"wrongText":"y',
  "back\\slash",
  ',"type":"join"',
  "brace { brace",
  "line\nend \u2028 ä 👍",
];

const MEMBERS: [string, (random: Chance) => unknown][] = [
  ["type", (random) => ["answer", "scan", "join", "award", "checkin"][below(random, 5)]],
  ["event", text],
  ["player", text],
  ["reason", text],
  ["message", text],
  ["codeDigest", text],
  ["wrongText", text],
  ["clientAt", () => "2026-11-28T12:00:00Z"],
  ["score", (random) => below(random, 9) - 4],
  ["unlocked", () => ["a", "b"]],
  ["created", (random) => ({ name: text(random), at: 5 })],
  ["personal", () => "abc"],
];

function text(random: Chance): string {
  return TEXTS[below(random, TEXTS.length)] ?? "";
}

function factOf(random: Chance, seq: number): Fact {
  const members = MEMBERS.filter(() => random() < 0.5).map(([name, of]) => [name, of(random)] as const);
  members.splice(below(random, members.length + 1), 0, ["at", 1_795_000_000_000 + below(random, 3)]);
  return { seq, ...Object.fromEntries(members) } as unknown as Fact;
}

test("[LOG-20] texts cut out of a segment are those of its facts, whatever stands in them", () => {
  const random = chance(18);
  for (let round = 0; round < 2_000; round += 1) {
    const first = 1 + below(random, 1_000);
    const facts = Array.from({ length: 1 + below(random, 6) }, (_, index) => factOf(random, first + index));
    const body = facts.map((fact) => JSON.stringify(fact)).join(",");
    expect([...leafTextsIn("weur-0", body)], body).toEqual(facts.map((fact) => leafText("weur-0", fact)));
  }
});
