/**
 * Forgetting a player: the log says so, and the key of the player is overwritten
 * in the same transaction. What else there is of the person, outside the shard, is
 * taken back then: what it had once (names.ts), its registration. That is noted
 * in the same transaction, and done again until it is done.
 */
import { type Refusal, refuse } from "../errors.ts";
import { foldValue } from "../hunt/asks.ts";
import { foldNameBefore } from "../hunt/fold.ts";
import { forgetPlayer, hasLeft } from "../hunt/membership.ts";
import { type FormerMember, isAlone, type Member, type Team } from "../hunt/team.ts";
import type { Sql } from "../lazy-sql.ts";
import { ordinalOf } from "../objects/ids.ts";
import { JOINED_BEFORE, SOLO_PREFIX } from "../objects/names.ts";
import { entryName, fieldName, personName, soloName } from "../objects/person.ts";
import type { Forgetter, Forgotten, ForgottenPage } from "../objects/shard.ts";
import type { ForgetFact } from "../protocol.ts";
import type { Secrets } from "../secrets.ts";
import type { CurrentHunt } from "./current-hunt.ts";
import type { Journal } from "./journal.ts";
import type { Players } from "./players.ts";
import { BROKEN, NO_KEY } from "./read-only.ts";
import { type Noted, type TakenBack, TakingBack } from "./taking-back.ts";
import type { ShardTime } from "./time.ts";

/** How long to wait after what could not be taken back, ms. */
const RETRY_DELAY = 5_000;

/** What is taken back in one turn; the rest waits for the next. */
const TURN_MAX = 50;

/** Other teams of one player that a turn goes to itself. */
const TEAMS_FOLLOWED = 100;

/** So long a player may be on the way to another team, ms: one who is not there by then never came. */
const ARRIVES_WITHIN = 3_600_000;

/** Players forgotten in one call. */
export const FORGOTTEN_AT_ONCE = 200;

type Person = Member | FormerMember;

const isForgotten = (person: Person): boolean => "forgotten" in person && person.forgotten === true;

export interface ForgettingDeps {
  sql: Sql;
  secrets: Pick<Secrets, "CODE_KEYS">;
  current: CurrentHunt;
  journal: Journal;
  time: ShardTime;
  players: Players;
  /** Gives back what was reserved under one of the keys. */
  release(name: string, keys: readonly string[]): Promise<void>;
  /** Takes back registrations told up to `at` (epoch ms). */
  /** What stands beside the log and the keys. */
  forgotten(player: string): void;
  unregister(externalIds: readonly string[], at: number): Promise<void>;
  /** Forgets the player of another team; gives the teams it was in from there. */
  forgetIn(team: string, player: string, why: ForgetFact["why"]): Promise<Forgotten | Refusal>;
  /** Has `turn` called again, in so many ms. */
  wake(delay: number): void;
}

export class Forgetting {
  readonly #deps: ForgettingDeps;
  #running: Promise<void> | undefined;
  /** The commit that gathers forgets somebody of whom nothing says where the key stands. */
  #hasStrays = false;
  readonly #rows: TakingBack;
  /** Behind which row the next turn begins: those that fail hold up no others. */
  #after = 0;

  constructor(deps: ForgettingDeps) {
    this.#deps = deps;
    this.#rows = new TakingBack(deps.sql, deps.journal.log.keys);
  }

  /** Whether there is something left to take back. */
  get isBehind(): boolean {
    return !this.#rows.isEmpty;
  }

  /**
   * Forgets a player of the team, also one who left; safe to repeat. `isFollowing`: another shard asks, whose player
   * it was too. Then nothing outside is waited for, as two that wait for each other would never end: the one that
   * asks goes on to the teams it is told.
   */
  async forget(
    teamId: string,
    player: string,
    by: Forgetter,
    isFollowing = false,
  ): Promise<Forgotten | Refusal> {
    const { current, journal, time, wake } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    const team = this.#teamOf(teamId, player, by);
    if (team === undefined) return { done: true };
    if ("refused" in team) return team;
    const noted = this.#note(team, player, typeof by === "string" ? by : "asked", time.now());
    if ("refused" in noted) return noted;
    await journal.committed();
    if (isFollowing) {
      if (this.isBehind) wake(0);
      return { done: true, teams: noted.teams };
    }
    // It is forgotten, whatever becomes of this. A turn that was under way may have begun without it.
    await this.turn();
    if (this.isBehind) await this.turn();
    return { done: true };
  }

