/**
 * The help desk of a shard's teams: what they ask, who of the organisers looks at it, what is said. A thread about a
 * clue closes itself when its team solves that.
 */
import type { BackupThread } from "../contract/backup.ts";
import {
  LEASE,
  MESSAGES_MAX,
  TEXTS_OF_TEAM_MAX,
  THREADS_OF_TEAM_MAX,
  type Thread,
  type ThreadState,
} from "../contract/help.ts";
import { type Refusal, refuse } from "../errors.ts";
import { NOT_OFFERED, refuseAsking } from "../hunt/help.ts";
import { iso } from "../hunt/moment.ts";
import { hintKey, personOf, type Team } from "../hunt/team.ts";
import type { BackupPage } from "../objects/backup.ts";
import { byWait, lengthOf } from "../objects/orders.ts";
import type {
  Asked,
  HelpAction,
  HelpAsked,
  HelpBeside,
  HelpPage,
  HelpPlace,
  HelpWanted,
  Said,
  Seat,
  Staff,
} from "../objects/shard.ts";
import type { WebhookThread } from "../objects/webhooks.ts";
import { type Fact, FORGOTTEN_NAME } from "../protocol.ts";
import type { CurrentHunt } from "./current-hunt.ts";
import type { HelpStore, StoredMessage, StoredThread } from "./help-store.ts";
import type { Journal } from "./journal.ts";
import type { Players } from "./players.ts";
import { BROKEN } from "./read-only.ts";
import type { ShardTime } from "./time.ts";

/** Threads of one shard. */
const THREADS_MAX = 10_000;

/** Characters of all threads of one shard, which are in memory: some 20 MB. */
const TEXTS_MAX = 10_000_000;

export interface HelpDeps {
  current: CurrentHunt;
  journal: Journal;
  time: ShardTime;
  players: Pick<Players, "memberOf">;
  store: HelpStore;
  /** A team asked for help. */
  asked(): void;
  /** Tells the team's sockets. */
  tell(team: string, thread: Thread): void;
  /** The organisers said something in the thread. */
  answered(team: string, thread: number): void;
}

export class Help {
  readonly #deps: HelpDeps;

  constructor(deps: HelpDeps) {
    this.#deps = deps;
  }

  // ── Players ─────────────────────────────────────────────────────────────

