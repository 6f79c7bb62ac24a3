/**
 * Looks of players at `/me`, several in one call. Whoever has what there is gets
 * that told from a fingerprint alone, without the standings being asked for a place.
 */

import { BoundedMap } from "../bounded-map.ts";
import type { Me } from "../contract/me.ts";
import type { Refusal } from "../errors.ts";
import type { Context } from "../hunt/context.ts";
import { Glimpses } from "../hunt/glimpses.ts";
import { inLanguage } from "../hunt/indexed.ts";
import { acceptedLanguages, chosen } from "../hunt/languages.ts";
import {
  type Form,
  type Glance,
  glance,
  isComparable,
  type Known,
  lookText,
  meOf,
  NOBODY,
  type Place,
} from "../hunt/look.ts";
import type { Member, Team } from "../hunt/team.ts";
import { etagIn, type Look, languageOf, SAME, type Spoken, type ToldPair } from "../objects/looks.ts";
import type { Viewing } from "../objects/shard.ts";
import type { Announcement } from "../protocol.ts";
import type { CurrentHunt } from "./current-hunt.ts";
import type { Journal } from "./journal.ts";
import type { Languages } from "./languages.ts";
import type { Players } from "./players.ts";
import type { Texts } from "./texts.ts";
import type { ShardTime } from "./time.ts";
import { viewedTeam } from "./viewed.ts";

/**
 * Characters of a result's texts, about: a look that would go beyond is left to the
 * next call. One is always told, however long it is.
 */
const CHARS_MAX = 1_000_000;

/** Answers in memory, 5 MB or so. */
const ANSWERS_MAX = 50_000;

/** No answer is empty. */
const NO_ANSWER = "";

export interface LooksDeps {
  current: CurrentHunt;
  journal: Journal;
  time: ShardTime;
  players: Pick<Players, "memberOf" | "returnCodeOf">;
  texts: Texts;
  languages: Languages;
  /** The teams' places; null: none; undefined: the standings did not respond in time. */
  ranksOf(teams: readonly string[]): Promise<ReadonlyMap<string, Place | null | undefined>>;
  /** What was sent with a submission. */
  sentOf: NonNullable<Known["sentOf"]>;
  /** Units of a prize left when the vault last said so. */
  left(prize: string): number | undefined;
}

export class Looks {
  readonly #deps: LooksDeps;
  readonly #glimpses = new Glimpses();
  /** By the number of its fact, what solved a clue. */
  readonly #answers = new BoundedMap<number, string>(ANSWERS_MAX);

  constructor(deps: LooksDeps) {
    this.#deps = deps;
  }

  /** See `ShardObject.looks`. A time condition opens a clue for a player who only looks. */
  async looks(asked: readonly Look[]): Promise<ToldPair[]> {
    const { current, journal } = this.#deps;
    const refused = await current.ready();
    if (refused) return asked.map(() => refusalOf(refused));
    const told = new Array<ToldPair | undefined>(asked.length);
    if (asked.some(({ has }) => has)) {
      this.#noteReached(asked);
      await journal.committed();
      asked.forEach((look, index) => {
        if (look.has) told[index] = this.#same(look);
      });
    }
    const rest = asked.filter((_, index) => told[index] === undefined);
    if (rest.length > 0) {
      const ranks = await this.#deps.ranksOf(rest.map(({ team }) => team));
      // After the await, in which pages may have been put away and read again.
      this.#noteReached(rest);
      await journal.committed();
      let chars = 0;
      for (const [index, look] of asked.entries()) {
        if (told[index] !== undefined) continue;
        if (chars > CHARS_MAX) return told.slice(0, index) as ToldPair[];
        const pair = this.#told(look, ranks.get(look.team) ?? undefined);
        told[index] = pair;
        chars += pair[1].length;
      }
    }
    return told as ToldPair[];
  }

  /** All that the player sees, as an object. */
  async me(teamId: string, player: string): Promise<Me | Refusal> {
    const { current, journal, time, players, ranksOf } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    // An edge of then knows of no void.
    const member = players.memberOf(teamId, player, undefined);
    if ("refused" in member) return member;
    const place = (await ranksOf([teamId])).get(teamId) ?? undefined;
    this.#noteReached([{ team: teamId, player }]);
    await journal.committed();
    const now = time.now();
    const team = journal.teams.get(teamId) ?? member;
    return meOf(current.context(now), team, player, { ...this.#known(), place }, now);
  }

  /** See `ShardObject.viewed`. */
  async viewed(teamId: string, viewing: Viewing): Promise<{ text: string; spoken?: Spoken } | Refusal> {
    const { current, journal, ranksOf, texts } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    const place = (await ranksOf([teamId])).get(teamId) ?? undefined;
    await journal.committed();
    const team = viewedTeam(current, journal, teamId, viewing);
    if ("refused" in team) return team;
    const { lang, accepts } = viewing;
    const glanced = this.#glance(team, NOBODY, {
      ...(lang === undefined ? {} : { lang }),
      ...(accepts === undefined ? {} : { accepts }),
    });
    const addresses = texts.addresses(glanced.hunt);
    const spoken = languageOf(glanced.etag);
    return { text: lookText(glanced, place, { addresses }), ...(spoken ? { spoken } : {}) };
  }

