/**
 * The hunt as the shard knows it now: what control told (the compiled hunt, the
 * phase, announcements, what organisers changed of the prizes) and what the
 * standings told. The rules' context is made of it.
 */
import { isYoung } from "../ahead.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { ClueChanges } from "../hunt/clue-changes.ts";
import type { CompiledHunt, CompiledPrize } from "../hunt/compiled.ts";
import type { Budgets, Context, IndexedStandings, PrizeState, Uploads } from "../hunt/context.ts";
import { isHeldAt, isStillAt, type Still, stillOf } from "../hunt/freeze.ts";
import { type IndexedHunt, indexHunt } from "../hunt/indexed.ts";
import {
  isDatedAhead,
  isOver,
  mayImport,
  nextOf,
  openedAt,
  phaseAt,
  solutionsToldAt,
} from "../hunt/phase.ts";
import { changeOf, givenCode } from "../hunt/prize-changes.ts";
import { RULES_VERSION } from "../hunt/rules-version.ts";
import { generationOf, type Member } from "../hunt/team.ts";
import { firstGeneration, scopeOf } from "../objects/incarnation.ts";
import type { ShardConfig } from "../objects/shard.ts";
import type { WebhookWish } from "../objects/webhooks.ts";
import { generatedCode } from "../prizes/codes.ts";
import type { Announcement, Command, ShardStandings } from "../protocol.ts";
import { hasKey, keyById, type Secrets } from "../secrets.ts";
import type { ShardStore } from "./store.ts";
import type { ToldTo } from "./told-to.ts";

/** How long control is not asked again about a phase dated ahead or other rules, ms. */
const ASK_AGAIN = 5_000;

export interface CurrentHuntDeps {
  hunt: string;
  secrets: Pick<Secrets, "CODE_KEYS" | "ANSWER_PEPPERS">;
  store: ShardStore;
  budgets: Budgets;
  /** Asks control, which lists the shard then. */
  attach(): Promise<ShardConfig | Refusal>;
  /** Whether the id of every fact is known: before that nobody may play. */
  knowsIds(): boolean;
  /** The vault has no unit of the prize left for this shard. */
  drained(prize: string): boolean;
  /** See `PrizeState.asked`. */
  asked(team: string, prize: string): readonly string[];
  /** What the winner of a unit shows since before the hunt was restored here; undefined: what this engine makes. */
  restoredCode(prize: string, unit: number): string | undefined;
  /** The files that players sent. */
  uploads: Uploads;
  /** To whom announcements go. */
  told: ToldTo;
  /** A configuration is in force; `before`: the one it replaced in this instance. */
  changed(before: ShardConfig | undefined, config: ShardConfig): void;
}

export class CurrentHunt {
  readonly #deps: CurrentHuntDeps;
  #current: { config: ShardConfig; hunt: IndexedHunt } | undefined;
  #attaching: Promise<Refusal | undefined> | undefined;
  #standings: IndexedStandings | undefined;
  /** While the standings stand still for everybody, as of then. */
  #shown: IndexedStandings | undefined;
  /** When control was asked about a phase dated ahead or other rules, epoch ms. */
  #askedAt: number | undefined;
  /** Control was asked since this instance began, whatever it said. */
  #asked = false;
  readonly #prizes: PrizeState;
  /** By the kind of command: why none can be judged. Empty as long as the keys of the hunt are there. */
  #lost: Partial<Record<Command["type"], Refusal>> = {};

  /** Takes the configuration that was stored, if any. */
  constructor(deps: CurrentHuntDeps) {
    this.#deps = deps;
    this.#prizes = {
      withdrawn: (prize) => changeOf(this.#current?.config.prizes, prize).withdrawn === true,
      drained: (prize) => deps.drained(prize),
      asked: (team, prize) => deps.asked(team, prize),
      codeOf: (prize, unit) => this.codeOf(prize, unit),
    };
    const stored = deps.store.config();
    if (stored) this.#install(stored);
  }