  /** See `ShardObject.askForHelp`. */
  async ask(seat: Seat, clue: string | undefined, said: Said): Promise<Thread | Refusal> {
    const team = await this.#teamOf(seat);
    if ("refused" in team) return team;
    const { current, store, time } = this.#deps;
    const now = time.now();
    const own = this.#threadsOf(team, now);
    const before = saidBefore(own, seat.player, said.key);
    if (before) {
      const [first] = before.thread.messages;
      const isSame = before.thread.clue === clue && before.message === first && first.text === said.text;
      return isSame ? toldToTeam(team, before.thread, now) : OTHER;
    }
    const waiting = own.filter((thread) => thread.state === "open").length;
    const refused = refuseAsking(current.context(now), team, clue, waiting, now);
    if (refused) return refused;
    if (own.length >= THREADS_OF_TEAM_MAX) {
      return refuse("conflict", `a team asks ${THREADS_OF_TEAM_MAX} times at most`);
    }
    if (store.size >= THREADS_MAX) return NO_ROOM;
    const tooMuch = this.#refuseText(own, said.text);
    if (tooMuch) return tooMuch;
    const thread: StoredThread = {
      n: store.next(),
      team: team.id,
      ...(clue === undefined ? {} : { clue }),
      state: "open",
      since: now,
      messages: [this.#written(seat, said, now)],
    };
    const saved = this.#saved(team, thread, now);
    this.#deps.asked();
    return saved;
  }

  /** For webhooks: what was asked for behind this number. */
  asked(after: number): WebhookThread[] {
    const found: WebhookThread[] = [];
    for (const { n, team, clue, messages, restored } of this.#deps.store.all()) {
      if (n <= after || restored) continue;
      const at = messages[0]?.at ?? 0;
      found.push({ n, at, team, id: threadId(team, n), ...(clue === undefined ? {} : { clue }) });
    }
    return found;
  }

  /** A page of a backup: those behind number `after`, with so many characters and one more at most. */
  copied(after: number, length: number): BackupPage<BackupThread> {
    const entries: BackupThread[] = [];
    let copied = 0;
    for (const { claim: _, restored: __, messages, ...thread } of this.#deps.store.all()) {
      if (thread.n <= after) continue;
      const last = entries.at(-1);
      if (last && copied >= length) return { entries, next: last.n };
      entries.push({ ...thread, messages: messages.map(({ slot: ___, ...message }) => message) });
      copied += lengthOf({ messages });
    }
    return { entries };
  }

  /** Takes one of a backup; whether its team is here. Safe to repeat. */
  take(thread: BackupThread): boolean {
    const team = this.#deps.journal.teams.get(thread.team);
    if (!team) return false;
    const messages = thread.messages.map((message) => {
      const slot = message.from === "team" ? personOf(team, message.by)?.slot : undefined;
      return slot === undefined ? message : { ...message, slot };
    });
    this.#deps.store.save({ ...thread, restored: true, messages });
    return true;
  }

  /** The number of the last request; 0: there is none. */
  get last(): number {
    return this.#deps.store.next() - 1;
  }

  /** See `ShardObject.helpThreads`. */
  async threads(seat: Seat): Promise<Thread[] | Refusal> {
    const team = await this.#teamOf(seat);
    if ("refused" in team) return team;
    const { current, time } = this.#deps;
    if (!current.hunt.compiled.help) return NOT_OFFERED;
    const now = time.now();
    return this.#threadsOf(team, now)
      .map((thread) => toldToTeam(team, thread, now))
      .reverse();
  }

  /** See `ShardObject.askMore`. */
  async askMore(seat: Seat, n: number, said: Said): Promise<Thread | Refusal> {
    const team = await this.#teamOf(seat);
    if ("refused" in team) return team;
    const { current, time } = this.#deps;
    if (!current.hunt.compiled.help) return NOT_OFFERED;
    const now = time.now();
    const own = this.#threadsOf(team, now);
    const thread = own.find((each) => each.n === n);
    if (!thread) return NONE;
    const before = saidBefore(own, seat.player, said.key);
    if (before) {
      const isSame = before.thread === thread && before.message.text === said.text;
      return isSame ? toldToTeam(team, thread, now) : OTHER;
    }
    const refused = refuseMessage(thread) ?? this.#refuseText(own, said.text);
    if (refused) return refused;
    const messages = [...thread.messages, this.#written(seat, said, now)];
    // Who waits already goes on waiting since then.
    const since = thread.state === "open" ? thread.since : now;
    return this.#saved(team, { ...thread, state: "open", since, messages }, now);
  }

  // ── Organisers ──────────────────────────────────────────────────────────

  /** See `ShardObject.helpQueue`. */
  async queue({ state, clue, after, limit, length }: HelpWanted): Promise<HelpPage | Refusal> {
    const refused = await this.#ready();
    if (refused) return refused;
    const { store, time, journal } = this.#deps;
    const now = time.now();
    const found: { team: Team; thread: StoredThread; place: HelpPlace }[] = [];
    for (const stored of store.all()) {
      if (clue !== undefined && stored.clue !== clue) continue;
      // Nothing but closing happens to a thread by itself: teams of the others are not read.
      if (state !== "closed" && stored.state !== (state === "answered" ? state : "open")) continue;
      const team = journal.teams.get(stored.team);
      if (!team) continue;
      const thread = this.#settled(team, stored, now);
      const is = stateOf(thread, now);
      if (state === undefined ? is !== "open" && is !== "claimed" : is !== state) continue;
      found.push({ team, thread, place: placeOf(thread, threadId(team.id, thread.n)) });
    }
    const behind = found
      .filter(({ place }) => after === undefined || byWait(after, place) < 0)
      .sort((a, b) => byWait(a.place, b.place));
    const threads: Asked[] = [];
    let told = 0;
    for (const { team, thread } of behind) {
      if (threads.length >= limit || told >= length) break;
      threads.push(toldToStaff(team, thread, now));
      told += lengthOf(thread);
    }
    return { threads, total: found.length, more: threads.length < behind.length };
  }

  /** See `ShardObject.helpBeside`. */
  async beside(teamId: string, n: number): Promise<HelpBeside | Refusal> {
    const refused = await this.#ready();
    if (refused) return refused;
    const { current, time } = this.#deps;
    const found = this.#threadOf(teamId, n);
    if ("refused" in found) return found;
    const { team, thread } = found;
    const { clue: about } = thread;
    const clue = about === undefined ? undefined : current.hunt.clues.get(about);
    return {
      thread: toldToStaff(team, thread, time.now()),
      hints: (clue?.hints ?? []).map(({ id, text, cost }) => ({
        id,
        text,
        cost,
        taken: team.hints.has(hintKey(clue?.id ?? "", id)),
      })),
      solved: about !== undefined && team.solves.has(about),
    };
  }

  /** See `ShardObject.helpAct`. */
  async act(teamId: string, n: number, action: HelpAction, staff: Staff): Promise<HelpAsked | Refusal> {
    const refused = await this.#ready();
    if (refused) return refused;
    const found = this.#threadOf(teamId, n);
    if ("refused" in found) return found;
    const { team, thread } = found;
    const now = this.#deps.time.now();
    if (action.type === "reply") {
      const before = thread.messages.find(({ from, key }) => from === "staff" && key === action.key);
      if (before) return before.text === action.text ? { thread: toldToStaff(team, thread, now) } : OTHER;
    }
    const changed = changeOf(thread, action, staff, now);
    if ("refused" in changed) return changed;
    this.#saved(team, changed, now);
    if (action.type === "reply") this.#deps.answered(teamId, n);
    return { thread: toldToStaff(team, changed, now) };
  }

  /** What the team's thread is about in which the organisers had the last word; undefined: they had not, or it is solved. */
  answeredAbout(teamId: string, n: number): { clue?: string } | undefined {
    const found = this.#threadOf(teamId, n);
    if ("refused" in found) return undefined;
    const { clue, messages } = found.thread;
    if (messages.at(-1)?.from !== "staff" || found.team.merged) return undefined;
    if (clue === undefined) return {};
    return found.team.solves.has(clue) ? undefined : { clue };
  }

  // ── What happens to teams ────────────────────────────────────────────────

  /** A commit is durable: what was solved needs no help, and who was forgotten said nothing. */
  committed(facts: readonly Fact[]): void {
    if (this.#deps.store.size === 0) return;
    const { journal, store, time } = this.#deps;
    for (const fact of facts) {
      if (fact.type === "forget") this.#forget(fact.team, fact.player);
      const clue = solvedBy(fact);
      const team = clue === undefined ? undefined : journal.teams.get(fact.team);
      if (!team) continue;
      for (const thread of store.of(team.id)) {
        if (thread.clue === clue) this.#settled(team, thread, time.now());
      }
    }
  }

  /** What the player wrote. */
  messagesOf(team: string, player: string): { at: number; clue?: string; text: string }[] {
    return this.#deps.store
      .of(team)
      .flatMap(({ clue, messages }) =>
        messages
          .filter(({ from, by }) => from === "team" && by === player)
          .map(({ at, text }) => ({ at, text, ...(clue === undefined ? {} : { clue }) })),
      );
  }

  /** Its key is gone with the commit: another instance could not read it any more. */
  #forget(team: string, player: string): void {
    for (const thread of this.#deps.store.of(team)) {
      const isIts = ({ from, by }: StoredMessage): boolean => from === "team" && by === player;
      if (!thread.messages.some(isIts)) continue;
      const messages = thread.messages.map(
        (message): StoredMessage =>
          isIts(message) ? { at: message.at, from: "team", by: player, text: FORGOTTEN_NAME } : message,
      );
      this.#deps.store.save({ ...thread, messages });
    }
  }

  #written({ team, player }: Seat, { text, key }: Said, at: number): StoredMessage {
    const slot = this.#deps.journal.teams.slotOf(team, player);
    return { at, from: "team", by: player, text, ...(slot === undefined ? {} : { slot }), key };
  }

  /** `own`: the team's threads. */
  #refuseText(own: readonly StoredThread[], text: string): Refusal | undefined {
    const written = own.reduce(
      (sum, { messages }) => sum + lengthOf({ messages: messages.filter(isTeams) }),
      0,
    );
    if (written + text.length > TEXTS_OF_TEAM_MAX) {
      return refuse("conflict", `a team writes ${TEXTS_OF_TEAM_MAX} characters at most`);
    }
    return this.#deps.store.length + text.length > TEXTS_MAX ? NO_ROOM : undefined;
  }

