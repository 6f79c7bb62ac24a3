/** The rows a message brings to the origin's tables, as the JSON the statements read. */
import { isKnown } from "../hunt/evolve.ts";
import type { Fact, FactMessage, PlayFact } from "../protocol.ts";
import { OriginRejected, REGISTRATIONS_MAX, type Registration } from "./store.ts";

/**
 * The rows that a message's facts make, a list a table. Each list is sorted by
 * key and has no key twice: two messages applied at the same time then wait for
 * one another's rows in the same order, never in a circle.
 */
export interface DerivedRows {
  team: object[];
  player: object[];
  solve: object[];
  /** The last score of each team. */
  score: object[];
  /** The last mark of each kind and team; a revoked win is one, of the kind `revoked <prize> <unit>`. */
  mark: object[];
  /** Units of prizes won. */
  win: object[];
}

/** Throws OriginRejected for a number that is none: in D1 solves and scores stay JSON, where no column's type refuses it. */
export function derivedRows(facts: readonly Fact[]): DerivedRows {
  const team: { id: string; [member: string]: unknown }[] = [];
  const player: { team: string; id: string; [member: string]: unknown }[] = [];
  const solve: { team: string; clue: string | undefined; [member: string]: unknown }[] = [];
  const win: {
    team: string;
    prize: string | undefined;
    unit: number | undefined;
    [member: string]: unknown;
  }[] = [];
  const score = new Map<string, object>();
  const mark = new Map<string, object>();
  for (const fact of facts) {
    // Archived like any other; only newer code knows what follows from it.
    if (!isKnown(fact)) continue;
    const { seq, at, team: id } = fact;
    switch (fact.type) {
      case "join":
        if (fact.created) {
          team.push({ id, at, name: fact.created.name, bracket: fact.created.bracket });
        }
        player.push({
          id: fact.player,
          team: id,
          name: fact.name,
          externalId: fact.externalId,
          provisional: fact.provisional ?? false,
          at,
        });
        break;
      case "ban":
      case "unban":
        mark.set(`banned ${id}`, markRow(fact, "banned", fact.type === "ban"));
        break;
      case "hide":
      case "show":
        mark.set(`hidden ${id}`, markRow(fact, "hidden", fact.type === "hide"));
        break;
      case "revoke": {
        const kind = `revoked ${fact.prize} ${fact.unit}`;
        mark.set(`${kind} ${id}`, markRow(fact, kind, true));
        break;
      }
      default:
        if ("outcome" in fact && fact.outcome === "won") {
          const { prize, unit, player: who, event } = fact;
          checkWhole(fact, "unit");
          if (typeof prize !== "string" || typeof who !== "string") {
            throw new OriginRejected(`fact ${seq}: a win names its prize and its player`);
          }
          win.push({ team: id, prize, unit, seq, at, player: who, event });
        }
        if ("outcome" in fact && fact.outcome === "correct") {
          checkWhole(fact, "points");
          checkNamed(fact);
          solve.push({ team: id, clue: fact.clue, seq, at, points: fact.points, player: fact.player });
        }
        if ("score" in fact && fact.score !== undefined) {
          checkWhole(fact, "score");
          score.set(id, { team: id, seq, at, score: fact.score });
        }
    }
  }
  return {
    team: sorted(team, ({ id }) => id),
    player: sorted(player, ({ team: of, id }) => `${of} ${id}`),
    solve: sorted(solve, ({ team: of, clue }) => `${of} ${clue}`),
    score: [...score].sort(byKey).map(([, row]) => row),
    mark: [...mark].sort(byKey).map(([, row]) => row),
    win: sorted(win, ({ team: of, prize, unit }) => `${of} ${prize} ${unit}`),
  };
}

function checkWhole(
  fact: Fact & { points?: number; score?: number; unit?: number },
  name: "points" | "score" | "unit",
): void {
  for (const number of [fact[name], fact.at, fact.seq]) {
    if (!Number.isSafeInteger(number)) {
      throw new OriginRejected(`fact ${fact.seq}: at, seq and ${name} must be whole numbers`);
    }
  }
  if (typeof fact.team !== "string") throw new OriginRejected(`fact ${fact.seq} names no team`);
}

/** `clue` and `player`, which a solve must name. */
function checkNamed({ seq, clue, player }: PlayFact): void {
  if (typeof clue !== "string" || typeof player !== "string") {
    throw new OriginRejected(`fact ${seq}: a solve names its clue and its player`);
  }
}

function sorted<Row>(rows: readonly Row[], keyOf: (row: Row) => string): Row[] {
  return rows
    .map((row): [string, Row] => [keyOf(row), row])
    .sort(byKey)
    .map(([, row]) => row);
}

/** Any order will do, if only it is always the same. */
function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function markRow(fact: Fact & { reason: string }, kind: string, value: boolean): object {
  return { team: fact.team, kind, seq: fact.seq, at: fact.at, value, reason: fact.reason };
}

/** The seq of a message's last fact. Throws OriginRejected unless its facts are consecutive from `first`. */
export function lastOf({ first, facts }: FactMessage): number {
  const last = first + facts.length - 1;
  if (facts.length === 0 || facts[0]?.seq !== first || facts.at(-1)?.seq !== last) {
    throw new OriginRejected("the facts of a message must be consecutive, and at least one");
  }
  return last;
}

/** The rows of registrations, sorted as above; of several of one player the last counts. */
export function registrationRows(registrations: readonly Registration[]): object[] {
  if (registrations.length > REGISTRATIONS_MAX) {
    throw new OriginRejected(
      `${registrations.length} registrations in one call; ${REGISTRATIONS_MAX} at most`,
    );
  }
  const rows = new Map<string, object>();
  for (const { externalId, name, locale, bracket, blocked = false, at = 0 } of registrations) {
    rows.set(externalId, { externalId, name, locale, bracket, blocked, at });
  }
  return [...rows].sort(byKey).map(([, row]) => row);
}

/** NUL and lone surrogates as JSON.stringify writes them (also what only looks like one). */
const UNSTORABLE = /\\u(?:0000|d[89a-f])/;

/**
 * JSON that both databases take: PostgreSQL refuses NUL and lone surrogates, so
 * they become U+FFFD. The edge lets none of them in; a fact that has one all the
 * same is recorded for good, and refusing it would keep it from the origin for ever.
 */
export function storable(value: unknown): string {
  const json = JSON.stringify(value);
  if (!UNSTORABLE.test(json)) return json;
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "string" ? storableText(inner) : inner,
  );
}

export function storableText(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\ufffd");
}