  /**
   * Forgets all players of the teams from place `after` on, about `FORGOTTEN_AT_ONCE` of them. What they had once in
   * the hunt is given back by who has all of them forgotten.
   */
  async forgetAll(after: number): Promise<ForgottenPage | Refusal> {
    const { current, journal, time } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    const now = time.now();
    let forgotten = 0;
    let left = 0;
    let next: number | undefined;
    for (const team of journal.teams.all(after)) {
      if (forgotten >= FORGOTTEN_AT_ONCE) {
        next = ordinalOf(team.id);
        break;
      }
      const players = [...team.members, ...(team.former ?? []).filter((each) => !each.forgotten)];
      for (const id of new Set(players.map((each) => each.id))) {
        const own = journal.teams.get(team.id);
        if (!own) continue;
        if ("refused" in this.#note(own, id, "retention", now)) left += 1;
        else forgotten += 1;
      }
    }
    await journal.committed();
    await this.turn();
    return { forgotten, left, ...(next === undefined ? {} : { next }) };
  }

  /** Undefined: that was done before. */
  #teamOf(teamId: string, player: string, by: Forgetter): Team | Refusal | undefined {
    const { teams } = this.#deps.journal;
    const team = teams.get(teamId);
    if (typeof by === "string") {
      if (team) return team;
      return teams.isMissing(ordinalOf(teamId)) ? BROKEN : refuse("not_found", "no such team");
    }
    // A token may be of a hunt of this id that was deleted.
    if (!team) return this.#deps.players.memberOf(teamId, player, by.gen);
    const isDone = team.former?.some(({ id, forgotten }) => id === player && forgotten) === true;
    if (isDone && hasLeft(team, player)) return undefined;
    return this.#deps.players.memberOf(teamId, player, by.gen);
  }

  /** Gives the teams that it was in as well. */
  #note(team: Team, player: string, why: ForgetFact["why"], now: number): { teams: string[] } | Refusal {
    const { journal } = this.#deps;
    const readOnly = journal.teams.readOnly(team);
    if (readOnly) return readOnly;
    const decided = forgetPlayer(team, player, why, now);
    if ("refused" in decided) return decided;
    // Several times in the team: one entry each.
    const persons: Person[] = [...team.members, ...(team.former ?? [])].filter(({ id }) => id === player);
    const sent = (team.submissions ?? []).filter((submission) => submission.player === player);
    const slots = [...persons, ...sent].flatMap(({ slot }) => (slot === undefined ? [] : [slot]));
    if (slots.some((slot) => journal.log.keys.at(slot) === undefined)) return NO_KEY;
    this.#hasStrays ||= persons.some((person) => person.slot === undefined && !isForgotten(person));
    this.#deps.forgotten(player);
    const taken = this.#takenBackOf(team, player, persons, why, now);
    for (const draft of decided.facts) {
      journal.append(draft, (seq) => {
        if (taken) this.#rows.note(seq, taken);
        journal.log.keys.delete(slots);
        if (!this.#hasStrays) return;
        // Once a commit, however many are forgotten in it.
        this.#hasStrays = false;
        this.dropStrayKeys();
      });
    }
    return { teams: taken?.teams ?? [] };
  }

  /**
   * Deletes the keys by which nothing can be read any more: a row of the log that got lost, or does not fit, had the
   * only word on whose they are, so that forgetting its player would not reach them. Reads the whole log.
   */
  dropStrayKeys(): void {
    const { journal } = this.#deps;
    const inUse = this.#rows.slots;
    for (const { members, former = [] } of journal.teams.all()) {
      for (const { slot } of [...members, ...former]) if (slot !== undefined) inUse.push(slot);
    }
    journal.log.dropStrayKeys(inUse);
  }

