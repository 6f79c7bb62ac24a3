/**
 * What webhooks are told of what happened: facts of all shards, in one order, become deliveries. Nothing of hidden and
 * banned teams; while the standings stand still nothing that they do not tell, then or later.
 */
import { isStillAt, type Still, stillOf } from "../hunt/freeze.ts";
import { iso } from "../hunt/moment.ts";
import { phaseAt } from "../hunt/phase.ts";
import { submissionId } from "../hunt/submissions.ts";
import type { PublicTeam } from "../objects/leaderboard.ts";
import type { WebhookConfig, WebhookFact, WebhookReport, WebhookThread } from "../objects/webhooks.ts";
import type { Announcement } from "../protocol.ts";

interface Named {
  id: string;
  title: string;
}

/** The `data` of a message. */
export interface Told {
  hunt: string;
  at: string;
  team?: { id: string; name: string };
  clue?: Named;
  prize?: Named;
  points?: number;
  submission?: string;
  place?: number;
  source?: string;
  thread?: string;
  id?: string;
  text?: string;
  phase?: string;
}

/** A delivery before it is stored. `key`: names what happened, so that its id is the same whenever it is told. */
export interface NewDelivery {
  key: string;
  type: string;
  /** Epoch ms. */
  at: number;
  /** Deliveries of a team are sent in order, and so are those of none. */
  team?: string;
  data: Told;
}

export type HeardFact = WebhookFact & { shard: string };
export type HeardThread = WebhookThread & { shard: string };

