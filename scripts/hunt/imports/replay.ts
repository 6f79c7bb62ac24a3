/**
 * What was played on a CTFd as lines that `hunt import` replays, each at its own time. The lines are made so that the
 * rules here come to what CTFd had decided: what they would decide otherwise is left out or written otherwise, and told.
 */
import type { ImportLine } from "../../../src/contract/data.ts";
import { foldName } from "../../../src/hunt/fold.ts";
import { normaliseAnswer } from "../../../src/hunt/normalise.ts";
import { count, plural } from "../text.ts";
import { canBeGiven } from "./answers.ts";
import type { Row, Tables } from "./ctfd-tables.ts";
import { type Clue, type Imported, lineOf } from "./definition.ts";
import type { Findings } from "./findings.ts";
import type { Source } from "./source.ts";

const NAME_MAX = 80;
const REASON_MAX = 500;
const AWARD_MAX = 1_000_000;
/** Names told of those that have the same fate; of more there is a number. */
const NAMES_TOLD = 50;

export type ReplayLine = ImportLine;

export interface Replayed {
  lines: ReplayLine[];
  /** As CTFd counts at last, the best first. */
  standings: { team: string; score: number; solves: number }[];
}

interface Account {
  id: number;
  name: string;
  joined: number;
  bracket?: string;
  members: { id: number; name: string; joined: number }[];
  /** It has no place there. */
  isOut: boolean;
}

interface State {
  solved: Set<string>;
  unlocked: Set<string>;
  wrong: Map<string, { count: number; tokens: number; at: number }>;
  /** What it has at least. */
  least: number;
}

type Happening =
  | { at: number; order: number; id: number; kind: "submission"; row: Row<"submissions"> }
  | { at: number; order: number; id: number; kind: "hint"; row: Row<"unlocks"> }
  | { at: number; order: number; id: number; kind: "award"; row: Row<"awards"> };

export function replayOf(tables: Tables, source: Source, imported: Imported, findings: Findings): Replayed {
  return new Replay(tables, source, imported, findings).run();
}

class Replay {
  readonly #tables: Tables;
  readonly #source: Source;
  readonly #findings: Findings;
  readonly #clues: ReadonlyMap<string, Clue>;
  readonly #brackets: ReadonlyMap<string, string>;
  readonly #accounts = new Map<number, Account>();
  readonly #states = new Map<number, State>();
  /** By the source's id of the hint. */
  readonly #hints: ReadonlyMap<number, { clue: Clue; hint: { id: string; cost: number } }>;
  readonly #right = new Map<string, ReadonlySet<string | null>>();
  /** What a hint cost then: account and hint. */
  readonly #paid = new Map<string, number>();
  readonly #lines: ReplayLine[] = [];
  /** Lines that are not written, or otherwise, by why. */
  readonly #counts = new Map<string, number>();
  /** When the hunt is open; undefined: it has no times. */
  readonly #times: { opens: number; closes: number } | undefined;

