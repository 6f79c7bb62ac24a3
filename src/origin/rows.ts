/** The rows a message brings to the origin's tables, as the JSON the statements read. */
import { isKnown } from "../hunt/evolve.ts";
import { whole } from "../people/personal.ts";
import type { Fact, FactMessage, PlayFact } from "../protocol.ts";
import { type NamedMessage, OriginRejected, REGISTRATIONS_MAX, type RegistrationToStore } from "./store.ts";

/**
 * The rows that a message's facts make, a list a table. Each list is sorted by
 * key and has no key twice: two messages applied at the same time then wait for
 * one another's rows in the same order, never in a circle.
 */
export interface DerivedRows {
  team: object[];
  player: object[];
  /** The last of each team and clue; `withdrawn`: it was taken back. */
  solve: object[];
  /** The last score of each team. */
  score: object[];
  /** The last mark of each kind and team; a revoked win is one, of the kind `revoked <prize> <unit>`. */
  mark: object[];
  /** Units of prizes won. */
  win: object[];
  /** Of whom names may have to go, because they were forgotten before or after; ids. */
  scrub: { teams: string[]; players: string[]; alone: string[] };
}

/** Kinds of marks: `forgotten <player>`; and of a team that was named after its player. */
export const FORGOTTEN = "forgotten";
export const NAMELESS = "nameless";

/** The facts with the names that go into rows of their own. */
export const named = ({ facts, persons }: NamedMessage): Fact[] =>
  facts.map((fact) => (fact.personal === undefined ? fact : whole(fact, persons?.[fact.seq])));

/** Throws OriginRejected for a number that is none: in D1 solves and scores stay JSON, where no column's type refuses it. */
export function derivedRows(facts: readonly Fact[]): DerivedRows {
  const team: { id: string; [member: string]: unknown }[] = [];
  const player: { team: string; id: string; [member: string]: unknown }[] = [];
  const solve = new Map<string, object>();
  const win: {
    team: string;
    prize: string | undefined;
    unit: number | undefined;
    [member: string]: unknown;
  }[] = [];
  const score = new Map<string, object>();
  const mark = new Map<string, object>();
  const teams = new Set<string>();
  const players = new Set<string>();
  const alone = new Set<string>();
  for (const fact of facts) {
    // Archived like any other; only newer code knows what follows from it.
    if (!isKnown(fact)) continue;
    const { seq, at, team: id } = fact;
    if ("score" in fact && fact.score !== undefined) {
      checkWhole(fact, "score");
      score.set(id, { team: id, seq, at, score: fact.score });
    }
    switch (fact.type) {
      case "join":
        if (fact.created) {
          team.push({ id, at, name: fact.created.name, bracket: fact.created.bracket });
          if (fact.created.joinCode === undefined) alone.add(id);
        }
        teams.add(id);
        players.add(fact.player);
        player.push({
          id: fact.player,
          team: id,
          name: fact.name,
          externalId: fact.externalId,
          provisional: fact.provisional ?? false,
          at,
        });
        break;
      case "make":
        team.push({ id, at, name: fact.name, bracket: fact.bracket });
        break;
      // The row of a team is as it was made, and its marks say what became of it: `reason` is the name then.
      case "rename":
        mark.set(`name ${id}`, { ...markRow(fact, "name", true), reason: fact.name });
        if (fact.player !== undefined) alone.add(id);
        break;
      case "bracket":
        mark.set(`bracket ${id}`, { ...markRow(fact, "bracket", true), reason: fact.bracket });
        break;
      case "arrive": {
        const { player: who, name, externalId, provisional = false } = fact;
        player.push({ id: who, team: id, name, externalId, provisional, at });
        teams.add(id);
        players.add(who);
        // It may have been in the team before.
        const kind = `left ${who}`;
        mark.set(`${kind} ${id}`, markRow(fact, kind, false));
        break;
      }
      case "leave":
      case "remove":
      case "depart": {
        const kind = `left ${fact.player}`;
        mark.set(`${kind} ${id}`, markRow(fact, kind, true));
        break;
      }
      case "forget": {
        const kind = `${FORGOTTEN} ${fact.player}`;
        mark.set(`${kind} ${id}`, markRow(fact, kind, true));
        teams.add(id);
        players.add(fact.player);
        if (!fact.alone) break;
        mark.set(`${NAMELESS} ${id}`, markRow(fact, NAMELESS, true));
        alone.add(id);
        break;
      }
      case "merge":
        mark.set(`merged ${id}`, { ...markRow(fact, "merged", true), reason: fact.into });
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
      case "solve": {
        checkWhole(fact, "points");
        checkWhole(fact, "solvedAt");
        checkClue(fact);
        // One by hand is nobody's.
        const { clue, solvedAt, points, player: who = "" } = fact;
        solve.set(`${id} ${clue}`, { team: id, clue, seq, at: solvedAt, points, player: who });
        break;
      }
      case "unsolve": {
        checkWhole(fact, "points");
        checkClue(fact);
        const { clue, points } = fact;
        solve.set(`${id} ${clue}`, { team: id, clue, seq, at, points, player: "", withdrawn: true });
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
          const { clue, points, player: who } = fact;
          solve.set(`${id} ${clue}`, { team: id, clue, seq, at, points, player: who });
        }
    }
  }
  return {
    team: sorted(team, ({ id }) => id),
    player: sorted(player, ({ team: of, id }) => `${of} ${id}`),
    solve: [...solve].sort(byKey).map(([, row]) => row),
    score: [...score].sort(byKey).map(([, row]) => row),
    mark: [...mark].sort(byKey).map(([, row]) => row),
    win: sorted(win, ({ team: of, prize, unit }) => `${of} ${prize} ${unit}`),
    scrub: { teams: [...teams], players: [...players], alone: [...alone] },
  };
}