  async #ready(): Promise<Refusal | undefined> {
    const refused = await this.#deps.current.ready();
    if (refused) return refused;
    await this.#deps.journal.committed();
    return undefined;
  }

  async #teamOf({ team: id, player, gen }: Seat): Promise<Team | Refusal> {
    const refused = await this.#ready();
    if (refused) return refused;
    return this.#deps.players.memberOf(id, player, gen);
  }

  #threadsOf(team: Team, now: number): StoredThread[] {
    return this.#deps.store.of(team.id).map((thread) => this.#settled(team, thread, now));
  }

  #threadOf(teamId: string, n: number): { team: Team; thread: StoredThread } | Refusal {
    const { journal, store, time } = this.#deps;
    const thread = store.at(n);
    if (thread?.team !== teamId) return NONE;
    const team = journal.teams.get(teamId);
    if (!team) return BROKEN;
    return { team, thread: this.#settled(team, thread, time.now()) };
  }

  /** Closed, if its clue was solved or its team is no more. */
  #settled(team: Team, thread: StoredThread, now: number): StoredThread {
    const isOver = team.merged || (thread.clue !== undefined && team.solves.has(thread.clue));
    if (!isOver || thread.state === "closed") return thread;
    const { claim: _, ...rest } = thread;
    const closed: StoredThread = { ...rest, state: "closed" };
    this.#saved(team, closed, now);
    return closed;
  }

  #saved(team: Team, thread: StoredThread, now: number): Thread {
    this.#deps.store.save(thread);
    const told = toldToTeam(team, thread, now);
    this.#deps.tell(team.id, told);
    return told;
  }
}