/** The facts in the order in which they count, those of each shard as they stand in its log. */
export function inOrder(reports: readonly WebhookReport[]): HeardFact[] {
  const all = reports.flatMap(({ shard, facts }) => {
    let latest = 0;
    return facts.map((fact) => {
      latest = Math.max(latest, fact.at);
      return { fact: { ...fact, shard }, at: latest };
    });
  });
  all.sort((a, b) => a.at - b.at || compare(a.fact.shard, b.fact.shard) || a.fact.seq - b.fact.seq);
  return all.map(({ fact }) => fact);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Whether what this fact tells depends on what other shards have not told yet: who was first. */
export function asksOthers(
  { finish, webhook: { on } }: WebhookConfig,
  { what, clue }: WebhookFact,
  isFirstTold: (clue: string) => boolean,
): boolean {
  if (what !== "solved" || clue === undefined) return false;
  return (on.includes("first_solve") && !isFirstTold(clue)) || (on.includes("finished") && clue === finish);
}

const stillIn = (config: WebhookConfig): Still | undefined =>
  stillOf(config, config.phase, config.released === true);

/** `firsts`: clues whose first solve counts as told from now on. */
export function toldOf(
  config: WebhookConfig,
  facts: readonly HeardFact[],
  threads: readonly HeardThread[],
  teams: ReadonlyMap<string, PublicTeam>,
  isFirstTold: (clue: string) => boolean,
  now: number,
): { deliveries: NewDelivery[]; firsts: Set<string> } {
  const deliveries: NewDelivery[] = [];
  const firsts = new Set<string>();
  const { on } = config.webhook;
  const still = stillIn(config);
  const isStill = isStillAt(still, now);
  const isHeld = (at: number): boolean => still !== undefined && at >= still.from && at < still.until;
  const tell = (type: WebhookConfig["webhook"]["on"][number], fact: HeardFact, data: Partial<Told>): void => {
    if (!on.includes(type)) return;
    const team = teams.get(fact.team);
    if (!team) return;
    const { shard, seq, at } = fact;
    deliveries.push({
      key: `${type} ${shard} ${seq}`,
      type,
      at,
      team: fact.team,
      data: { hunt: config.hunt, team: { id: fact.team, name: team.name }, ...data, at: iso(at) },
    });
  };
  for (const fact of facts) {
    const team = teams.get(fact.team);
    if (!team || fact.at < config.since) continue;
    const { what, clue, points, prize, at } = fact;
    if (what === "solved" && clue !== undefined) {
      if (team.isConcealed) continue;
      const isFirst = !isFirstTold(clue) && !firsts.has(clue);
      if (isFirst) firsts.add(clue);
      if (isHeld(at)) continue;
      const data: Partial<Told> = {
        clue: { id: clue, title: config.clues[clue] ?? clue },
        ...(points === undefined ? {} : { points }),
        ...(team.rank === undefined ? {} : { place: team.rank }),
      };
      if (fact.submission !== undefined)
        tell("submitted", fact, sentData(config, fact, clue, fact.submission));
      tell("solved", fact, data);
      if (isFirst) tell("first_solve", fact, data);
      if (clue === config.finish) tell("finished", fact, data);
    } else if ((what === "submitted" || what === "judged") && clue !== undefined) {
      if (team.isConcealed || isHeld(at)) continue;
      tell(what, fact, sentData(config, fact, clue, fact.submission ?? fact.seq));
    } else if (what === "won" && prize !== undefined) {
      if (team.isConcealed || isHeld(at)) continue;
      tell("won", fact, { prize: { id: prize, title: config.prizes[prize] ?? prize } });
    } else if (what === "joined") {
      if (team.isConcealed || ((isStill || isHeld(at)) && !team.isPublic)) continue;
      tell("joined", fact, fact.source === undefined ? {} : { source: fact.source });
    }
  }
  for (const thread of threads) {
    const { shard, n, at, id, clue } = thread;
    const team = teams.get(thread.team);
    if (!on.includes("help") || !team || team.isConcealed || at < config.since) continue;
    deliveries.push({
      key: `help ${shard} ${n}`,
      type: "help",
      at,
      data: {
        hunt: config.hunt,
        thread: id,
        // What a team has open shows how far it is.
        ...(clue === undefined || isStill ? {} : { clue: { id: clue, title: config.clues[clue] ?? clue } }),
        at: iso(at),
      },
    });
  }
  return { deliveries, firsts };
}

const sentData = (
  { clues }: WebhookConfig,
  { team }: HeardFact,
  clue: string,
  submission: number,
): Partial<Told> => ({
  clue: { id: clue, title: clues[clue] ?? clue },
  submission: submissionId(team, submission),
});

/** Of the announcements for everybody those that were not told yet. */
export function announced(config: WebhookConfig, known: ReadonlySet<string>): NewDelivery[] {
  if (!config.webhook.on.includes("announcement")) return [];
  return config.announcements
    .filter(({ id, at }: Announcement) => at >= config.since && !known.has(id))
    .map(({ id, at, text }) => ({
      key: `announcement ${id}`,
      type: "announcement",
      at,
      data: { hunt: config.hunt, id, text, at: iso(at) },
    }));
}

/** The phase, if it is another one than was told last. */
export function phaseTold(
  config: WebhookConfig,
  last: string | undefined,
  now: number,
): { phase: string; deliveries: NewDelivery[] } {
  const phase = phaseAt(config.phase, config, now);
  if (last === undefined || phase === last || !config.webhook.on.includes("phase")) {
    return { phase, deliveries: [] };
  }
  const at = Math.min(now, momentOf(config, phase) ?? now);
  const delivery: NewDelivery = {
    key: `phase ${phase} ${at}`,
    type: "phase",
    at,
    data: { hunt: config.hunt, phase, at: iso(at) },
  };
  return { phase, deliveries: [delivery] };
}

/** When the phase began, as far as the times say. */
function momentOf({ phase: state, opens, closes }: WebhookConfig, phase: string): number | undefined {
  if (phase === "final") return state.finalAt;
  if (phase === "ended") return state.endedAt ?? closes;
  // What was opened before may have been paused since.
  return phase === "live" && !state.live ? opens : undefined;
}

/** What a message says that is not of a hunt's course: the test from the console. */
export const testTold = (hunt: string, now: number): Told => ({ hunt, at: iso(now) });
