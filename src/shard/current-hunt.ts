/**
 * The hunt as the shard knows it now: what control told (the compiled hunt, the
 * phase, announcements, what organisers changed of the prizes) and what the
 * standings told. The rules' context is made of it.
 */
import { isYoung } from "../ahead.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { CompiledHunt, CompiledPrize } from "../hunt/compiled.ts";
import type { Budgets, Context, IndexedStandings, PrizeState } from "../hunt/context.ts";
import { type IndexedHunt, indexHunt } from "../hunt/indexed.ts";
import { isDatedAhead, nextOf, openedAt, phaseAt } from "../hunt/phase.ts";
import { changeOf, givenCode } from "../hunt/prize-changes.ts";
import type { ShardConfig } from "../objects/shard.ts";
import { generatedCode } from "../prizes/codes.ts";
import type { Announcement, Command, ShardStandings } from "../protocol.ts";
import { hasKey, keyById, type Secrets } from "../secrets.ts";
import type { ShardStore } from "./store.ts";

/** How long control is not asked again about a phase dated ahead, ms. */
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
  /** A configuration is in force; `before`: the one it replaced in this instance. */
  changed(before: ShardConfig | undefined, config: ShardConfig): void;
}

export class CurrentHunt {
  readonly #deps: CurrentHuntDeps;
  #current: { config: ShardConfig; hunt: IndexedHunt } | undefined;
  #attaching: Promise<Refusal | undefined> | undefined;
  #standings: IndexedStandings | undefined;
  /** When control was asked about a phase dated ahead, epoch ms. */
  #askedAt: number | undefined;
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
    return this.#current !== undefined && this.#deps.knowsIds();
  }

  /** The published hunt. */
  get hunt(): IndexedHunt {
    return this.#known().hunt;
  }

  get revision(): number {
    return this.#current?.config.revision ?? 0;
  }

  get announcements(): readonly Announcement[] {
    return this.#current?.config.announcements ?? [];
  }

  /** When the scores that the standings told of are from, epoch ms; undefined: nothing was told yet. */
  get scoresAsOf(): number | undefined {
    return this.#standings?.asOf;
  }

  /** Takes a new configuration; an older one changes nothing. `missing`: the compiled hunt is needed too. */
  configure(config: ShardConfig): { missing: boolean } {
    const before = this.#current?.config;
    if (before && config.revision < before.revision) return { missing: false };
    const compiled = config.compiled ?? (before?.version === config.version ? before.compiled : undefined);
    if (!compiled) return { missing: true };
    const complete = { ...config, compiled };
    this.#deps.store.saveConfig(complete, config.compiled !== undefined);
    this.#install(complete);
    this.#deps.changed(before, complete);
    return { missing: false };
  }

  #install(config: ShardConfig): void {
    const { compiled } = config;
    if (!compiled) return;
    const same = this.#current?.config.compiled === compiled ? this.#current.hunt : undefined;
    this.#current = { config, hunt: same ?? indexHunt(compiled) };
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

  #lostKeys(
    { codeKey = "" }: ShardConfig,
    { pepper, prizes }: CompiledHunt,
  ): Partial<Record<string, Refusal>> {
    const { CODE_KEYS, ANSWER_PEPPERS } = this.#deps.secrets;
    const lost: Partial<Record<Command["type"], Refusal>> = {};
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

  /** Makes sure that the shard knows its hunt: the first contact asks control. */
  async ready(): Promise<Refusal | undefined> {
    if (!this.#deps.knowsIds()) return READING_IDS;
    if (this.#current) return undefined;
    this.#attaching ??= (async () => {
      const config = await this.#deps.attach();
      if ("refused" in config) return config;
      this.configure(config);
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
    if (isDatedAhead(config.phase, now)) this.#askAgain(now);
    return {
      hunt,
      phase,
      // A hunt that runs has opened, whatever control's clock said then.
      openedAt: phase === "draft" ? opened : Math.min(opened, now),
      ...(this.#standings ? { word: this.#standings } : {}),
      prizes: this.#prizes,
      budgets: this.#deps.budgets,
    };
  }

  /** The phase has times that a wrong clock gave it: control, asked, puts them right. */
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
   * the vault knows the present only, and nobody is held to budgets of now.
   */
  importContext(at: number): Context {
    const { config, hunt } = this.#known();
    const phase = { ...config.phase, live: config.phase.live || hunt.compiled.opens === undefined };
    const { prizes: _, budgets: __, ...context } = this.context(at);
    return { ...context, phase: phaseAt(phase, hunt.compiled, at) };
  }

  /** The next moment at which `opens` or `closes` changes the phase, epoch ms. */
  nextPhase(now: number): number | undefined {
    const { opens, closes } = this.#current?.hunt.compiled ?? {};
    return nextOf([opens, closes], now);
  }

  /** The standings told this shard the clue values and its teams' bonuses, complete each time. */
  takeStandings(standings: ShardStandings): void {
    if (standings.values || standings.bonuses) this.#standings = indexStandings(standings);
  }

  /** The code that a unit's winner shows; undefined: it cannot be made any more. */
  codeOf(prize: string, unit: number): string | undefined {
    const { config, hunt } = this.#current ?? {};
    const compiled: CompiledPrize | undefined = hunt?.prizes.get(prize);
    if (!config || !compiled) return undefined;
    if (compiled.codes) return givenCode(compiled, changeOf(config.prizes, prize), unit);
    const key = keyById("CODE_KEYS", this.#deps.secrets.CODE_KEYS, config.codeKey ?? "");
    if (!key) {
      console.error({ message: "the key of this hunt's prize codes is no longer in CODE_KEYS" });
      return undefined;
    }
    return generatedCode(key, this.#deps.hunt, prize, unit);
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

/** The first start with this version's index of ids, over a log of millions of facts. */
const READING_IDS = refuse("unavailable", "this shard is reading its log; send it again in a while");

/** A team with facts of newer code is read, not written: what this version decided could contradict them. */
export const READ_ONLY = refuse(
  "unavailable",
  "this team has data that this version of the engine cannot fold; it can play again when a version that can is there",
);
