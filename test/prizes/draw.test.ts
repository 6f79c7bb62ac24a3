/** The draw, checked by a second implementation made from docs/prizes.md alone. */
import { createHash, createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { generatedCode } from "../../src/prizes/codes.ts";
import { drawn, hashOfSeed, momentOf, winsAtOdds } from "../../src/prizes/draw.ts";
import { seeded } from "../hunt/random.ts";

/** As the documentation says it: the first twelve hex digits of SHA-256("seed:text") over 16^12. */
const byTheBook = (seed: string, text: string): number =>
  Number.parseInt(createHash("sha256").update(`${seed}:${text}`).digest("hex").slice(0, 12), 16) / 16 ** 12;

test("[PRIZE-12] the published hash is the SHA-256 of the seed's text", () => {
  expect(hashOfSeed("00ff")).toBe(createHash("sha256").update("00ff").digest("hex"));
});

test("[PRIZE-12] [PRIZE-13] numbers, moments and odds are what the documentation says", () => {
  const draw = seeded(7);
  const window = { from: 1_000_000, to: 9_000_000 };
  for (let round = 0; round < 500; round += 1) {
    const seed = hashOfSeed(String(draw(1_000_000)));
    const unit = draw(10_000);
    expect(drawn(seed, "a:b")).toBe(byTheBook(seed, "a:b"));
    const at = momentOf(seed, "shell", unit, window);
    expect(at).toBe(window.from + Math.floor(byTheBook(seed, `shell:${unit}`) * (window.to - window.from)));
    expect(at).toBeGreaterThanOrEqual(window.from);
    expect(at).toBeLessThan(window.to);
    expect(winsAtOdds(seed, "shell", "t", `e-${unit}`, 0.3)).toBe(byTheBook(seed, `shell:t:e-${unit}`) < 0.3);
  }
});

test("[PRIZE-13] moments spread over the window, and claims win as often as the odds say", () => {
  const tenths = new Array<number>(10).fill(0);
  let wins = 0;
  for (let unit = 0; unit < 20_000; unit += 1) {
    const at = momentOf("seed", "shell", unit, { from: 0, to: 1_000 });
    const tenth = Math.floor(at / 100);
    tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    if (winsAtOdds("seed", "shell", "team", `e-${unit}`, 0.02)) wins += 1;
  }
  // Five standard deviations of the binomial distribution.
  for (const count of tenths) expect(Math.abs(count - 2_000)).toBeLessThan(5 * Math.sqrt(20_000 * 0.1 * 0.9));
  expect(Math.abs(wins - 400)).toBeLessThan(5 * Math.sqrt(20_000 * 0.02 * 0.98));
});

test("[PRIZE-9] generated codes are stable, readable, of 80 bits, and different for each unit, prize, hunt and key", () => {
  const key = { id: "k", bytes: new Uint8Array(32).fill(1) };
  const code = generatedCode(key, "hunt", "prize", 0);
  expect(code).toMatch(/^(?:[0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
  const mac = createHmac("sha256", key.bytes).update("prize\nhunt\nprize\n0").digest("hex").slice(0, 20);
  const digits = [...code.replaceAll("-", "")].map((digit) =>
    "0123456789ABCDEFGHJKMNPQRSTVWXYZ".indexOf(digit),
  );
  expect(digits.reduce((sum, digit) => sum * 32n + BigInt(digit), 0n)).toBe(BigInt(`0x${mac}`));
  const codes = new Set([code]);
  for (let unit = 1; unit < 1_000; unit += 1) codes.add(generatedCode(key, "hunt", "prize", unit));
  codes.add(generatedCode(key, "hunt", "other", 0)).add(generatedCode(key, "other", "prize", 0));
  codes.add(generatedCode({ id: "k", bytes: new Uint8Array(32).fill(2) }, "hunt", "prize", 0));
  expect(codes.size).toBe(1_003);
});