  /** The text behind a digest that a ticket opens. */
  async text(digest: string): Promise<string | Refusal | undefined> {
    const { current, texts } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    return texts.find(current.hunt, digest);
  }

  #noteReached(looks: readonly Pick<Look, "team" | "player">[]): void {
    const { current, journal, time } = this.#deps;
    if (!current.hunt.dynamic) return;
    const now = time.now();
    const context = current.context(now);
    for (const { team: id } of looks) {
      const team = journal.teams.get(id);
      if (team) journal.noteReached(context, team, now);
    }
  }

  /** That nothing changed; undefined: something did, or it has to be said why there is nothing. */
  #same(look: Look): ToldPair | undefined {
    const { team: id, player, gen, has = [] } = look;
    const team = this.#deps.players.memberOf(id, player, gen);
    if ("refused" in team) return refusalOf(team);
    const { etag } = this.#glance(team, player, look);
    return has === "*" || has.includes(etag) ? [`${SAME}${etag}`, ""] : undefined;
  }

  #told(look: Look, place: Place | undefined): ToldPair {
    const { players, texts } = this.#deps;
    const team = players.memberOf(look.team, look.player, look.gen);
    if ("refused" in team) return refusalOf(team);
    const glanced = this.#glance(team, look.player, look);
    const form: Form = {
      addresses: texts.addresses(glanced.hunt),
      ...(look.apart ? { apart: texts.apart(glanced.hunt) } : {}),
    };
    if (look.since !== undefined) {
      const glimpse = this.#glimpses.find(team, look.since);
      if (glimpse && isComparable(glanced, glimpse)) form.since = { etag: look.since, glimpse };
    }
    this.#glimpses.keep(glanced);
    return [glanced.etag, lookText(glanced, place, form)];
  }

  /** `asked` decides the language. */
  #glance(team: Team, player: string, asked: Pick<Look, "lang" | "accepts">): Glance {
    const { current, time } = this.#deps;
    const now = time.now();
    const context = current.context(now);
    const spoken = this.#languageOf(context, player, asked);
    if (!spoken) return glance(context, team, player, this.#known(), now);
    const hunt = inLanguage(context.hunt, spoken.language);
    const glanced = glance({ ...context, hunt }, team, player, this.#known(), now);
    glanced.etag = etagIn(glanced.etag, spoken.language, spoken.byHeader);
    return glanced;
  }

  /** The language of a look; undefined: the hunt does not say which it is in. */
  #languageOf({ hunt }: Context, player: string, { lang, accepts }: Pick<Look, "lang" | "accepts">) {
    const { languages } = this.#deps;
    const known = hunt.compiled.languages;
    const [first] = known ?? [];
    if (!known || first === undefined) return undefined;
    if (lang !== undefined) {
      const language = chosen(known, [lang]) ?? first;
      if (player !== NOBODY) languages.asked(player, language);
      return { language, byHeader: false };
    }
    const own = player === NOBODY ? undefined : languages.localeOf(known, player);
    if (own !== undefined) return { language: own, byHeader: false };
    return { language: chosen(known, acceptedLanguages(accepts)) ?? first, byHeader: true };
  }

  /** What the team gave that solved the clue, out of the log. */
  #answerOf(team: Team, clue: string): string | undefined {
    const seq = team.solves.get(clue)?.seq;
    if (seq === undefined) return undefined;
    const known = this.#answers.get(seq);
    if (known !== undefined) return known === NO_ANSWER ? undefined : known;
    const { log } = this.#deps.journal;
    const told = log.at(seq);
    // A regrade's solve names the event that it counts.
    const fact = told?.type === "solve" && told.as !== undefined ? log.at(told.as) : told;
    const isIt = fact?.type === "answer" && fact.team === team.id && fact.clue === clue;
    const answer = isIt ? fact.answer : undefined;
    this.#answers.set(seq, answer ?? NO_ANSWER);
    return answer;
  }

  #known() {
    const { current, left, players, sentOf } = this.#deps;
    return {
      version: current.version,
      announcements: current.announcements,
      isTo: (announcement: Announcement, team: Team) => current.told.isTo(announcement, team),
      left,
      sentOf,
      answerOf: (team: Team, clue: string) => this.#answerOf(team, clue),
      returnCodeOf: (team: Team, member: Member) => players.returnCodeOf(team, member),
    };
  }
}

const refusalOf = (refusal: Refusal): ToldPair => [JSON.stringify(refusal), ""];