  /** Undefined: nothing of it is anywhere else. */
  #takenBackOf(
    team: Team,
    player: string,
    persons: readonly Person[],
    why: ForgetFact["why"],
    at: number,
  ): TakenBack | undefined {
    const externalId = persons.find((person) => person.externalId !== undefined)?.externalId;
    const { require = "anyone" } = this.#deps.current.hunt.compiled.players ?? {};
    const taken: TakenBack = { player, why, names: [], keys: [JOINED_BEFORE + player], teams: [], at };
    if (require !== "anyone" && externalId !== undefined) taken.externalId = externalId;
    for (const person of persons) {
      if ("moved" in person && person.moved) taken.teams.push(person.moved.to);
      // Who has all of a hunt forgotten asks every shard, and gives back what anybody had once.
      if (why !== "retention") this.#addElsewhere(taken, team, person);
    }
    const { names, teams } = taken;
    return names.length + teams.length > 0 || taken.externalId !== undefined ? taken : undefined;
  }

  #addElsewhere({ names, keys, teams }: TakenBack, team: Team, person: Person): void {
    const { current, journal, secrets } = this.#deps;
    const { hunt } = current.hunt.compiled;
    const { externalId, joinSeq } = person;
    const came = joinSeq === undefined ? undefined : journal.log.at(joinSeq);
    if (externalId !== undefined) {
      names.push(personName(secrets, hunt, externalId), entryName(secrets, hunt, externalId));
    }
    if (came?.type === "join" || came?.type === "arrive") {
      for (const { id, value } of came.fields ?? []) {
        names.push(fieldName(secrets, hunt, id, foldValue(value)));
      }
    }
    if (came?.type === "arrive") teams.push(came.from);
    if (came?.type !== "join") return;
    keys.push(came.event);
    // A player of a hunt played alone has its name once in imports.
    if (came.created === undefined || !isAlone(team)) return;
    const folded = foldNameBefore(came.created.name);
    names.push(soloName(secrets, hunt, folded), SOLO_PREFIX + folded);
  }

  /** Takes back what is left to, as far as that goes now. Never rejects. */
  turn(): Promise<void> {
    this.#running ??= this.#turn().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #turn(): Promise<void> {
    const rows = this.#rows.behind(this.#after, TURN_MAX);
    const isFull = rows.length === TURN_MAX;
    this.#after = isFull ? (rows.at(-1)?.seq ?? 0) : 0;
    const left = new Set<Noted>();
    for (const row of rows) {
      const { taken } = row;
      if (taken) await this.#unless(left, [row], () => this.#takeBack(taken));
    }
    // Those that were forgotten in one call go in one message.
    for (const [at, of] of Map.groupBy(rows, ({ taken }) => taken?.at)) {
      const ids = of.flatMap(({ taken }) => (taken?.externalId === undefined ? [] : [taken.externalId]));
      if (at === undefined || ids.length === 0) continue;
      await this.#unless(left, of, () => this.#deps.unregister(ids, at));
    }
    this.#rows.drop(rows.filter((row) => !left.has(row)));
    if (this.isBehind) this.#deps.wake(isFull ? 0 : RETRY_DELAY);
  }

  /** Notes the rows as left if it fails. */
  async #unless(left: Set<Noted>, rows: readonly Noted[], act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      console.warn({ message: "what a forgotten player had is not taken back yet", error: String(error) });
      for (const row of rows) left.add(row);
    }
  }

  async #takeBack({ player, why, names, keys, teams, at }: TakenBack): Promise<void> {
    const { release, forgetIn, time } = this.#deps;
    const followed = new Set(teams);
    // A set goes on to what is added on the way. Those behind the last one follow their own.
    for (const team of followed) {
      const done = await forgetIn(team, player, why);
      if ("refused" in done) {
        if (done.refused === "not_found" && time.now() - at > ARRIVES_WITHIN) continue;
        throw new Error(done.detail);
      }
      if (followed.size < TEAMS_FOLLOWED) for (const further of done.teams ?? []) followed.add(further);
    }
    for (const name of new Set(names)) await release(name, keys);
  }
}
