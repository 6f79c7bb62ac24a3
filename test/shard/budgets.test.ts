import { describe, expect, test } from "vitest";
import { readConfig } from "../../src/config.ts";
import type { Team } from "../../src/hunt/team.ts";
import type { Fact } from "../../src/protocol.ts";
import { type Allowance, ShardBudgets } from "../../src/shard/budgets.ts";
import { Waiting } from "../../src/shard/waiting.ts";
import { answer, checkin, claim, HOUR, hint, isoAt, MINUTE, SECOND, scan, T0 } from "../hunt/build.ts";

const HERE = { lat: 0, lng: 0, accuracy: 5 };

function budgets(vars: Record<string, string> = {}, size = { bytes: 0 }): ShardBudgets {
  return new ShardBudgets(readConfig({ RATE_LIMITS: "on", ...vars }), () => size.bytes);
}

const team = (joinedAt = T0 - HOUR, id = "t"): Team => ({ id, joinedAt }) as Team;

const allowed = (given: ReturnType<ShardBudgets["admit"]>): Allowance => {
  if (!given || "refused" in given) throw new Error(`not allowed: ${JSON.stringify(given)}`);
  return given;
};

const unwatched = { came: () => undefined };

describe("[SEC-43] check-ins and nudges of a player", () => {
  const one = checkin("1", "pier", HERE);
  const text = answer("1", "word", "close");

  test("draw on buckets of the player's own, which refill", () => {
    const own = budgets({ CHECKINS_PER_MINUTE: "4", NUDGES_PER_MINUTE: "2" });
    for (let index = 0; index < 4; index += 1) {
      expect(own.heldUntil(team(), "p", one, T0)).toBeUndefined();
      own.recorded("p", one, index === 0 ? "implausible" : "out_of_range", T0);
    }
    expect(own.heldUntil(team(), "p", one, T0)).toBe(T0 + 15 * SECOND);
    expect(own.heldUntil(team(), "p", one, T0 + 15 * SECOND)).toBeUndefined();
    // Neither another player's, nor other events.
    expect(own.heldUntil(team(), "q", one, T0)).toBeUndefined();
    for (const other of [text, scan("1", "x"), hint("1", "a", "h"), claim("1", "c")]) {
      expect(own.heldUntil(team(), "p", other, T0)).toBeUndefined();
    }
    for (let index = 0; index < 2; index += 1) own.recorded("p", text, "nudge", T0);
    // All answers, so that the refusal does not tell a near miss.
    expect(own.heldUntil(team(), "p", text, T0)).toBe(T0 + 30 * SECOND);
    own.recorded("q", text, "incorrect", T0);
    expect(own.heldUntil(team(), "q", text, T0)).toBeUndefined();
  });

  test("are not held where there are no limits", () => {
    const own = budgets({ RATE_LIMITS: "off", CHECKINS_PER_MINUTE: "1" });
    for (let index = 0; index < 5; index += 1) own.recorded("p", one, "out_of_range", T0);
    expect(own.heldUntil(team(), "p", one, T0)).toBeUndefined();
    expect(own.admit("t", 100, T0)).toBeUndefined();
  });
});

describe("[SEC-42] answers of a young team, and of a crowd of wrong ones", () => {
  test("wait until the team is old enough, whether or not there are rates", () => {
    for (const RATE_LIMITS of ["on", "off"]) {
      const own = budgets({ RATE_LIMITS, TEAM_AGE: "60" });
      expect(own.heldUntil(team(T0), "p", answer("1", "a", "x"), T0 + SECOND)).toBe(T0 + MINUTE);
      expect(own.heldUntil(team(T0), "p", answer("1", "a", "x"), T0 + MINUTE)).toBeUndefined();
      // Made while the clock was an hour ahead.
      expect(own.heldUntil(team(T0 + HOUR), "p", answer("1", "a", "x"), T0)).toBeUndefined();
    }
  });

  test("are held as the edge says, a moment at least and a minute at most", () => {
    const marked = (heldUntil: number) => ({ ...answer("1", "a", "x"), heldUntil });
    const own = budgets();
    expect(own.heldUntil(team(), "p", marked(T0 + 9_000), T0)).toBe(T0 + 9_000);
    expect(own.heldUntil(team(), "p", marked(T0 - 9_000), T0)).toBe(T0 + 1_000);
    expect(own.heldUntil(team(), "p", marked(T0 + HOUR), T0)).toBe(T0 + MINUTE);
  });
});

