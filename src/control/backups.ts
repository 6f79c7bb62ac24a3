/**
 * The control plane's part of a backup, and of its restoration. A hunt that is restored is one from the first call on
 * that nobody can use: shards take its parts under the name of the attempt and nothing else, and when all of them are
 * there, one change of the state puts it in use. What broke on the way is begun again from nothing.
 */
import {
  type BackupAnnouncement,
  type BackupState,
  backupCodes,
  backupRegrades,
  backupState,
  backupWithdrawn,
  ENTRIES_MAX,
} from "../contract/backup.ts";
import { type Issue, type Refusal, refuse } from "../errors.ts";
import { INITIAL_PHASE, type PhaseState, phaseAt, settlePhase } from "../hunt/phase.ts";
import { RULES_VERSION } from "../hunt/rules-version.ts";
import type { BackupHead, BackupPage, RestoreHead } from "../objects/backup.ts";
import { calling, orRefusal, shardStub } from "../objects/call.ts";
import type { Actor, AuditEntry, RestoreBegun, RestoredLines } from "../objects/control.ts";
import type { Env } from "../objects/env.ts";
import { isPlaced, randomText } from "../objects/ids.ts";
import type { Beginning } from "../objects/names.ts";
import { currentKey, hasKey } from "../secrets.ts";
import type { StoredText } from "../stored-text.ts";
import type { AnnouncementStore } from "./announcements.ts";
import type { AuditLog } from "./audit.ts";
import { livesOf, publicEntryOf } from "./configs.ts";
import { eraseIn } from "./erase-hunt.ts";
import type { Published, Publisher } from "./publish.ts";
import type { HuntState, StateStore } from "./state.ts";

/** Random characters of an attempt's name. */
const ATTEMPT_LENGTH = 16;

/** Announcements in one line: each may be long. */
const ANNOUNCEMENTS_PAGE = 50;

/** Objects erased at the same time. */
const ERASED_AT_ONCE = 16;

/** Regrades as control keeps them: see regrades.ts. */
const REGRADES = "regrades";
const NO_REGRADES = JSON.stringify({ v: 1, made: [] });

interface BackupsDeps {
  hunt: string;
  env: Env;
  texts: Pick<StoredText, "read" | "write">;
  state: StateStore;
  audit: AuditLog;
  announcements: AnnouncementStore;
  publisher: Publisher;
  /** The hunt in use. */
  published(): Published | Refusal;
  /** Moves and merges that are under way. */
  underWay(): number;
  beginning(): Promise<Beginning | Refusal>;
  /** A version is stored: everyone is told. */
  announceVersion(isFirst: boolean): Promise<Refusal | undefined>;
  now(): number;
}

type Begun = RestoreBegun | (Refusal & { issues?: Issue[] });

export class Backups {
  readonly #deps: BackupsDeps;
  #isBeginning = false;

  constructor(deps: BackupsDeps) {
    this.#deps = deps;
  }

  /** Why the hunt is not used now; undefined: it is. */
  get halfRestored(): Refusal | undefined {
    return this.#deps.state.current?.restoring ? HALF_RESTORED : undefined;
  }

  // ── A backup ────────────────────────────────────────────────────────────

  head(): BackupHead | Refusal {
    const { publisher, texts, underWay, now } = this.#deps;
    const hunt = this.#deps.published();
    if ("refused" in hunt) return hunt;
    if (hunt.state.rehearsal) return refuse("conflict", "a rehearsal is a copy, of which there is no backup");
    if (underWay() > 0) {
      return refuse("unavailable", "a player or a team is being moved: send it again in a moment");
    }
    const definition = publisher.backup();
    if ("refused" in definition) return definition;
    const { source, codes, withdrawn } = definition;
    const regrades = texts.read(REGRADES);
    return {
      phase: phaseAt(hunt.state.phase, hunt.compiled.hunt, now()),
      texts: {
        definition: source,
        codes: JSON.stringify(codes),
        state: JSON.stringify(this.#stateOf(hunt)),
        ...(withdrawn === undefined ? {} : { withdrawn }),
        ...(regrades === undefined ? {} : { regrades }),
      },
      shards: [...hunt.state.shards].sort(),
      prizes: hunt.compiled.hunt.prizes.map(({ id }) => id),
      isForKnown: hunt.compiled.hunt.players.require !== "anyone",
    };
  }

  #stateOf({ state, compiled }: Published): BackupState {
    const { version, format, shards, shardsPerRegion, begun, drawSeed, announcements } = state;
    const { prizes, clues, released, seedTold, takenBack, scheduled } = state;
    const now = this.#deps.now();
    const isLive = phaseAt(state.phase, compiled.hunt, now) === "live";
    // As it comes back: nobody plays a copy before its organiser says so.
    const phase = isLive ? { ...settlePhase(state.phase, compiled.hunt, now), paused: true } : state.phase;
    return {
      version,
      format,
      phase,
      shards: [...shards].sort(),
      shardsPerRegion,
      ...(begun === undefined ? {} : { begun }),
      ...(drawSeed === undefined ? {} : { drawSeed }),
      ...(prizes === undefined ? {} : { prizes }),
      ...(clues === undefined ? {} : { clues }),
      ...(released ? { released } : {}),
      ...(seedTold ? { seedTold } : {}),
      announcements,
      ...(takenBack === undefined ? {} : { takenBack }),
      ...(scheduled === undefined ? {} : { scheduled }),
    };
  }