const NONE = refuse("not_found", "no such request");

const NO_ROOM = refuse("overloaded", "this part of the hunt has no room for more");

/** Another message under the same Idempotency-Key. */
const OTHER = refuse("conflict", "another message was sent with this Idempotency-Key");

const isTeams = ({ from }: StoredMessage): boolean => from === "team";

/** What the player said under the key. */
function saidBefore(
  own: readonly StoredThread[],
  player: string,
  key: string,
): { thread: StoredThread; message: StoredMessage } | undefined {
  for (const thread of own) {
    const message = thread.messages.find((each) => isTeams(each) && each.by === player && each.key === key);
    if (message) return { thread, message };
  }
  return undefined;
}

function stateOf({ state, claim }: StoredThread, now: number): ThreadState {
  return state === "open" && claim && claim.until > now ? "claimed" : state;
}

function refuseMessage({ state, messages }: StoredThread): Refusal | undefined {
  if (state === "closed") return refuse("conflict", "the request is closed");
  if (messages.length >= MESSAGES_MAX)
    return refuse("conflict", `a request has ${MESSAGES_MAX} messages at most`);
  return undefined;
}

/** The thread after what somebody of the organisers does with it. */
function changeOf(
  thread: StoredThread,
  action: HelpAction,
  { name, mayRelease }: Staff,
  now: number,
): StoredThread | Refusal {
  const { claim, ...free } = thread;
  const others = claim && claim.until > now && claim.by !== name ? claim : undefined;
  const taken =
    others &&
    refuse("conflict", `${others.by} has this request until ${new Date(others.until).toISOString()}`);
  switch (action.type) {
    case "claim":
      if (taken) return taken;
      if (thread.state !== "open") return refuse("conflict", `the request is ${thread.state}`);
      return { ...thread, claim: { by: name, until: now + LEASE } };
    case "release":
      return taken && !mayRelease ? taken : free;
    case "close":
      return taken && !mayRelease ? taken : { ...free, state: "closed" };
    case "reply": {
      if (taken) return taken;
      const refused = refuseMessage(thread);
      if (refused) return refused;
      const said = { at: now, from: "staff" as const, by: name, text: action.text, key: action.key };
      return { ...free, state: action.close ? "closed" : "answered", messages: [...thread.messages, said] };
    }
  }
}

/** The clue that the fact solves. */
function solvedBy(fact: Fact): string | undefined {
  if (fact.type === "solve") return fact.clue;
  return "outcome" in fact && fact.outcome === "correct" ? fact.clue : undefined;
}

const placeOf = ({ state, since, messages }: StoredThread, id: string): HelpPlace =>
  state === "open" ? { waits: true, at: since, id } : { waits: false, at: messages.at(-1)?.at ?? 0, id };

export const threadId = (team: string, n: number): string => `${team}.${n}`;

const nameOf = (team: Team, id: string): string => personOf(team, id)?.name ?? FORGOTTEN_NAME;

/** Players are not told an organiser's address. */
const staffName = (by: string): string => by.split("@")[0] ?? by;

function toldToTeam(team: Team, thread: StoredThread, now: number): Thread {
  const { n, clue, messages } = thread;
  return {
    id: threadId(team.id, n),
    ...(clue === undefined ? {} : { clue }),
    state: stateOf(thread, now),
    messages: messages.map(({ at, from, by, text }) => ({
      at: iso(at),
      from,
      by: from === "team" ? nameOf(team, by) : staffName(by),
      text,
    })),
  };
}

function toldToStaff(team: Team, thread: StoredThread, now: number): Asked {
  const { n, clue, since, claim, messages } = thread;
  const state = stateOf(thread, now);
  return {
    id: threadId(team.id, n),
    team: { id: team.id, name: team.name },
    ...(clue === undefined ? {} : { clue }),
    state,
    ...(thread.state === "open" ? { since } : {}),
    ...(claim && state === "claimed" ? { claim } : {}),
    messages: messages.map(({ at, from, by, text }) => ({
      at,
      from,
      by: from === "team" ? nameOf(team, by) : by,
      text,
    })),
  };
}