  /** Whether the shard knows its hunt; if not, `ready` asks control. */
  get isReady(): boolean {
    return (
      this.#current !== undefined &&
      !this.isRestoring &&
      this.#deps.knowsIds() &&
      (this.#hasRules || this.#asked)
    );
  }

  /** The hunt is being restored from a backup: until that is whole, nothing of it leaves the shard. */
  get isRestoring(): boolean {
    return this.#current?.config.restoring !== undefined;
  }

  /** The hunt was compiled by this engine's rules: see `RULES_VERSION`. */
  get #hasRules(): boolean {
    return this.#current?.hunt.compiled.rules === RULES_VERSION;
  }

  /** The published hunt. */
  get hunt(): IndexedHunt {
    return this.#known().hunt;
  }

  /** The hunt as it was published, with other withdrawn clues than now. */
  huntWith(clues: ClueChanges): IndexedHunt | undefined {
    const { compiled } = this.#known().config;
    return compiled && indexHunt(compiled, clues);
  }

  /** Whether it is known that the scores of the published hunt do not move. */
  get isStatic(): boolean {
    return this.#current?.hunt.dynamic === false;
  }

  get revision(): number {
    return this.#current?.config.revision ?? 0;
  }

  /** Of the published hunt. */
  get version(): number {
    return this.#current?.config.version ?? 0;
  }

  /** Which of the hunts that had this id; absent: 0. */
  get incarnation(): number | undefined {
    return this.#current?.config.incarnation;
  }

  get webhooks(): readonly WebhookWish[] {
    return this.#current?.config.webhooks ?? [];
  }

  /** Of a member's tokens and return code: that in the log counts from the first of this incarnation. */
  generationOf(member: Pick<Member, "gen">): number {
    return firstGeneration(this.incarnation) + generationOf(member);
  }

  /** The generation in the log that a token's is. */
  inLog(gen = 0): number {
    return gen - firstGeneration(this.incarnation);
  }

  /** The token was made for a hunt of this id that is deleted. */
  isOfBefore(gen = 0): boolean {
    return gen < firstGeneration(this.incarnation);
  }

  /** To whom announcements go. */
  get told(): ToldTo {
    return this.#deps.told;
  }

  get announcements(): readonly Announcement[] {
    return this.#current?.config.announcements ?? [];
  }

  /** When the scores that players see are from, epoch ms; undefined: the standings told nothing yet. */
  get scoresAsOf(): number | undefined {
    return (this.#shown ?? this.#standings)?.asOf;
  }

  /** Whether at `now` the standings stand still for everybody, and since when; `held`: bans as well. */
  stillAt(now: number): (Still & { held: boolean }) | undefined {
    const { config, hunt } = this.#known();
    const still = stillOf(hunt.compiled, config.phase, config.released === true);
    return isStillAt(still, now) ? { ...still, held: isHeldAt(still, now) } : undefined;
  }

  /** Takes a new configuration; an older one changes nothing. `missing`: the compiled hunt is needed too. */
  configure(config: ShardConfig): { missing: boolean } {
    const before = this.#current?.config;
    if (before && config.revision < before.revision) return { missing: false };
    const isSame =
      before?.version === config.version && before.rules === config.rules && before.assets === config.assets;
    const compiled = config.compiled ?? (isSame ? before.compiled : undefined);
    if (!compiled) return { missing: true };
    const complete = { ...config, compiled };
    this.#deps.store.saveConfig(complete, config.compiled !== undefined);
    this.told.hear(complete.announcements);
    this.#install(complete);
    this.#deps.changed(before, complete);
    return { missing: false };
  }

  #install(config: ShardConfig): void {
    const { compiled } = config;
    if (!compiled) return;
    const before = this.#current;
    const isSame =
      before?.config.compiled === compiled &&
      JSON.stringify(before.config.clues) === JSON.stringify(config.clues);
    this.#current = { config, hunt: isSame ? before.hunt : indexHunt(compiled, config.clues) };
    this.#lost = this.#lostKeys(config, compiled);
  }

  /**
   * Refuses commands that need a key which the secrets no longer have: judged
   * with another one, right answers would be wrong. Not final, because the key
   * may come back.
   */
  unjudged(commands: readonly Pick<Command, "type">[]): Refusal | undefined {
    for (const { type } of commands) {
      const refusal = this.#lost[type];
      if (refusal) return refusal;
    }
    return undefined;
  }