  mark(): string {
    const { audit, underWay } = this.#deps;
    return `${audit.newestOf(["move", "merge"])} ${underWay()}`;
  }

  announcements(after: number): BackupPage<BackupAnnouncement> {
    return this.#deps.announcements.pageOf(after, ANNOUNCEMENTS_PAGE);
  }

  audit(after: number): BackupPage<AuditEntry> {
    return this.#deps.audit.page(after, ENTRIES_MAX);
  }

  // ── Its restoration ─────────────────────────────────────────────────────

  async begin(head: RestoreHead, by: Actor): Promise<Begun> {
    if (this.#isBeginning) return refuse("conflict", "another restoration of this hunt is just being begun");
    this.#isBeginning = true;
    try {
      return await this.#begin(head, by);
    } finally {
      this.#isBeginning = false;
    }
  }

  async #begin({ at, texts: given }: RestoreHead, by: Actor): Promise<Begun> {
    const { env, state, texts, audit, announcements, publisher, now } = this.#deps;
    const parsed = textsOf(given);
    if (typeof parsed === "string") return refuse("invalid", parsed);
    const { restored, codes } = parsed;
    const beginning = await this.#deps.beginning();
    if ("refused" in beginning) return beginning;
    const occupied = await this.#occupied();
    if (occupied) return occupied;
    const { current } = state;
    const { codeKey: own, incarnation, voidBefore } = current ?? { codeKey: undefined, ...beginning };
    const { CODE_KEYS } = env;
    const codeKey =
      own !== undefined && hasKey("CODE_KEYS", CODE_KEYS, own) ? own : currentKey("CODE_KEYS", CODE_KEYS).id;
    const { format, begun, shards, phase, announcements: told, takenBack, scheduled, ...rest } = restored;
    const definition = { source: given.definition ?? "", format, codes, withdrawn: given.withdrawn };
    const erased = current && (await this.#erase(current.shards, incarnation ?? 0));
    if (erased) return erased;
    const compiled = publisher.restore(definition, { codeKey, begun, incarnation });
    if ("refused" in compiled) return compiled;
    if (current?.restoring) audit.dropBehind(current.restoring.line);
    const line = audit.record({
      ...by,
      at: now(),
      action: "import",
      detail: { backup: new Date(at).toISOString() },
    });
    announcements.clear();
    if (given.regrades !== undefined || texts.read(REGRADES) !== undefined) {
      texts.write(REGRADES, given.regrades ?? NO_REGRADES);
    }
    const attempt = randomText(ATTEMPT_LENGTH);
    const webhooks = livesOf(current?.webhooks ?? [], compiled.webhooks, now());
    const next: Omit<HuntState, "revision" | "told"> = {
      ...rest,
      format,
      shards,
      phase: INITIAL_PHASE,
      announcements: [],
      codeKey,
      pepper: currentKey("ANSWER_PEPPERS", env.ANSWER_PEPPERS).id,
      rules: RULES_VERSION,
      ...(begun === undefined ? {} : { begun }),
      ...(incarnation === undefined ? {} : { incarnation }),
      ...(voidBefore === undefined ? {} : { voidBefore }),
      ...(webhooks.length === 0 ? {} : { webhooks }),
      ...(current?.assets === undefined ? {} : { assets: current.assets }),
      ...(current?.rehearsedAs === undefined ? {} : { rehearsedAs: current.rehearsedAs }),
      restoring: {
        attempt,
        line,
        phase: notLive(phase),
        announcements: told,
        ...(takenBack === undefined ? {} : { takenBack }),
        ...(scheduled === undefined ? {} : { scheduled }),
      },
    };
    state.restore(next);
    const untold = await this.#deps.announceVersion(current === undefined);
    if (untold) return untold;
    const inUse = publisher.hunt();
    if ("refused" in inUse) return inUse;
    return { attempt, shards, entry: publicEntryOf(inUse.state, inUse.compiled) };
  }

  /** Why nothing is restored in the hunt's place; undefined: it is empty, or half a hunt. */
  async #occupied(): Promise<Refusal | undefined> {
    const { env, hunt, state } = this.#deps;
    const { current } = state;
    if (!current || current.restoring) return undefined;
    if (current.rehearsal) return refuse("conflict", `this is the rehearsal of ${current.rehearsal.of}`);
    const published = this.#deps.published();
    const { phase } = current;
    const now = "refused" in published ? "draft" : phaseAt(phase, published.compiled.hunt, this.#deps.now());
    const wasNever = phase.missed || (now === "draft" && !phase.live);
    if (!wasNever) return refuse("conflict", `the hunt is ${now}: a backup is restored into an empty draft`);
    for (const shard of current.shards) {
      const stats = await orRefusal(calling(async () => shardStub(env, hunt, shard).backupSegments(0)));
      if ("refused" in stats) return stats;
      if (stats.segments.length > 0 || stats.gap) {
        return refuse("conflict", "the hunt has teams: a backup is restored into an empty draft");
      }
    }
    return undefined;
  }

  /** Whatever a draft, or an earlier restoration, left in other objects. */
  async #erase(shards: readonly string[], incarnation: number): Promise<Refusal | undefined> {
    const { env, hunt } = this.#deps;
    const places = [...new Set(shards)].map((shard) => `shard ${shard}`);
    const all = [...places, "leaderboard", "vault", "names"];
    for (let from = 0; from < all.length; from += ERASED_AT_ONCE) {
      const some = all.slice(from, from + ERASED_AT_ONCE);
      const erased = await Promise.all(
        some.map(async (place) =>
          orRefusal(eraseIn(env, hunt, incarnation, place).then((done) => ({ done }))),
        ),
      );
      const refused = erased.find((each) => "refused" in each);
      if (refused && "refused" in refused) return refused;
    }
    return undefined;
  }

