import { describe, expect, test } from "vitest";
import { contentTicket, periodOf, readContentTicket } from "../../src/objects/content-ticket.ts";

const key = (byte: number): string => Buffer.alloc(32, byte).toString("base64url");
const ring = (...keys: string[]) => ({
  PLAYER_TOKEN_KEYS: keys.map((one, at) => `k${one.length}${at}${one[0]?.toLowerCase()}:${one}`).join(","),
});
const secrets = ring(key(1));
const HOUR = 3_600_000;
const T0 = Date.UTC(2026, 11, 1, 17, 59, 59, 999);
const DIGEST = "A".repeat(22);

const ticketAt = (now: number, of = secrets) => contentTicket(of, "hunt", "weur-0", DIGEST, periodOf(now));

describe("[SEC-142] a ticket for content", () => {
  test("opens one content of one hunt, for a day at least and a day and a quarter at most", () => {
    for (const at of [T0, T0 + 1, T0 + HOUR, T0 + 5.9 * HOUR]) {
      const ticket = ticketAt(at);
      const read = readContentTicket(secrets, "hunt", DIGEST, ticket, at);
      expect(read?.shard).toBe("weur-0");
      const expires = read?.expires ?? 0;
      expect(expires - at).toBeGreaterThanOrEqual(24 * HOUR);
      expect(expires - at).toBeLessThanOrEqual(30 * HOUR);
      expect(readContentTicket(secrets, "hunt", DIGEST, ticket, expires - 1)).toBeDefined();
      expect(readContentTicket(secrets, "hunt", DIGEST, ticket, expires)).toBeUndefined();
      expect(readContentTicket(secrets, "hunt", `${DIGEST.slice(1)}B`, ticket, at)).toBeUndefined();
      expect(readContentTicket(secrets, "hunt-2", DIGEST, ticket, at)).toBeUndefined();
    }
  });

  test("is the same all the period, so that addresses last", () => {
    expect(ticketAt(T0 + 2)).toBe(ticketAt(T0 + 5 * HOUR));
    expect(ticketAt(T0 + 2)).not.toBe(ticketAt(T0 + 7 * HOUR));
  });

  test("does not hold with any character changed, dropped or added", () => {
    const ticket = ticketAt(T0);
    for (let place = 0; place < ticket.length; place += 1) {
      for (const other of ["0", "a", "Z", "-", "."]) {
        if (ticket[place] === other) continue;
        const altered = ticket.slice(0, place) + other + ticket.slice(place + 1);
        const isSame = readContentTicket(secrets, "hunt", DIGEST, altered, T0);
        expect(isSame, altered).toBeUndefined();
      }
      expect(readContentTicket(secrets, "hunt", DIGEST, ticket.slice(0, place), T0)).toBeUndefined();
    }
    expect(readContentTicket(secrets, "hunt", DIGEST, `${ticket}A`, T0)).toBeUndefined();
  });

  test("holds with every key of the ring, and with no other", () => {
    const older = ticketAt(T0);
    const rotated = { PLAYER_TOKEN_KEYS: `new:${key(9)},${secrets.PLAYER_TOKEN_KEYS}` };
    expect(readContentTicket(rotated, "hunt", DIGEST, older, T0)).toBeDefined();
    expect(readContentTicket(secrets, "hunt", DIGEST, ticketAt(T0, rotated), T0)).toBeUndefined();
  });
});
