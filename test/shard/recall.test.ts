import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hash53 } from "../../src/hash.ts";
import { RecallIndex } from "../../src/shard/recall.ts";

const key = (index: number): string => `team\nevent-${index}`;

describe("the index of used ids", () => {
  test("[SH-20] finds every id it was given, through every growth, and hardly any other", () => {
    const index = new RecallIndex();
    const count = 20_000;
    for (let seq = 1; seq <= count; seq += 1) index.add(key(seq), seq);
    for (let seq = 1; seq <= count; seq += 1) expect(index.find(key(seq))).toContain(seq);
    let strangers = 0;
    for (let seq = count + 1; seq <= 2 * count; seq += 1) strangers += index.find(key(seq)).length;
    expect(strangers).toBe(0);
    expect(index.size).toBe(count);
  });

  test("[SH-20] an id given twice is found twice: the caller compares the facts", () => {
    const index = new RecallIndex();
    index.add("a", 1);
    index.add("a", 2);
    expect([...index.find("a")].sort()).toEqual([1, 2]);
  });

  test("[SH-21] packed entries of checkpoints, loaded in order, are the same index", () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 200 }), fc.nat(200), (keys, cut) => {
        const live = new RecallIndex();
        const parts: [number[], number[]] = [[], []];
        for (const [at, text] of keys.entries()) live.add(text, at + 1, false, parts[at < cut ? 0 : 1]);
        const restored = new RecallIndex();
        for (const part of parts) restored.load(RecallIndex.pack(part));
        expect(restored.size).toBe(live.size);
        for (const text of keys) expect([...restored.find(text)].sort()).toEqual([...live.find(text)].sort());
      }),
      { numRuns: 50 },
    );
  });

  test("[SH-22] beyond 1.4 million ids the oldest half goes; the newer half and all joinings stay", () => {
    const index = new RecallIndex();
    const limit = 1_400_000;
    const packed = new Float64Array(2 * limit);
    for (let entry = 0; entry < limit; entry += 1) {
      // Spread like hashes are; neighbours would make the table slow, not wrong.
      packed[2 * entry] = hash53(`${entry}`);
      packed[2 * entry + 1] = entry + 1;
    }
    packed[1] = 1 + 2 ** 31; // a joining, the oldest of all
    index.load(packed.buffer);
    expect(index.size).toBe(limit);
    index.add("one more", limit + 1);
    expect(index.size).toBeGreaterThan(limit / 2);
    expect(index.size).toBeLessThan(limit / 2 + 4);
    expect(index.find("0")).toEqual([1]);
    expect(index.find("one more")).toEqual([limit + 1]);
    expect(index.find(`${limit - 1}`)).toEqual([limit]);
    expect(index.find(`${limit / 2 + 2}`)).toEqual([limit / 2 + 3]);
    expect(index.find(`${limit / 2 - 1}`)).toEqual([]);
  });
});

test("[SH-20] the hash is a positive safe integer of any text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const hash = hash53(text);
      expect(Number.isSafeInteger(hash)).toBe(true);
      expect(hash).toBeGreaterThan(0);
    }),
  );
});