  take(attempt: string, { announcements = [], audit = [] }: RestoredLines): Refusal | undefined {
    const other = this.#other(attempt);
    if (other) return other;
    for (const { removed, ...announcement } of announcements) {
      this.#deps.announcements.add(announcement);
      if (removed) this.#deps.announcements.remove(announcement.id, announcement.at);
    }
    for (const entry of audit) this.#deps.audit.record(entry);
    return undefined;
  }

  #other(attempt: string): Refusal | undefined {
    return this.#deps.state.current?.restoring?.attempt === attempt ? undefined : OTHER_ATTEMPT;
  }

  /** Whoever cannot be told now is told by the alarm. */
  async finish(
    attempt: string,
    facts: number,
    by: Actor,
  ): Promise<{ phase: BackupHead["phase"]; version: number } | Refusal> {
    const { state, audit, now } = this.#deps;
    const other = this.#other(attempt);
    if (other) return other;
    const { restoring } = state.current ?? {};
    if (!restoring) return OTHER_ATTEMPT;
    const { phase, announcements, takenBack, scheduled } = restoring;
    state.change({
      phase,
      announcements,
      ...(takenBack === undefined ? {} : { takenBack }),
      ...(scheduled === undefined ? {} : { scheduled }),
      restoring: undefined,
      restored: true,
    });
    audit.record({ ...by, at: now(), action: "import", detail: { facts } });
    await this.#deps.announceVersion(false);
    const hunt = this.#deps.published();
    if ("refused" in hunt) return hunt;
    const { version } = hunt.state;
    return { phase: phaseAt(hunt.state.phase, hunt.compiled.hunt, now()), version };
  }
}

/** What the texts say; a sentence: what is wrong with them. */
function textsOf(
  texts: RestoreHead["texts"],
): { restored: BackupState; codes: Record<string, string> } | string {
  const state = backupState.safeParse(jsonOf(texts.state));
  if (!state.success) return "the text `state` does not have the form of this version";
  const codes = backupCodes.safeParse(jsonOf(texts.codes));
  if (!codes.success) return "the text `codes` does not have the form of this version";
  const { shards, shardsPerRegion } = state.data;
  if (!shards.every((shard) => isPlaced(shard, shardsPerRegion)))
    return "the text `state` names shards that no hunt has";
  if (texts.definition === undefined) return "the text `definition` is missing";
  for (const [name, schema] of [
    ["withdrawn", backupWithdrawn],
    ["regrades", backupRegrades],
  ] as const) {
    if (texts[name] !== undefined && !schema.safeParse(jsonOf(texts[name])).success) {
      return `the text \`${name}\` does not have the form of this version`;
    }
  }
  return { restored: state.data, codes: codes.data };
}

/** A backup of this engine says so by itself. */
const notLive = (phase: PhaseState): PhaseState =>
  phase.live && phase.endedAt === undefined && phase.finalAt === undefined
    ? { ...phase, paused: true }
    : phase;

function jsonOf(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

const HALF_RESTORED = refuse(
  "conflict",
  "the hunt is being restored from a backup; if that broke off, send the backup again, or delete the hunt",
);

const OTHER_ATTEMPT = refuse(
  "conflict",
  "another restoration of this hunt has begun since, or the hunt was deleted",
);
