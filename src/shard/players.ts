/** Players of the shard: joining, what a player sees, the team's score over time. */
import type { Me } from "../contract/me.ts";
import { type Refusal, refuse } from "../errors.ts";
import { admit, foldName } from "../hunt/admit.ts";
import type { Team } from "../hunt/team.ts";
import { cluesOf, historyOf, meOf } from "../hunt/view.ts";
import { makeJoinCode, makeTeamId } from "../objects/check-part.ts";
import { joinCodesIn } from "../objects/ids.ts";
import { KEY_LIFE } from "../objects/names.ts";
import type { Joined, Joining } from "../objects/shard.ts";
import type { Fact, JoinFact, ShardStandings } from "../protocol.ts";
import type { Secrets } from "../secrets.ts";
import type { ShardBudgets } from "./budgets.ts";
import { type CurrentHunt, indexStandings, READ_ONLY } from "./current-hunt.ts";
import type { Journal } from "./journal.ts";
import { IdRefused, joinKey } from "./teams.ts";
import type { ShardTime } from "./time.ts";
import type { Waiting } from "./waiting.ts";

export interface PlayersDeps {
  shard: string;
  secrets: Pick<Secrets, "CODE_KEYS">;
  current: CurrentHunt;
  journal: Journal;
  time: ShardTime;
  waiting: Waiting;
  budgets: Pick<ShardBudgets, "isFull">;
  /** The team's place; undefined: none, or the standings did not respond in time. */
  rankOf(team: string): Promise<number | undefined>;
  /** Units of a prize left when the vault last said so. */
  left(prize: string): number | undefined;
  /** What everybody may know of values and bonuses: during a freeze, as of the freeze. */
  publicWord(): Promise<ShardStandings | Refusal>;
}

export class Players {
  readonly #deps: PlayersDeps;

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
      return joinedOf(fact, journal.teams.get(fact.team));
    } finally {
      waiting.leave(1);
    }
  }

  #admit(request: Joining): JoinFact | Refusal {
    const { current, journal, secrets, shard, time, budgets } = this.#deps;
    const now = time.now();
    const earlier = this.#earlier(request, now);
    if (earlier) return earlier;
    if (budgets.isFull(now))
      return refuse("overloaded", "this part of the hunt has no room for more players");
    const { hunt, phase } = current.context(now);
    let team: Team | undefined;
    let id: string;
    let { create } = request;
    if (create) {
      const ordinal = journal.teams.totals.teams;
      id = makeTeamId(secrets, hunt.compiled.hunt, shard, ordinal);
      const solo = hunt.compiled.teams.mode === "solo";
      if (!solo) create = { ...create, joinCode: makeJoinCode(secrets, hunt.compiled.hunt, shard, ordinal) };
    } else {
      team = this.#teamOf(request.joinCode ?? "");
      if (team?.newerFrom !== undefined) return READ_ONLY;
      id = team?.id ?? "";
    }
    const fact = admit(hunt.compiled, phase, id, team, { ...request, ...(create ? { create } : {}) }, now);
    if ("refused" in fact) return fact;
    return journal.append(fact) as JoinFact;
  }

  /** The fact of a joining with this key, if any. */
  #joining(key: string): Fact | Refusal | undefined {
    try {
      return this.#deps.journal.teams.recorded(joinKey(key));
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
    if (earlier?.type === "join") return same(earlier) ? earlier : conflict;
    const older = olderKey === undefined ? undefined : this.#joining(olderKey);
    if (older && "refused" in older) return older;
    if (older?.type !== "join" || now - older.at > KEY_LIFE) return undefined;
    const sameTeam = joinCode === undefined || older.team === this.#teamOf(joinCode)?.id;
    return same(older) && sameTeam ? older : conflict;
  }

  #teamOf(joinCode: string): Team | undefined {
    const { shard, journal } = this.#deps;
    const { checked, older } = joinCodesIn(joinCode);
    for (const place of [...checked, ...older]) {
      const team = place.shard === shard ? journal.teams.atOrdinal(place.ordinal) : undefined;
      if (team?.joinCode === place.code) return team;
    }
    return undefined;
  }

  /** Whether a joining with this key made a team here whose name folds to `name`. */
  async hasMade(key: string, name: string): Promise<boolean> {
    const { journal } = this.#deps;
    await journal.committed();
    const made = journal.teams.recorded(joinKey(key));
    return made?.type === "join" && made.created !== undefined && foldName(made.created.name) === name;
  }

  /** The team, if the player is a member of it. */
  memberOf(teamId: string, player: string): Team | Refusal {
    const team = this.#deps.journal.teams.get(teamId);
    if (!team?.members.some((member) => member.id === player)) {
      return refuse("forbidden", "the token's player is not a member of its team");
    }
    return team;
  }

  /** What the player sees. A time condition opens a clue for a player who only looks. */
  async me(teamId: string, player: string): Promise<Me | Refusal> {
    const { current, journal, time, rankOf, left } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    const team = this.memberOf(teamId, player);
    if ("refused" in team) return team;
    const rank = await rankOf(teamId);
    const now = time.now();
    const context = current.context(now);
    // As it is after the await, in which its page may have been put away and read again.
    journal.noteReached(context, journal.teams.get(teamId) ?? team, now);
    await journal.committed();
    const { announcements } = current;
    const present = journal.teams.get(teamId) ?? team;
    return meOf(context, present, player, { rank, left, announcements }, now);
  }

  /** The clues that the player sees. */
  async cluesSeen(teamId: string, player: string): Promise<string[] | Refusal> {
    const { current, journal, time } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    const team = this.memberOf(teamId, player);
    if ("refused" in team) return team;
    await journal.committed();
    const now = time.now();
    return cluesOf(current.context(now), journal.teams.get(teamId) ?? team, now).map(({ id }) => id);
  }

  /** The team's score over time; during a freeze, up to the freeze. */
  async history(teamId: string): Promise<{ points: { at: number; score: number }[] } | Refusal> {
    const { current, journal, time } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    const team = journal.teams.get(teamId);
    if (!team) return refuse("not_found", "no such team");
    await journal.committed();
    const now = time.now();
    const context = current.context(now);
    const { freeze } = context.hunt.compiled;
    if (freeze === undefined || now < freeze || context.phase === "ended") {
      return { points: historyOf(context, team, Number.POSITIVE_INFINITY) };
    }
    // What clues are worth now would tell of solves behind the freeze.
    const told = context.hunt.dynamic ? await this.#deps.publicWord() : undefined;
    if (told && "refused" in told) return told;
    const word = told && indexStandings(told);
    return { points: historyOf({ ...context, ...(word ? { word } : {}) }, team, freeze) };
  }
}

function joinedOf(fact: JoinFact, team: Team | undefined): Joined {
  return {
    player: { id: fact.player, name: fact.name },
    team: {
      id: fact.team,
      name: team?.name ?? "",
      ...(team?.joinCode === undefined ? {} : { joinCode: team.joinCode }),
    },
  };
}
