/** The configurations that control sends to each of the others, made from the state and the compiled definition. */
import type { Issue } from "../errors.ts";
import { type ClueChanges, isVoid } from "../hunt/clue-changes.ts";
import type { CompiledHunt, PublicHunt } from "../hunt/compiled.ts";
import { type PrizeChanges, rulesOf } from "../hunt/prize-changes.ts";
import type { StandingsRules } from "../hunt/score.ts";
import type { PublicEntry, PublicPrizeChanges } from "../objects/control.ts";
import type { BoardConfig } from "../objects/leaderboard.ts";
import type { VaultConfig } from "../objects/prizes.ts";
import type { Rehearsal } from "../objects/rehearsal.ts";
import type { ShardConfig } from "../objects/shard.ts";
import type { WebhookConfig } from "../objects/webhooks.ts";
import { hashOfSeed } from "../prizes/draw.ts";
import type { HuntState, WebhookLife } from "./state.ts";

/** Announcements the leaderboard is told, for its spectators' sockets. */
const BOARD_ANNOUNCEMENTS = 20;

/** A definition in use: the secret half and the public one. */
export interface Compiled {
  hunt: CompiledHunt;
  public: PublicHunt;
  /** Why it could not be published anew: it was, before the rules of this engine. */
  tolerated: Issue[];
}

type State = Readonly<HuntState>;

/** What the others are told of it, if the hunt is a rehearsal. */
const rehearsalIn = ({ rehearsal }: State): { rehearsal?: Rehearsal } =>
  rehearsal === undefined ? {} : { rehearsal: { of: rehearsal.of, ahead: rehearsal.ahead } };

/** The public half of the hunt; also the content of the KV entry. */
export function publicEntryOf(state: State, compiled: Compiled): PublicEntry {
  const { version, revision, phase, shardsPerRegion, prizes, drawSeed, begun, incarnation, voidBefore } =
    state;
  const drawn = compiled.hunt.prizes.length > 0 && drawSeed !== undefined;
  return {
    v: 1,
    hunt: compiled.public,
    ...(drawn ? { drawHash: hashOfSeed(drawSeed) } : {}),
    ...(prizes === undefined ? {} : { prizes: publicChanges(prizes) }),
    version,
    revision,
    phase,
    shardsPerRegion,
    ...(begun === undefined ? {} : { begun }),
    ...(incarnation === undefined ? {} : { incarnation }),
    ...(voidBefore === undefined ? {} : { voidBefore }),
    ...rehearsalIn(state),
    ...(state.restored ? { restored: true as const } : {}),
    pepper: compiled.hunt.pepper,
  };
}

/** The organisers' changes without their codes. */
function publicChanges(prizes: PrizeChanges): PublicPrizeChanges {
  return Object.fromEntries(
    Object.entries(prizes).map(([prize, { added, withdrawn }]) => [
      prize,
      { added: added.map(({ units, at }) => ({ units, at })), ...(withdrawn ? { withdrawn } : {}) },
    ]),
  );
}

/** `whole`: with the compiled hunt, which a shard of this version has already. */
export function shardConfigOf(state: State, { hunt }: Compiled, whole: boolean): ShardConfig {
  const {
    revision,
    version,
    phase,
    announcements,
    takenBack,
    codeKey,
    prizes,
    clues,
    released,
    incarnation,
    assets,
  } = state;
  return {
    revision,
    version,
    ...(hunt.rules === undefined ? {} : { rules: hunt.rules }),
    phase,
    announcements,
    ...(takenBack === undefined ? {} : { takenBack }),
    codeKey,
    ...(prizes === undefined ? {} : { prizes }),
    ...(clues === undefined ? {} : { clues }),
    ...(released ? { released } : {}),
    ...(incarnation === undefined ? {} : { incarnation }),
    ...webhooksOf(state, hunt),
    ...(assets === undefined ? {} : { assets }),
    ...rehearsalIn(state),
    ...(state.restoring ? { restoring: state.restoring.attempt } : {}),
    ...(state.restored ? { restored: true as const } : {}),
    ...(whole ? { compiled: hunt } : {}),
  };
}