function checkWhole(
  fact: Fact & { points?: number; score?: number; unit?: number; solvedAt?: number },
  name: "points" | "score" | "unit" | "solvedAt",
): void {
  for (const number of [fact[name], fact.at, fact.seq]) {
    if (!Number.isSafeInteger(number)) {
      throw new OriginRejected(`fact ${fact.seq}: at, seq and ${name} must be whole numbers`);
    }
  }
  if (typeof fact.team !== "string") throw new OriginRejected(`fact ${fact.seq} names no team`);
}

function checkClue({ seq, clue }: { seq: number; clue: unknown }): void {
  if (typeof clue !== "string") throw new OriginRejected(`fact ${seq}: a solve names its clue`);
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

function markRow(fact: Fact & { reason?: string }, kind: string, value: boolean): object {
  return { team: fact.team, kind, seq: fact.seq, at: fact.at, value, reason: fact.reason ?? "" };
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
export function registrationRows(registrations: readonly RegistrationToStore[]): object[] {
  if (registrations.length > REGISTRATIONS_MAX) {
    throw new OriginRejected(
      `${registrations.length} registrations in one call; ${REGISTRATIONS_MAX} at most`,
    );
  }
  const rows = new Map<string, object>();
  for (const { externalId, name, locale, bracket, blocked = false, at = 0, digest } of registrations) {
    rows.set(externalId, { externalId, name, locale, bracket, blocked, at, digest });
  }
  return [...rows].sort(byKey).map(([, row]) => row);
}

/** The rows of the sign-ups among them, sorted as above; of several of one player and hunt the last counts. */
export function signUpRows(registrations: readonly RegistrationToStore[]): object[] {
  const rows = new Map<string, object>();
  for (const { externalId, signUp, at = 0, digest } of registrations) {
    if (!signUp) continue;
    const { hunt, fields } = signUp;
    rows.set(JSON.stringify([hunt, externalId]), { hunt, externalId, fields: storable(fields), at, digest });
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