describe("[SEC-44] bytes and events of a team", () => {
  test("a team without bytes floods no less: its events count, and then are refused before they are looked at", () => {
    const own = budgets({ TEAM_BYTES_PER_HOUR: "3600", TEAM_EVENTS_PER_MINUTE: "100" });
    allowed(own.admit("t", 1, T0)).bytes = -3_600;
    expect(own.admit("t", 99, T0)).toMatchObject({ refused: "overloaded", retryAfter: 3_601 });
    expect(own.paused("t", T0)).toBeUndefined();
    expect(own.admit("t", 99, T0)).toMatchObject({ refused: "overloaded", retryAfter: 60 });
    expect(own.paused("t", T0)).toMatchObject({ refused: "overloaded" });
    expect(own.paused("other", T0)).toBeUndefined();
    expect(own.paused("t", T0 + SECOND)).toBeUndefined();
  });

  test("beyond its bytes a team alone is refused, and told when it may go on", () => {
    const own = budgets({ TEAM_BYTES_PER_HOUR: "3600" });
    const allowance = allowed(own.admit("t", 1, T0));
    allowance.bytes -= 3_599;
    expect(own.outOfBytes(allowance)).toBeUndefined();
    allowance.bytes -= 10;
    expect(own.outOfBytes(allowance)).toEqual({
      refused: "overloaded",
      detail: expect.any(String),
      retryAfter: 10,
    });
    expect(own.admit("t", 1, T0 + 8 * SECOND)).toMatchObject({ refused: "overloaded" });
    allowed(own.admit("t", 1, T0 + 10 * SECOND));
    allowed(own.admit("other", 1, T0));
  });

  test("events beyond a tenth of the minute's at once are refused, recorded or not", () => {
    const own = budgets({ TEAM_EVENTS_PER_MINUTE: "6000" });
    for (let request = 0; request < 6; request += 1) allowed(own.admit("t", 100, T0));
    expect(own.admit("t", 100, T0)).toMatchObject({ refused: "overloaded", retryAfter: 1 });
    expect(own.admit("t", 100, T0 + 0.9 * SECOND)).toMatchObject({ refused: "overloaded" });
    allowed(own.admit("t", 100, T0 + SECOND));
    // A clock that was an hour ahead leaves nobody waiting for it.
    allowed(own.admit("t", 100, T0 - HOUR));
  });

  test("a restart counts the bytes of the facts behind the pages again, about", () => {
    const fact = (seq: number, at: number, teamId = "t"): Fact => ({
      seq,
      at,
      team: teamId,
      type: "answer",
      outcome: "nudge",
      player: "p",
      event: `e${seq}`,
      answer: "x".repeat(100),
    });
    const own = budgets({ TEAM_BYTES_PER_HOUR: "3000" });
    const facts = Array.from({ length: 12 }, (_, index) => fact(index, T0 - MINUTE));
    own.resume([...facts, ...facts.map(({ seq }) => fact(seq, T0 - 2 * HOUR, "old"))], T0);
    expect(own.admit("t", 1, T0)).toMatchObject({ refused: "overloaded" });
    allowed(own.admit("old", 1, T0));
  });
});