export function vaultConfigOf(state: State, { hunt }: Compiled, seed: string): VaultConfig {
  return {
    revision: state.revision,
    ...rehearsalIn(state),
    seed,
    prizes: hunt.prizes.map((prize) => rulesOf(prize, state.prizes)),
  };
}

/** By what the standings are computed; void clues give nothing. */
export function standingsRulesOf(hunt: CompiledHunt, changes: ClueChanges | undefined): StandingsRules {
  const { scoring, clues, brackets, teams } = hunt;
  return {
    scoring,
    clues: clues
      .filter(({ id }) => !isVoid(changes, id))
      .map(({ id, points, speed, decay, firstSolves }) => ({
        id,
        points,
        ...(speed === undefined ? {} : { speed: true as const }),
        ...(decay === undefined ? {} : { decay }),
        ...(firstSolves === undefined ? {} : { firstSolves }),
      })),
    brackets: brackets.map(({ id }) => id),
    ...(teams.clock === "own" ? { ownClock: true as const } : {}),
  };
}

/** Those in use. */
function webhooksOf({ webhooks: lives = [] }: State, hunt: CompiledHunt): Pick<ShardConfig, "webhooks"> {
  const webhooks = hunt.webhooks.flatMap(({ id, on }) => {
    const life = lives.find((each) => each.id === id && !each.dropped);
    return life ? [{ id, on, since: life.since }] : [];
  });
  return webhooks.length === 0 ? {} : { webhooks };
}

/** Which webhooks there are with a new version, and which ones it drops. */
export function livesOf(
  before: readonly WebhookLife[],
  webhooks: CompiledHunt["webhooks"],
  now: number,
): WebhookLife[] {
  const kept = webhooks.map(({ id }) => {
    const life = before.find((each) => each.id === id && !each.dropped);
    return life ?? { id, since: now };
  });
  const dropped = before
    .filter(({ id }) => !webhooks.some((webhook) => webhook.id === id))
    .map((life): WebhookLife => ({ ...life, dropped: true }));
  return [...kept, ...dropped];
}

/** Of a webhook that is in use; undefined: there is no such. */
export function webhookConfigOf(state: State, compiled: Compiled, id: string): WebhookConfig | undefined {
  const { hunt } = compiled;
  const webhook = hunt.webhooks.find((each) => each.id === id);
  const life = state.webhooks?.find((each) => each.id === id && !each.dropped);
  if (!webhook || !life) return undefined;
  const { announcements = [], ...times } = boardConfigOf(state, compiled);
  const { revision, phase, opens, closes, freeze, results, released, incarnation } = times;
  const titles = (named: readonly { id: string; title: string }[]): Record<string, string> =>
    Object.fromEntries(named.map((each) => [each.id, each.title]));
  return {
    revision,
    version: state.version,
    hunt: hunt.hunt,
    ...(incarnation === undefined ? {} : { incarnation }),
    codeKey: state.codeKey,
    webhook,
    since: life.since,
    phase,
    ...(opens === undefined ? {} : { opens }),
    ...(closes === undefined ? {} : { closes }),
    ...(freeze === undefined ? {} : { freeze }),
    ...(results === undefined ? {} : { results }),
    ...(released ? { released } : {}),
    ...(hunt.scoring.finish === undefined ? {} : { finish: hunt.scoring.finish }),
    clues: titles(hunt.clues),
    prizes: titles(hunt.prizes),
    announcements,
  };
}

export function boardConfigOf(state: State, { hunt }: Compiled): BoardConfig {
  const { freeze, results, opens, closes } = hunt;
  return {
    revision: state.revision,
    rules: standingsRulesOf(hunt, state.clues),
    phase: state.phase,
    announcements: state.announcements
      .filter(({ clue, to }) => clue === undefined && to === undefined)
      .slice(-BOARD_ANNOUNCEMENTS),
    ...(state.takenBack === undefined ? {} : { takenBack: state.takenBack }),
    ...(freeze === undefined ? {} : { freeze }),
    ...(results === undefined ? {} : { results }),
    ...(state.released ? { released: state.released } : {}),
    ...(state.incarnation === undefined ? {} : { incarnation: state.incarnation }),
    ...rehearsalIn(state),
    ...(opens === undefined ? {} : { opens }),
    ...(closes === undefined ? {} : { closes }),
  };
}
