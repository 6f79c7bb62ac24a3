/** Players of the shard: joining, the clues a player sees, the team's score over time. */

import { type Refusal, refuse } from "../errors.ts";
import { admit } from "../hunt/admit.ts";
import type { Context } from "../hunt/context.ts";
import { makesTeam } from "../hunt/evolve.ts";
import { foldName } from "../hunt/fold.ts";
import { inLanguage } from "../hunt/indexed.ts";
import { changeTeam, hasLeft } from "../hunt/membership.ts";
import { isOver } from "../hunt/phase.ts";
import { seenOf } from "../hunt/seen.ts";
import { generationOf, isEmptied, type Member, type Team, wentTo } from "../hunt/team.ts";
import { historyOf, solvesSeen } from "../hunt/view.ts";
import { makeJoinCode, makeReturnCode, makeTeamId } from "../objects/check-part.ts";
import { joinCodesIn, ordinalOf } from "../objects/ids.ts";
import { KEY_LIFE, teamOfNameKey } from "../objects/names.ts";
import type {
  Hearing,
  Joined,
  Joining,
  Made,
  MadeTeam,
  Seat,
  TeamChanged,
  TeamPage,
  TeamToMake,
  Viewer,
  Whereabouts,
} from "../objects/shard.ts";
import type { ChangedBy, Fact, JoinFact, ShardStandings, TeamChange } from "../protocol.ts";
import type { Secrets } from "../secrets.ts";
import type { ShardBudgets } from "./budgets.ts";
import { type CurrentHunt, indexStandings } from "./current-hunt.ts";
import type { Gap } from "./gaps.ts";
import type { Journal } from "./journal.ts";
import { BROKEN } from "./read-only.ts";
import { IdRefused, joinKey } from "./recorded-ids.ts";
import type { ShardTime } from "./time.ts";
import type { Waiting } from "./waiting.ts";

const NO_TEAM = refuse("not_found", "no such team");
const NO_ROOM = refuse("overloaded", "this part of the hunt has no room for changes of a team");

export interface PlayersDeps {
  shard: string;
  secrets: Pick<Secrets, "CODE_KEYS">;
  current: CurrentHunt;
  journal: Journal;
  time: ShardTime;
  waiting: Waiting;
  budgets: Pick<ShardBudgets, "isFull" | "spend">;
  /** A player joined with a locale. */
  speaks(player: string, locale: string): void;
  /** A joining was refused because there is no room for anyone. */
  refused(): void;
  /** What everybody may know of values, bonuses and the team: during a freeze, as of the freeze. */
  lookPublic(team: string): Promise<{ isConcealed: boolean; word: ShardStandings } | Refusal>;
}

export class Players {
  readonly #deps: PlayersDeps;
  /** Return codes of members in memory: each is asked for with every look. */
  readonly #returnCodes = new WeakMap<Member, { gen: number; code: string }>();

  constructor(deps: PlayersDeps) {
    this.#deps = deps;
  }

  /** Joins a player: makes a team, or finds the one of `joinCode`. Safe to repeat with the same key. */
  async join(request: Joining): Promise<Joined | Refusal> {
    const { current, journal, waiting } = this.#deps;
    const refused = (await current.ready()) ?? waiting.enter(1);
    if (refused) return refused;
    try {
      const fact = this.#admit(request);
      if ("refused" in fact) return fact;
      await journal.committed();
      const team = journal.teams.get(fact.team);
      const member = team?.members.find(({ id }) => id === fact.player);
      if (!team || !member) return GONE;
      // Whoever has kept the key of a joining comes in no longer than by what it gave.
      return generationOf(member) === 0 ? this.joinedOf(team, member) : SIGNED_OUT;
    } finally {
      waiting.leave(1);
    }
  }