  constructor(tables: Tables, source: Source, { clues, brackets }: Imported, findings: Findings) {
    this.#tables = tables;
    this.#source = source;
    this.#findings = findings;
    this.#clues = new Map(clues.map((clue) => [clue.challenge.key, clue]));
    this.#hints = new Map(
      clues.flatMap((clue) => [...clue.hints].map(([key, hint]) => [key, { clue, hint }])),
    );
    this.#brackets = brackets;
    const { opens, closes } = source;
    this.#times =
      opens === undefined || closes === undefined || opens >= closes ? undefined : { opens, closes };
  }

  run(): Replayed {
    const happenings = this.#happenings();
    this.#findAccounts(happenings);
    const solvedLater = this.#solves();
    for (const happening of happenings) {
      const why = this.#take(happening, solvedLater);
      if (why !== undefined) this.#count(why);
    }
    // Stable: what is of one time stays in its order.
    const lines = [...this.#joins(), ...this.#lines].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
    for (const [why, many] of this.#counts)
      this.#findings.add("left", "replay", `${plural(many, "line")}: ${why}`);
    return { lines, standings: this.#standings() };
  }

  #count(why: string, many = 1): void {
    this.#counts.set(why, (this.#counts.get(why) ?? 0) + many);
  }

  #accountOf(row: { user_id: number | undefined; team_id: number | undefined }): Account | undefined {
    const id = this.#source.mode === "teams" ? row.team_id : row.user_id;
    return id === undefined ? undefined : this.#accounts.get(id);
  }

  #happenings(): Happening[] {
    const { submissions, unlocks, awards } = this.#tables;
    const found: Happening[] = [];
    const undated = (what: string): void => this.#count(`${what} without a time`);
    for (const row of submissions) {
      if (row.date === undefined) undated("a submission");
      else found.push({ at: row.date, order: 2, id: row.id, kind: "submission", row });
    }
    for (const row of unlocks) {
      if (row.type !== "hints") this.#count(`what was unlocked of the kind "${row.type}"`);
      else if (row.date === undefined) undated("a hint taken");
      else found.push({ at: row.date, order: 1, id: row.id, kind: "hint", row });
    }
    // What a hint cost is an award as well, and comes of the hint here.
    const taken = new Set(
      unlocks.filter(({ type }) => type === "hints").map((row) => this.#keyOf(row, row.target)),
    );
    for (const row of awards) {
      const hint = row.category === "hints" ? /^Hint (\d{1,15})$/.exec(row.name)?.[1] : undefined;
      const key = this.#keyOf(row, Number(hint));
      if (hint !== undefined && taken.has(key) && !this.#paid.has(key)) {
        this.#paid.set(key, -(row.value ?? 0));
        continue;
      }
      if (row.date === undefined) undated("an award");
      else found.push({ at: row.date, order: 3, id: row.id, kind: "award", row });
    }
    return found.sort((a, b) => a.at - b.at || a.order - b.order || a.id - b.id);
  }

  #keyOf(
    row: { user_id: number | undefined; team_id: number | undefined },
    target: number | undefined,
  ): string {
    return `${this.#source.mode === "teams" ? row.team_id : row.user_id} ${target}`;
  }

  // ── Who plays ────────────────────────────────────────────────────────────

  #findAccounts(happenings: readonly Happening[]): void {
    /** The first thing that somebody did. */
    const first = new Map<number, number>();
    for (const { at, row } of happenings) {
      if (row.user_id !== undefined && !first.has(row.user_id)) first.set(row.user_id, at);
    }
    /** When somebody came, as far as that is known; never behind what they did first. */
    const joinedAt = (user: Row<"users">, made?: number): number => {
      const did = first.get(user.id);
      const came = user.created === undefined ? made : Math.max(user.created, made ?? 0);
      return Math.min(
        came ?? did ?? this.#times?.opens ?? happenings[0]?.at ?? 0,
        did ?? Number.POSITIVE_INFINITY,
      );
    };
    const { users, teams } = this.#tables;
    const taken = new Set<string>();
    if (this.#source.mode === "solo") {
      for (const user of users) {
        const name = this.#nameOf(user.name, `Player ${user.id}`, taken, "player");
        const joined = joinedAt(user);
        this.#add({ ...user, name, joined, members: [{ id: user.id, name, joined }] });
      }
      this.#tellOut(users);
      return;
    }
    const members = Map.groupBy(users, ({ team_id }) => team_id);
    const alone = members.get(undefined)?.filter(({ type }) => type !== "admin") ?? [];
    if (alone.length > 0) this.#findings.add("left", "players without a team", named(alone));
    const empty: Row<"teams">[] = [];
    for (const team of teams) {
      const own = members.get(team.id) ?? [];
      if (own.length === 0) empty.push(team);
      if (own.length === 0) continue;
      const names = new Set<string>();
      const read = own.map((user) => ({
        id: user.id,
        name: this.#nameOf(user.name, `Player ${user.id}`, names, "player"),
        joined: joinedAt(user, team.created),
      }));
      read.sort((a, b) => a.joined - b.joined || a.id - b.id);
      const captain = read.findIndex(({ id }) => id === team.captain_id);
      const [leader] = captain > 0 ? read.splice(captain, 1) : [];
      // The first who joins is the captain.
      if (leader)
        read.unshift({ ...leader, joined: Math.min(leader.joined, ...read.map(({ joined }) => joined)) });
      const name = this.#nameOf(team.name, `Team ${team.id}`, taken, "team");
      this.#add({ ...team, name, joined: read[0]?.joined ?? 0, members: read });
    }
    if (empty.length > 0) this.#findings.add("left", "teams without a member", named(empty));
    this.#tellOut(teams);
  }

  #add(row: {
    id: number;
    name: string;
    joined: number;
    members: Account["members"];
    hidden: boolean;
    banned: boolean;
    bracket_id: number | undefined;
  }): void {
    const { id, name, joined, members, hidden, banned, bracket_id } = row;
    const bracket = bracket_id === undefined ? undefined : this.#brackets.get(String(bracket_id));
    if (this.#times && joined >= this.#times.closes) {
      this.#count("a team or player that came after the end");
      return;
    }
    this.#accounts.set(id, {
      id,
      name,
      joined,
      members,
      isOut: hidden || banned,
      ...(bracket === undefined ? {} : { bracket }),
    });
    this.#states.set(id, { solved: new Set(), unlocked: new Set(), wrong: new Map(), least: 0 });
  }

  #tellOut(rows: readonly { id: number; hidden: boolean; banned: boolean }[]): void {
    for (const [mark, command] of [
      ["hidden", "hide"],
      ["banned", "ban"],
    ] as const) {
      const marked = rows.flatMap((row) => (row[mark] ? (this.#accounts.get(row.id) ?? []) : []));
      if (marked.length === 0) continue;
      this.#findings.add(
        "left",
        `${mark} there`,
        `${named(marked)}: find their ids by \`teams\`, and \`${command}\` them`,
      );
    }
  }

  /** A name that can be one here, and that no other of `taken` has. */
  #nameOf(given: string, otherwise: string, taken: Set<string>, kind: string): string {
    const line = lineOf(given, NAME_MAX);
    const wanted = /[\p{L}\p{N}\p{P}\p{S}]/u.test(line) && foldName(line) !== "" ? line : otherwise;
    let name = wanted;
    for (let number = 2; taken.has(foldName(name)); number += 1) {
      const behind = ` (${number})`;
      name = lineOf(wanted, NAME_MAX - behind.length) + behind;
    }
    taken.add(foldName(name));
    if (name !== given)
      this.#findings.add(
        "changed",
        `${kind} ${JSON.stringify(given)}`,
        `it is called ${JSON.stringify(name)}`,
      );
    return name;
  }

  #joins(): ReplayLine[] {
    return [...this.#accounts.values()].flatMap(({ name, joined, bracket, members }) =>
      members.flatMap((member, index): ReplayLine[] => {
        const at = Math.max(member.joined, joined);
        if (index > 0 && this.#times && at >= this.#times.closes) {
          this.#count("a player that came after the end");
          return [];
        }
        return [
          {
            at: iso(at),
            team: name,
            player: member.name,
            type: "join",
            ...(index === 0 && bracket !== undefined ? { bracket } : {}),
          },
        ];
      }),
    );
  }

  // ── What they did ────────────────────────────────────────────────────────

  /** What each account has solved at last: `account clue`. */
  #solves(): Set<string> {
    const solves = new Set<string>();
    for (const row of this.#tables.submissions) {
      const account = this.#accountOf(row);
      const clue = this.#clues.get(String(row.challenge_id));
      if (row.type === "correct" && account && clue) solves.add(`${account.id} ${clue.id}`);
    }
    return solves;
  }

  #take(happening: Happening, solvedLater: ReadonlySet<string>): string | undefined {
    const { at, kind, row } = happening;
    const account = this.#accountOf(row);
    const state = account && this.#states.get(account.id);
    if (!account || !state) return "of a player or team that is not there";
    if (kind === "award") {
      const reason = lineOf([row.name, row.description].filter(Boolean).join(": "), REASON_MAX) || "award";
      state.least += row.value ?? 0;
      return this.#award(account, at, `award-${row.id}`, row.value ?? 0, reason);
    }
    if (this.#times && (at < this.#times.opens || at >= this.#times.closes)) {
      if (kind !== "hint") return "a submission before the start or after the end";
      const cost = this.#paid.get(this.#keyOf(row, row.target)) ?? 0;
      state.least -= cost;
      if (cost !== 0) this.#award(account, at, `hint-${row.id}`, -cost, "a hint");
      return "a hint taken before the start or after the end: its cost is an award";
    }
    const player = account.members.find(({ id }) => id === row.user_id)?.name;
    if (kind === "hint") return this.#hint(account, state, at, row, player);
    return this.#submission(account, state, at, row, player, solvedLater);
  }

  #award({ name }: Account, at: number, id: string, points: number, reason: string): string | undefined {
    const whole = Math.max(-AWARD_MAX, Math.min(AWARD_MAX, Math.round(points)));
    if (whole === 0) return "an award of no points";
    this.#lines.push({ at: iso(at), team: name, id, type: "award", points: whole, reason });
    return undefined;
  }

  #hint(
    account: Account,
    state: State,
    at: number,
    row: Row<"unlocks">,
    player: string | undefined,
  ): string | undefined {
    const known = this.#hints.get(row.target ?? -1);
    const paid = this.#paid.get(this.#keyOf(row, row.target));
    if (!known) {
      state.least -= paid ?? 0;
      if (paid) this.#award(account, at, `hint-${row.id}`, -paid, "a hint");
      return "a hint taken that is not there: its cost is an award";
    }
    const { clue, hint } = known;
    const cost = paid ?? hint.cost;
    // Nobody pays for a hint of what is solved here, nor more than there is.
    if (state.solved.has(clue.id) || hint.cost > state.least) {
      if (cost !== 0) this.#award(account, at, `hint-${row.id}`, -cost, `${hint.id} of ${clue.id}`);
      state.least -= cost;
      return state.solved.has(clue.id)
        ? "a hint taken of what was solved: its cost is an award"
        : "a hint that could not be paid by what is sure here: its cost is an award";
    }
    this.#open(account, state, clue, at);
    this.#lines.push({
      at: iso(at),
      team: account.name,
      ...(player === undefined ? {} : { player }),
      id: `unlock-${row.id}`,
      type: "hint",
      clue: clue.id,
      hint: hint.id,
    });
    state.least -= hint.cost;
    if (cost !== hint.cost) {
      this.#count("a hint that had another cost then: the difference is an award");
      this.#award(account, at, `hint-${row.id}`, hint.cost - cost, `${hint.id} of ${clue.id} cost ${cost}`);
      state.least += hint.cost - cost;
    }
    return undefined;
  }

  /** Opens the clue by hand where its condition does not hold, as it can have been another one then. */
  #open({ name }: Account, state: State, { id, isManual, requires, challenge }: Clue, at: number): void {
    const isOpen =
      !isManual &&
      requires.every((clue) => state.solved.has(clue)) &&
      (challenge.scheduledAt === undefined || at >= challenge.scheduledAt);
    if (isOpen || state.unlocked.has(id)) return;
    state.unlocked.add(id);
    this.#lines.push({ at: iso(at), team: name, type: "unlock", clue: id, reason: "it was open in CTFd" });
  }

  #submission(
    account: Account,
    state: State,
    at: number,
    { id, challenge_id, provided, type }: Row<"submissions">,
    player: string | undefined,
    solvedLater: ReadonlySet<string>,
  ): string | undefined {
    const clue = this.#clues.get(String(challenge_id));
    if (!clue) return "a submission for a challenge that is not there";
    if (type !== "correct" && type !== "incorrect") return `a submission of the kind "${type}"`;
    if (state.solved.has(clue.id)) return "a submission for what was solved already";
    const text = provided.trim();
    const { answers, compare } = clue.answers;
    const given = canBeGiven(text) ? normaliseAnswer(compare, text) : null;
    const isRight = given !== null && this.#rightOf(clue).has(given);
    const line = (answer: string): ReplayLine => ({
      at: iso(at),
      team: account.name,
      ...(player === undefined ? {} : { player }),
      id: `submission-${id}`,
      type: "answer",
      clue: clue.id,
      answer,
    });
    if (type === "correct") {
      this.#open(account, state, clue, at);
      this.#lines.push(line(isRight ? text : (answers[0] ?? "")));
      state.solved.add(clue.id);
      state.least += clue.least;
      return isRight
        ? undefined
        : "written otherwise: what solved a challenge is no answer here, so that the line has the first answer";
    }
    if (isRight) return "a submission that was wrong, and would be right here";
    if (!canBeGiven(text)) return "a wrong submission that is no line of 1 to 500 characters";
    if (!this.#mayTry(state, clue, at, solvedLater.has(`${account.id} ${clue.id}`))) {
      return "a wrong submission beyond the limits of tries here";
    }
    this.#open(account, state, clue, at);
    this.#lines.push(line(text));
    return undefined;
  }

  /** What is right, normalised. */
  #rightOf({ id, answers: { answers, compare } }: Clue): ReadonlySet<string | null> {
    const known = this.#right.get(id) ?? new Set(answers.map((answer) => normaliseAnswer(compare, answer)));
    this.#right.set(id, known);
    return known;
  }

  /** Whether a wrong answer fits the limits, with one more try for what will be solved. */
  #mayTry(state: State, { id, challenge }: Clue, at: number, keepsOne: boolean): boolean {
    const { triesPerMinute, triesBackAfter } = this.#source;
    const isOwn = challenge.attempts > 0 && triesBackAfter !== undefined;
    const burst = Math.max(1, isOwn ? Math.ceil(challenge.attempts) : triesPerMinute);
    const perMs = isOwn ? burst / (Math.max(1, triesBackAfter) * 1_000) : burst / 60_000;
    const known = state.wrong.get(id) ?? { count: 0, tokens: burst, at };
    const tokens = Math.min(burst, known.tokens + (at - known.at) * perMs);
    const spare = keepsOne ? 1 : 0;
    const most =
      challenge.attempts > 0 && !isOwn ? Math.ceil(challenge.attempts) - spare : Number.POSITIVE_INFINITY;
    if (tokens < 1 + spare || known.count >= most) {
      state.wrong.set(id, { ...known, tokens, at });
      return false;
    }
    state.wrong.set(id, { count: known.count + 1, tokens: tokens - 1, at });
    return true;
  }

  // ── How it stood ─────────────────────────────────────────────────────────

  #standings(): Replayed["standings"] {
    const scores = new Map<number, { score: number; solves: number }>();
    const add = (
      row: { user_id: number | undefined; team_id: number | undefined },
      points: number,
      solves: number,
    ): void => {
      const account = this.#accountOf(row);
      if (!account || account.isOut) return;
      const known = scores.get(account.id) ?? { score: 0, solves: 0 };
      scores.set(account.id, { score: known.score + points, solves: known.solves + solves });
    };
    for (const row of this.#tables.submissions) {
      const clue = row.type === "correct" ? this.#clues.get(String(row.challenge_id)) : undefined;
      if (clue) add(row, clue.challenge.value, 1);
    }
    for (const row of this.#tables.awards) add(row, row.value ?? 0, 0);
    return [...scores]
      .map(([id, told]) => ({ team: this.#accounts.get(id)?.name ?? "", ...told }))
      .sort((a, b) => b.score - a.score || (a.team < b.team ? -1 : 1));
  }
}

const iso = (at: number): string => new Date(at).toISOString();

function named(rows: readonly { name: string }[]): string {
  const names = rows.slice(0, NAMES_TOLD).map(({ name }) => lineOf(name, NAME_MAX));
  const more = rows.length - names.length;
  return names.join(", ") + (more > 0 ? ` and ${count(more)} more` : "");
}