describe("[SEC-45] a shard whose database is nearly full", () => {
  const size = { bytes: 0 };
  const own = budgets({ SHARD_FULL_BYTES: "1000000" }, size);
  const solved = { facts: [{ type: "answer", outcome: "correct" }] } as never;
  const wrong = { facts: [{ type: "answer", outcome: "incorrect" }] } as never;

  test("records solves; anything else is a cooldown that holds the team", () => {
    const text = answer("1", "a", "x");
    expect(own.withinRoom(wrong, team(), "p", text, T0)).toBe(wrong);
    size.bytes = 1_000_000;
    // Looked at every ten seconds.
    expect(own.isFull(T0 + SECOND)).toBe(false);
    const now = T0 + 10 * SECOND;
    expect(own.withinRoom(solved, team(), "p", text, now)).toBe(solved);
    const cooldown = { id: "1", outcome: "cooldown", retryAt: isoAt(now + 30 * SECOND) };
    expect(own.withinRoom(wrong, team(), "p", text, now)).toEqual({ result: { ...cooldown, clue: "a" } });
    expect(own.heldUntil(team(), "q", answer("2", "a", "right"), now)).toBe(now + 30 * SECOND);
    expect(own.heldUntil(team(), "q", answer("2", "b", "right"), now)).toBeUndefined();
    expect(own.withinRoom({ claim: "c" }, team(), "p", claim("1", "c"), now)).toEqual({
      result: { ...cooldown, prize: { id: "c" } },
    });
    expect(own.withinRoom(wrong, team(), "p", checkin("1", "a", HERE), now)).toMatchObject({
      result: { outcome: "cooldown" },
    });
    expect(own.heldUntil(team(), "q", checkin("2", "a", HERE), now)).toBeUndefined();
    // Noted while the clock was an hour ahead.
    expect(own.heldUntil(team(T0 - 2 * HOUR), "q", answer("2", "a", "right"), now - HOUR)).toBeUndefined();
    const told = { result: { id: "1", outcome: "locked" } } as const;
    expect(own.withinRoom(told, team(), "p", text, now)).toBe(told);
  });
});

describe("[SEC-46] the waiting line", () => {
  test("a team has at most its share of a line that is half full, and its share comes back", () => {
    const refusals: boolean[] = [];
    let peak = 0;
    const watched = {
      came: (_: number, count: number) => {
        peak = Math.max(peak, count);
      },
    };
    const waiting = new Waiting(2_000, (everybody) => refusals.push(everybody), watched);
    // Alone it may have half of the line.
    for (let request = 0; request < 10; request += 1) expect(waiting.enter(100, "flood")).toBeUndefined();
    expect(waiting.enter(100, "flood")).toMatchObject({ refused: "overloaded" });
    for (let other = 0; other < 50; other += 1) expect(waiting.enter(20, `t${other}`)).toBeUndefined();
    expect(waiting.enter(1, "late")).toMatchObject({ refused: "overloaded" });
    // The flood was refused for itself, the late one because there was no room for anyone.
    expect(refusals).toEqual([false, true]);
    expect(peak).toBe(2_000);
    for (let request = 0; request < 10; request += 1) waiting.leave(100, "flood");
    for (let request = 0; request < 2; request += 1) expect(waiting.enter(100, "flood")).toBeUndefined();
    expect(waiting.enter(100, "flood")).toMatchObject({ refused: "overloaded" });
    expect(waiting.enter(1, "late")).toBeUndefined();
  });

  test.each([5, 10, 20])("%i teams together leave room for another", (floods) => {
    let peak = 0;
    const waiting = new Waiting(2_000, () => undefined, {
      came: (_, count) => {
        peak = Math.max(peak, count);
      },
    });
    const held = new Array<number>(floods).fill(0);
    const take = (flood: number): boolean => {
      if (waiting.enter(1, `flood${flood}`)) return false;
      held[flood] = (held[flood] ?? 0) + 1;
      return true;
    };
    // One after the other, so that the first has most.
    for (const flood of held.keys()) while (take(flood));
    if (floods <= 10) expect(peak).toBeLessThan(2_000);
    // Those that are served and come back get an equal share.
    for (let round = 0; round < 2_000; round += 1) {
      for (const flood of held.keys()) {
        if (!held[flood]) continue;
        waiting.leave(1, `flood${flood}`);
        held[flood] -= 1;
        take(flood);
      }
    }
    expect(Math.max(...held)).toBeLessThan(350);
    for (let other = 0; other < 20; other += 1) expect(waiting.enter(1, "other")).toBeUndefined();
  });

  test("a request of the largest size fits into the smallest line, and joinings are of no team", () => {
    const waiting = new Waiting(100, () => undefined, unwatched);
    expect(waiting.enter(100, "t")).toBeUndefined();
    waiting.leave(100, "t");
    for (let joining = 0; joining < 100; joining += 1) expect(waiting.enter(1)).toBeUndefined();
    expect(waiting.enter(1)).toMatchObject({ refused: "overloaded" });
  });
});