  #admit(request: Joining): JoinFact | Refusal {
    const { current, journal, secrets, shard, time, budgets } = this.#deps;
    const now = time.now();
    const earlier = this.#earlier(request, now);
    if (earlier) return earlier;
    const { closed } = journal.teams;
    if (closed || budgets.isFull(now)) {
      this.#deps.refused();
      return closed ?? refuse("overloaded", "this part of the hunt has no room for more players");
    }
    const { hunt, phase } = current.context(now);
    let team: Team | undefined;
    let id: string;
    let { create } = request;
    if (create) {
      const ordinal = journal.teams.totals.places;
      id = makeTeamId(secrets, hunt.compiled.hunt, shard, ordinal);
      const solo = hunt.compiled.teams.mode === "solo";
      if (!solo) create = { ...create, joinCode: makeJoinCode(secrets, hunt.compiled.hunt, shard, ordinal) };
    } else {
      team =
        request.team === undefined ? this.teamOf(request.joinCode ?? "") : journal.teams.get(request.team);
      // Who has the code is told by `leadsTo` where it leads.
      if (team?.merged) return refuse("not_found", "no team has this join code");
      if (!team && this.#isLost(request.joinCode ?? "")) return BROKEN;
      const readOnly = team && journal.teams.readOnly(team);
      if (readOnly) return readOnly;
      id = team?.id ?? "";
    }
    const fact = admit(hunt.compiled, phase, id, team, { ...request, ...(create ? { create } : {}) }, now);
    if ("refused" in fact) return fact;
    const joined = this.#spend(id, now, () => journal.append(fact) as JoinFact);
    const { locale } = request;
    if (!("refused" in joined) && locale !== undefined && hunt.compiled.languages) {
      this.#deps.speaks(joined.player, locale);
    }
    return joined;
  }

