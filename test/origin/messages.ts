/** Random logs of a shard, cut into messages as a shard ships and ships again, and what must come of them. */
import type { OriginSums, OriginTeam } from "../../src/protocol.ts";
import { type Fact, type FactMessage, type NewFact, PROTOCOL_VERSION } from "../../src/protocol.ts";
import { type Draw, pick } from "../hunt/random.ts";

export const HUNT = "harbour";
export const SHARD = "weur-0";
const T0 = Date.UTC(2026, 11, 1, 18);

/** Texts that have broken a database before. */
export const TEXTS = [
  "Foxes",
  "O'Brien",
  'say "hi"',
  "back\\slash \\u0041",
  "'; DROP TABLE team; --",
  "żółć 😀 漢字 \u202e",
  "tab\tnew\nline",
  "?1 $1 :a %s",
  "n".repeat(80),
];

export function message(first: number, facts: Fact[], shard = SHARD, hunt = HUNT): FactMessage {
  return { v: PROTOCOL_VERSION, hunt, shard, first, facts };
}

const PRIZES = ["voucher", "shell"] as const;

/**
 * A log as a shard could have recorded it: teams are created once, a clue is solved once a team, unless its solve
 * was taken back. Solves count from another time as well.
 */
export function randomLog(draw: Draw, length: number, shard = SHARD): Fact[] {
  const log: Fact[] = [];
  const scores = new Map<string, number>();
  const solved = new Set<string>();
  const record = (fact: NewFact) => log.push({ ...fact, seq: log.length + 1 } as Fact);
  while (log.length < length) {
    const at = T0 + log.length * 1_000 + draw(1_000);
    const team = `${shard}-${draw(5)}-abcde`;
    const score = scores.get(team);
    if (score === undefined || draw(8) === 0) {
      const id = log.length;
      record({
        type: "join",
        at,
        team,
        player: `${team}.${id}`,
        name: pick(draw, TEXTS),
        event: `e${id}`,
        ...(draw(2) === 0 ? { externalId: `x${draw(99)}` } : {}),
        ...(draw(3) === 0 ? { provisional: true } : {}),
        ...(score === undefined
          ? { created: { name: pick(draw, TEXTS), ...(draw(2) === 0 ? { bracket: "open" } : {}) } }
          : {}),
      });
      scores.set(team, score ?? 0);
      continue;
    }
    const player = `${team}.p`;
    const clue = `c${draw(6)}`;
    const play = { at, team, player, event: `e${log.length}`, clue } as const;
    const isSolved = solved.has(`${team} ${clue}`);
    switch (draw(8)) {
      case 4: {
        // A solve by hand, or of another time.
        const points = 10 + draw(20);
        scores.set(team, score + points);
        solved.add(`${team} ${clue}`);
        record({
          type: "solve",
          at,
          team,
          clue,
          solvedAt: at - draw(9_000),
          points,
          ...(isSolved ? { instead: 10, player } : {}),
          score: score + points,
          reason: pick(draw, TEXTS),
        });
        break;
      }
      case 5:
        if (!isSolved) break;
        solved.delete(`${team} ${clue}`);
        record({ type: "unsolve", at, team, clue, points: 10, score, reason: pick(draw, TEXTS) });
        break;
      case 0:
        record({ ...play, type: "answer", outcome: "incorrect", answer: pick(draw, TEXTS) });
        break;
      case 1:
        record({
          type: pick(draw, ["ban", "unban", "hide", "show"] as const),
          at,
          team,
          reason: pick(draw, TEXTS),
        });
        break;
      case 3: {
        const unit = log.length;
        const { clue: _, ...claim } = play;
        record({ ...claim, type: "claim", outcome: "won", prize: pick(draw, PRIZES), unit });
        if (draw(3) === 0) {
          record({ type: "revoke", at, team, prize: pick(draw, PRIZES), unit, reason: pick(draw, TEXTS) });
        }
        break;
      }
      case 2: {
        const points = draw(50) - 20;
        scores.set(team, score + points);
        record({ type: "award", at, team, points, reason: pick(draw, TEXTS), score: score + points });
        break;
      }
      default: {
        if (isSolved) break;
        solved.add(`${team} ${clue}`);
        const points = 10 + draw(20);
        scores.set(team, score + points);
        record({
          ...play,
          type: "answer",
          outcome: "correct",
          points,
          score: score + points,
          answer: "right",
        });
      }
    }
  }
  return log;
}

/** Whole log in messages of `size` facts. */
export function cut(log: readonly Fact[], size: number, shard = SHARD): FactMessage[] {
  const messages: FactMessage[] = [];
  for (let start = 0; start < log.length; start += size) {
    messages.push(message(start + 1, log.slice(start, start + size), shard));
  }
  return messages;
}

/** The log in messages of any sizes, some of them again and cut elsewhere, in any order. */
export function shipAnyhow(draw: Draw, log: readonly Fact[]): FactMessage[] {
  const messages = cut(log, 1 + draw(7));
  for (let again = draw(6); again > 0; again -= 1) {
    const start = draw(log.length);
    messages.push(message(start + 1, log.slice(start, start + 1 + draw(9))));
  }
  return shuffled(draw, messages);
}

export function shuffled<Value>(draw: Draw, values: readonly Value[]): Value[] {
  const rest = [...values];
  const order: Value[] = [];
  while (rest.length > 0) order.push(...rest.splice(draw(rest.length), 1));
  return order;
}

/** What the origin must tell of a log, counted here without it. */
export function expectedOf(log: readonly Fact[]): { sums: OriginSums; teams: OriginTeam[] } {
  const teams = new Map<string, OriginTeam>();
  for (const fact of log) {
    if (fact.type === "join" && fact.created) {
      const blank = { players: 0, solves: 0, score: 0, banned: false, hidden: false };
      teams.set(fact.team, { team: fact.team, ...blank });
    }
    const team = teams.get(fact.team);
    if (!team) throw new Error("the log plays before it joins");
    if (fact.type === "join") team.players += 1;
    if (fact.type === "ban" || fact.type === "unban") team.banned = fact.type === "ban";
    if (fact.type === "hide" || fact.type === "show") team.hidden = fact.type === "hide";
    if ("outcome" in fact && fact.outcome === "correct") team.solves += 1;
    if (fact.type === "solve" && fact.instead === undefined) team.solves += 1;
    if (fact.type === "unsolve") team.solves -= 1;
    if ("score" in fact && fact.score !== undefined) team.score = fact.score;
  }
  const wins = new Set<string>();
  for (const fact of log) {
    if (fact.type === "claim" && fact.outcome === "won") wins.add(`${fact.team} ${fact.prize} ${fact.unit}`);
  }
  const list = [...teams.values()].sort((a, b) => (a.team < b.team ? -1 : 1));
  const sum = (of: (team: OriginTeam) => number) => list.reduce((total, team) => total + of(team), 0);
  return {
    sums: {
      facts: log.length,
      teams: list.length,
      players: sum((team) => team.players),
      solves: sum((team) => team.solves),
      wins: wins.size,
      score: sum((team) => team.score),
    },
    teams: list,
  };
}