  #lostKeys({ codeKey = "" }: ShardConfig, compiled: CompiledHunt): Partial<Record<string, Refusal>> {
    const { CODE_KEYS, ANSWER_PEPPERS } = this.#deps.secrets;
    const { pepper, prizes } = compiled;
    const lost: Partial<Record<Command["type"], Refusal>> = {};
    if (compiled.rules !== RULES_VERSION) lost.answer = lost.scan = OTHER_RULES;
    if (!hasKey("ANSWER_PEPPERS", ANSWER_PEPPERS, pepper)) {
      lost.answer = this.#lostKey("ANSWER_PEPPERS", pepper, "answers cannot be judged");
      lost.scan = lost.answer;
    }
    // One without codes of its own has codes made with the key.
    if (prizes.some(({ codes }) => !codes) && !hasKey("CODE_KEYS", CODE_KEYS, codeKey)) {
      lost.claim = this.#lostKey("CODE_KEYS", codeKey, "codes of prizes cannot be made");
    }
    return lost;
  }

  #lostKey(secret: keyof Secrets, key: string, consequence: string): Refusal {
    const { hunt } = this.#deps;
    console.error({ message: "a key that this hunt was made with is gone", hunt, secret, key });
    return refuse("unavailable", `${consequence}: the engine no longer has the key ${key} of ${secret}`);
  }

  /** Makes sure that the shard knows its hunt, by this engine's rules: the first contact asks control. */
  async ready(): Promise<Refusal | undefined> {
    if (!this.#deps.knowsIds()) return READING_IDS;
    if (this.isReady) return undefined;
    return (await this.#attached()) ?? (this.isRestoring ? HALF_RESTORED : undefined);
  }

  /** Whether the shard may take parts of the backup that is restored under this name. */
  async takes(attempt: string): Promise<Refusal | undefined> {
    const refused = this.#current === undefined ? await this.#attached() : undefined;
    if (refused) return refused;
    return this.#current?.config.restoring === attempt ? undefined : OTHER_ATTEMPT;
  }

  async #attached(): Promise<Refusal | undefined> {
    if (this.isRestoring) return undefined;
    this.#attaching ??= (async () => {
      // With a hunt of other rules it plays on, but for what they decide.
      const config = await this.#deps.attach().catch((error: unknown) => {
        if (!this.#current) throw error;
        return UNASKED;
      });
      this.#asked = true;
      if (!("refused" in config)) this.configure(config);
      else if (!this.#current) return config;
      return undefined;
    })().finally(() => {
      this.#attaching = undefined;
    });
    return this.#attaching;
  }

  /** What the rules know at `now`, epoch ms. */
  context(now: number): Context {
    const { config, hunt } = this.#known();
    const phase = phaseAt(config.phase, hunt.compiled, now);
    const opened = openedAt(config.phase, hunt.compiled);
    if (isDatedAhead(config.phase, now) || !this.#hasRules) this.#askAgain(now);
    return {
      hunt,
      phase,
      ...(isOver(phase) && solutionsToldAt(config.phase, hunt.compiled) <= now
        ? { solutionsTold: true }
        : {}),
      // A hunt that runs has opened, whatever control's clock said then.
      openedAt: phase === "draft" ? opened : Math.min(opened, now),
      ...(this.#standings ? { word: this.#standings } : {}),
      ...(this.#shown ? { shown: this.#shown } : {}),
      prizes: this.#prizes,
      uploads: this.#deps.uploads,
      budgets: this.#deps.budgets,
    };
  }

  /** The phase has times that a wrong clock gave it, or the hunt other rules: control, asked, puts them right. */
  #askAgain(now: number): void {
    if (this.#askedAt !== undefined && isYoung(this.#askedAt, now, ASK_AGAIN)) return;
    this.#askedAt = now;
    this.#deps.attach().then(
      (config) => {
        if (!("refused" in config)) this.configure(config);
      },
      (error: unknown) => console.warn({ message: "control could not be asked", error: String(error) }),
    );
  }

  /**
   * The context of an import, which runs on its own clock: a hunt without
   * `opens` is live from its first line on. No prizes are handed out, because
   * the vault knows the present only, nobody is held to budgets of now, and no freeze of now counts.
   */
  importContext(at: number): Context {
    const { config, hunt } = this.#known();
    const phase = { ...config.phase, live: config.phase.live || hunt.compiled.opens === undefined };
    const { prizes: _, budgets: __, shown: ___, uploads: ____, ...context } = this.context(at);
    return { ...context, phase: phaseAt(phase, hunt.compiled, at) };
  }

  /** Refuses an import that went on until the hunt was live: its lines would come between those of players. */
  refuseImport(now: number): Refusal | undefined {
    const { config, hunt } = this.#known();
    if (mayImport(config.phase, hunt.compiled, now)) return undefined;
    const phase = phaseAt(config.phase, hunt.compiled, now);
    return refuse("conflict", `the hunt is ${phase} by now: the rest is not imported`);
  }

  /** The next moment at which `opens` or `closes` changes the phase, epoch ms. */
  nextPhase(now: number): number | undefined {
    const { opens, closes } = this.#current?.hunt.compiled ?? {};
    return nextOf([opens, closes], now);
  }

  /** The standings told this shard the clue values and its teams' bonuses, complete each time. */
  takeStandings(standings: ShardStandings): void {
    if (!standings.values && !standings.bonuses) return;
    this.#standings = indexStandings(standings);
    this.#shown = standings.shown && indexStandings(standings.shown);
  }

  /** Id of the key behind the hunt's codes. */
  get codeKey(): string | undefined {
    return this.#current?.config.codeKey;
  }

  /** The code that a unit's winner shows; undefined: it cannot be made any more. */
  codeOf(prize: string, unit: number): string | undefined {
    const { config, hunt } = this.#current ?? {};
    const compiled: CompiledPrize | undefined = hunt?.prizes.get(prize);
    if (!config || !compiled) return undefined;
    if (compiled.codes) return givenCode(compiled, changeOf(config.prizes, prize), unit);
    const restored = config.restored || config.restoring !== undefined;
    const kept = restored ? this.#deps.restoredCode(prize, unit) : undefined;
    if (kept !== undefined) return kept;
    const key = keyById("CODE_KEYS", this.#deps.secrets.CODE_KEYS, config.codeKey ?? "");
    if (!key) {
      console.error({ message: "the key of this hunt's prize codes is no longer in CODE_KEYS" });
      return undefined;
    }
    return generatedCode(key, scopeOf(this.#deps.hunt, this.incarnation), prize, unit);
  }

  #known(): { config: ShardConfig; hunt: IndexedHunt } {
    if (!this.#current) throw new Error("the shard is used before it knows its hunt");
    return this.#current;
  }
}

/** What the standings told, indexed. */
export function indexStandings(standings: ShardStandings): IndexedStandings {
  const bonuses = new Map<string, number>();
  const bonusOf = new Map<string, number>();
  for (const { team, clue, points } of standings.bonuses ?? []) {
    bonuses.set(team, (bonuses.get(team) ?? 0) + points);
    bonusOf.set(`${team}/${clue}`, points);
  }
  return {
    asOf: standings.asOf,
    values: new Map((standings.values ?? []).map(({ clue, value }) => [clue, value])),
    bonuses,
    bonusOf,
  };
}

/** During a release control or this shard may be the older one. */
const OTHER_RULES = refuse(
  "unavailable",
  "the hunt is being prepared for another version of the engine; send it again in a moment",
);

const HALF_RESTORED = refuse("unavailable", "the hunt is being restored from a backup");

const OTHER_ATTEMPT = refuse(
  "conflict",
  "another restoration of this hunt has begun since, or the hunt was deleted",
);

const UNASKED = refuse("unavailable", "control could not be asked");

/** The first start with this version's index of ids, over a log of millions of facts. */
const READING_IDS = refuse("unavailable", "this shard is reading its log; send it again in a while");