  /** At the team's cost, so that nobody fills the log by it. */
  #spend<Value>(team: string, now: number, record: () => Value): Value | Refusal {
    const { budgets, journal } = this.#deps;
    return budgets.spend(team, now, () => journal.log.appended, record);
  }

  /** The fact of a joining with this key, if any. */
  #joining(key: string): Fact | Refusal | undefined {
    try {
      return this.#deps.journal.teams.ids.recorded(joinKey(key));
    } catch (error) {
      if (!(error instanceof IdRefused)) throw error;
      return refuse("conflict", "this idempotency key cannot be used");
    }
  }

  /** The fact of this joining, when it was sent before; a refusal when the key was another joining's. */
  #earlier(request: Joining, now: number): JoinFact | Refusal | undefined {
    const { key, olderKey, name, create, joinCode } = request;
    const same = (fact: JoinFact): boolean =>
      fact.name === name && fact.created?.name === create?.name && fact.created?.bracket === create?.bracket;
    const conflict = refuse("conflict", "this idempotency key was used with another body");
    const earlier = this.#joining(key);
    if (earlier && "refused" in earlier) return earlier;
    const team = earlier && this.#deps.journal.teams.get(earlier.team);
    if (earlier?.type === "join" && team && hasLeft(team, earlier.player)) {
      return refuse("conflict", "the player of this idempotency key is in its team no more: use another key");
    }
    if (earlier?.type === "join") return same(earlier) ? earlier : conflict;
    const older = olderKey === undefined ? undefined : this.#joining(olderKey);
    if (older && "refused" in older) return older;
    if (older?.type !== "join" || now - older.at > KEY_LIFE) return undefined;
    const sameTeam = joinCode === undefined || older.team === this.teamOf(joinCode)?.id;
    return same(older) && sameTeam ? older : conflict;
  }

  /** The team that has this code, or had it when it was merged. */
  teamOf(joinCode: string): Team | undefined {
    const { shard, journal } = this.#deps;
    const { checked, older } = joinCodesIn(joinCode);
    for (const place of [...checked, ...older]) {
      const team = place.shard === shard ? journal.teams.atOrdinal(place.ordinal) : undefined;
      if (team?.joinCode === place.code) return team;
    }
    return undefined;
  }

  /** Whether the joining that made the team of this code may lie in a gap of the log. */
  #isLost(joinCode: string): boolean {
    const { shard, journal } = this.#deps;
    const { checked } = joinCodesIn(joinCode);
    return checked.some((place) => place.shard === shard && journal.teams.isMissing(place.ordinal));
  }

  /**
   * Whether a joining with this key is recorded here, and its player still in the team; with `name`:
   * whether the team that it made, or renamed, bears a name that folds to that. Refuses when it may lie in a gap: a name or a person's place would be given away twice.
   */
  async hasMade(key: string, name?: string): Promise<Made | Refusal> {
    const { journal } = this.#deps;
    await journal.committed();
    const renamed = teamOfNameKey(key);
    if (renamed !== undefined) {
      const team = journal.teams.get(renamed);
      if (!team) return journal.teams.isMissing(ordinalOf(renamed)) ? BROKEN : { isMade: false };
      // Facts that are set aside may have renamed it.
      return { isMade: team.nameKey === key || team.newerFrom !== undefined, team: renamed };
    }
    const made = this.#joining(key);
    // It was used, and only its fact knows for which name.
    if (made && "refused" in made) return { isMade: true };
    if (made?.type !== "join" && made?.type !== "make") {
      return this.#mayLack() ? BROKEN : { isMade: false };
    }
    const team = journal.teams.get(made.team);
    if (team === undefined || team.newerFrom !== undefined) return { isMade: true, team: made.team };
    if (name === undefined) {
      if (made.type === "make" || !hasLeft(team, made.player)) return { isMade: true };
      const moved = this.#seatElsewhere(team, made.player);
      return { isMade: false, ...(moved ? { moved } : {}) };
    }
    const created = made.type === "make" ? made : made.created;
    const isBorn = created !== undefined && team.nameKey === undefined && !isEmptied(team);
    return { isMade: isBorn && foldName(created.name) === name, team: made.team };
  }

  /** What a name's reservation needs to know before the team is renamed: how it is called now. */
  async nameOf(teamId: string): Promise<{ name: string } | Refusal> {
    await this.#deps.journal.committed();
    const team = this.#deps.journal.teams.get(teamId);
    if (team) return team.merged ? NO_TEAM : { name: team.name };
    return this.#deps.journal.teams.isMissing(ordinalOf(teamId)) ? BROKEN : NO_TEAM;
  }

  /** See `ShardObject.changeTeam`. */
  async change(teamId: string, by: ChangedBy, change: TeamChange): Promise<TeamChanged | Refusal> {
    const { current, journal, secrets, shard, time } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    const { teams } = journal;
    const team = "player" in by ? this.memberOf(teamId, by.player, by.gen) : teams.get(teamId);
    if (!team) return teams.isMissing(ordinalOf(teamId)) ? BROKEN : NO_TEAM;
    if ("refused" in team) return team;
    if (team.merged) return NO_TEAM;
    const readOnly = teams.readOnly(team);
    if (readOnly) return readOnly;
    const now = time.now();
    const { compiled } = current.context(now).hunt;
    const before = this.reservedName(team);
    const decided = changeTeam(compiled, team, by, change, now, () =>
      makeJoinCode(secrets, compiled.hunt, shard, ordinalOf(teamId)),
    );
    if ("refused" in decided) return decided;
    const record = (): undefined => {
      for (const draft of decided.facts) journal.append(draft);
    };
    const isPlayers = "player" in by && decided.facts.length > 0;
    if (isPlayers && this.#deps.budgets.isFull(now)) return NO_ROOM;
    const refusedNow = isPlayers ? this.#spend(teamId, now, record) : record();
    if (refusedNow) return refusedNow;
    await journal.committed();
    const after = teams.get(teamId) ?? team;
    const isFreed = decided.facts.some(({ type }) => type === "rename") || isEmptied(after);
    return { team: this.toldOf(after), ...(isFreed && before ? { freed: before } : {}) };
  }

  /** The team's name, and the key under which it is reserved; undefined: it is not. */
  reservedName(team: Team): { name: string; key: string } | undefined {
    const key = team.nameKey ?? this.#bornUnder(team);
    const isReserved = this.#deps.current.hunt.compiled.teams.mode === "teams" && key !== undefined;
    return isReserved ? { name: team.name, key } : undefined;
  }

  toldOf({ id, name, bracket, joinCode }: Team): TeamChanged["team"] {
    return {
      id,
      name,
      ...(bracket === undefined ? {} : { bracket }),
      ...(joinCode === undefined ? {} : { joinCode }),
    };
  }

  /** See `ShardObject.makeTeams`. */
  async makeTeams(asked: readonly TeamToMake[]): Promise<(MadeTeam | Refusal)[] | Refusal> {
    const { current, journal } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    const made = asked.map((each) => this.#make(each));
    await journal.committed();
    return made;
  }

  #make({ key, name, bracket, isOwn }: TeamToMake): MadeTeam | Refusal {
    const { current, journal, secrets, shard, time, budgets } = this.#deps;
    const { teams } = journal;
    const now = time.now();
    const { hunt, phase } = current.context(now);
    const found = this.#underKey(key);
    if (found && "refused" in found) return found;
    if (found?.merged) return refuse("conflict", "the team of this line was merged into another one");
    if (found) {
      const readOnly = teams.readOnly(found);
      if (readOnly) return readOnly;
      const told = (team: Team): MadeTeam => ({
        id: team.id,
        name: team.name,
        joinCode: team.joinCode ?? "",
        isNew: false,
      });
      if (bracket === undefined || bracket === found.bracket) return told(found);
      if (found.solves.size > 0) {
        return { ...told(found), kept: "the team has solved a clue: its bracket stays" };
      }
      journal.append({ at: now, team: found.id, type: "bracket", bracket, reason: "a list of teams" });
      return told(teams.get(found.id) ?? found);
    }
    if (!isOwn) return refuse("conflict", "a team of this name is being made");
    if (isOver(phase)) return refuse("conflict", "the hunt has ended");
    const { closed } = teams;
    if (closed || budgets.isFull(now)) {
      this.#deps.refused();
      return closed ?? refuse("overloaded", "this part of the hunt has no room for more teams");
    }
    const ordinal = teams.totals.places;
    const id = makeTeamId(secrets, hunt.compiled.hunt, shard, ordinal);
    const joinCode = makeJoinCode(secrets, hunt.compiled.hunt, shard, ordinal);
    journal.append({
      at: now,
      team: id,
      type: "make",
      event: key,
      name,
      ...(bracket === undefined ? {} : { bracket }),
      joinCode,
    });
    return { id, name, joinCode, isNew: true };
  }

  /** The team whose name is, or was, reserved under the key. */
  #underKey(key: string): Team | Refusal | undefined {
    const renamed = teamOfNameKey(key);
    if (renamed !== undefined) return this.#deps.journal.teams.get(renamed);
    const made = this.#joining(key);
    if (made && "refused" in made) return made;
    if (made === undefined && this.#mayLack()) return BROKEN;
    return made && makesTeam(made) ? this.#deps.journal.teams.get(made.team) : undefined;
  }

  /** Whether somebody may have joined by a fact that the log has lost. */
  #mayLack(): boolean {
    const { log } = this.#deps.journal;
    return log.isEndUnsure || log.gaps.some(mayHaveJoined);
  }

  /** The key of what made the team: under it its first name is reserved. */
  #bornUnder({ joinSeq }: Team): string | undefined {
    const fact = this.#deps.journal.log.at(joinSeq);
    return fact && (fact.type === "join" || fact.type === "make") ? fact.event : undefined;
  }

  /** See `ShardObject.joinedBy`. */
  async joinedBy(key: string): Promise<Whereabouts | Refusal> {
    const { journal } = this.#deps;
    await journal.committed();
    const fact = this.#joining(key);
    if (fact && "refused" in fact) return fact;
    if (fact?.type !== "join") return this.#mayLack() ? BROKEN : {};
    const team = journal.teams.get(fact.team);
    const member = team?.members.find(({ id }) => id === fact.player);
    if (team && member) return { joined: this.joinedOf(team, member) };
    const moved = team && this.#seatElsewhere(team, fact.player);
    return moved ? { moved } : {};
  }

  /** The team, if the player is a member of it, and the token of this generation is not void. */
  memberOf(teamId: string, player: string, gen: number | undefined): Team | Refusal {
    const { current, journal } = this.#deps;
    const { teams } = journal;
    if (current.isOfBefore(gen)) return OF_BEFORE;
    const team = teams.get(teamId);
    if (!team && teams.isMissing(ordinalOf(teamId))) return BROKEN;
    const member = team?.members.find(({ id }) => id === player);
    if (team && member) return this.#isVoid(member, gen) ? VOID : team;
    if (team && hasLeft(team, player)) return wentTo(team, player, current.inLog(gen)) ? ELSEWHERE : OUT;
    // The player's joining may be what lacks.
    const broken = team && teams.readOnly(team);
    return broken ?? refuse("forbidden", "the token's player is not a member of its team");
  }

  /** The seat of a player who went to another team when it left this one. */
  #seatElsewhere(team: Team, player: string): Seat | undefined {
    const went = wentTo(team, player);
    const gen = went && this.#deps.current.generationOf({ gen: went.gen + 1 });
    return went && { team: went.to, player, gen };
  }

  /** Who plays, and by what it comes back. */
  joinedOf(team: Team, member: Member): Joined {
    const gen = this.#deps.current.generationOf(member);
    return {
      player: { id: member.id, name: member.name },
      team: {
        id: team.id,
        name: team.name,
        ...(team.joinCode === undefined ? {} : { joinCode: team.joinCode }),
      },
      ...(gen === 0 ? {} : { gen }),
      returnCode: this.returnCodeOf(team, member),
    };
  }

  /** The code that the member comes back by. */
  returnCodeOf({ id: team }: Team, member: Member): string {
    const { current, secrets } = this.#deps;
    const gen = current.generationOf(member);
    const known = this.#returnCodes.get(member);
    if (known?.gen === gen) return known.code;
    const of = { hunt: current.hunt.compiled.hunt, team, player: member.id, gen };
    const code = makeReturnCode(secrets, current.codeKey, of);
    this.#returnCodes.set(member, { gen, code });
    return code;
  }

  /** Whether a token of this generation (absent: 0) is no longer good. */
  #isVoid(member: Member, gen = 0): boolean {
    return this.#deps.current.generationOf(member) !== gen;
  }

  /** See `ShardObject.hears`. */
  async hears(teamId: string, player: string, gen: number | undefined): Promise<Hearing | Refusal> {
    const { current, journal, time } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    const member = this.memberOf(teamId, player, gen);
    if ("refused" in member) return member;
    await journal.committed();
    const now = time.now();
    const team = journal.teams.get(teamId) ?? member;
    return {
      clues: seenOf(current.context(now), team, now).map(({ id }) => id),
      solved: [...team.solves.keys()],
      to: current.told.idsTo(team.id),
    };
  }

  /** See `ShardObject.history`. */
  async history(
    team: string,
    viewer: Viewer,
  ): Promise<{ points: { at: number; score: number }[] } | Refusal> {
    const seen = await this.#seenBy(team, viewer);
    return "refused" in seen ? seen : { points: historyOf(seen.context, seen.team, seen.until) };
  }

  /** See `ShardObject.teamPage`. */
  async teamPage(
    teamId: string,
    { clues, ...viewer }: Viewer & { clues?: readonly string[] | undefined },
    language: string | undefined,
  ): Promise<TeamPage | Refusal> {
    const seen = await this.#seenBy(teamId, viewer);
    if ("refused" in seen) return seen;
    const { team, until } = seen;
    const context = { ...seen.context, hunt: inLanguage(seen.context.hunt, language) };
    const { hunt, phase } = context;
    const sees = (clue: string): boolean => {
      if (viewer.organiser || isOver(phase)) return true;
      if (clues) return clues.includes(clue);
      return hunt.clues.get(clue)?.opens.op === "start";
    };
    const shows = viewer.organiser || hunt.compiled.solvesShown === "names";
    return {
      team: {
        id: team.id,
        name: team.name,
        ...(team.bracket === undefined ? {} : { bracket: team.bracket }),
      },
      score: historyOf(context, team, until).at(-1)?.score ?? 0,
      ...(shows ? { solves: solvesSeen(context, team, until, sees) } : {}),
    };
  }

  /** A team, the context as the viewer may know it, and until when what happened may be seen; refused where none of it may. */
  async #seenBy(
    teamId: string,
    { organiser, player, gen }: Viewer,
  ): Promise<{ team: Team; context: Context; until: number } | Refusal> {
    const { current, journal, time, lookPublic } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    await journal.committed();
    const team = journal.teams.get(teamId);
    if (!team) return journal.teams.isMissing(ordinalOf(teamId)) ? BROKEN : NO_TEAM;
    if (team.merged) return NO_TEAM;
    const now = time.now();
    const context = current.context(now);
    const still = organiser ? undefined : current.stillAt(now);
    const isOwn = team.members.some((member) => member.id === player && !this.#isVoid(member, gen));
    const isPublic = !organiser && !isOwn;
    // Only the standings know who was banned when results began to be held.
    const asksWhoIsBanned = isPublic && still?.held === true;
    if (isPublic && !asksWhoIsBanned && (team.banned || team.hidden)) return NO_TEAM;
    if (!still) return { team, context, until: Number.POSITIVE_INFINITY };
    if (!context.hunt.dynamic && !asksWhoIsBanned) return { team, context, until: still.from };
    // What clues are worth now would tell of solves behind the freeze.
    const told = await lookPublic(teamId);
    if ("refused" in told) return told;
    if (asksWhoIsBanned && told.isConcealed) return NO_TEAM;
    const word = context.hunt.dynamic ? { word: indexStandings(told.word) } : {};
    return { team, context: { ...context, ...word }, until: still.from };
  }
}

/** Whether somebody may have joined in the gap. */
const mayHaveJoined = ({ said, isReadable }: Gap): boolean =>
  !isReadable || said.some(({ type }) => type === "join" || type === "make");

const SIGNED_OUT = refuse("conflict", "this player signed out since: the way back is the return code");
const GONE = refuse("conflict", "this player is no longer in the team");
const OUT = refuse("unauthenticated", "the player is in this team no more");
const ELSEWHERE = refuse("unauthenticated", "the player is in another team now: renew the token");
const VOID = refuse(
  "unauthenticated",
  "the token is void: its player signed out, or was given another way back",
);
const OF_BEFORE = refuse(
  "unauthenticated",
  "the token is for a hunt of this name that was deleted: this is another one",
);
