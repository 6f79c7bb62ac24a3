/**
 * Which shard a new team goes to: the less loaded of two that are drawn at
 * random. PURE; times are epoch ms.
 *
 * Two drawn at random instead of the least loaded of all, because what is known is
 * some seconds old and the same everywhere: everybody would choose the
 * same shard until the next figures come. What was placed since the figures were
 * made counts as well: what this isolate placed is known; of what the others placed only
 * the number is (the joinings a second, as told), and each of the two shards
 * is taken to have got a random part of it. So the less the figures can tell, the
 * nearer the choice is to chance.
 */
import type { LoadFigures } from "./loads.ts";

/** Share of a shard's load that events make up when there are many; teams make up the rest. */
const EVENTS_SHARE = 0.75;

/** Figures are taken to be older than this never, ms: nobody renews those of a hunt in which nothing happens. */
const AGE_MAX = 300_000;

/** Figures older than this no longer say that a shard is busy, ms: KV may be a minute behind. */
const BUSY_FOR = 90_000;

/** What is known when a team is placed. */
export interface Known {
  figures: LoadFigures | undefined;
  /** Teams that this isolate placed on a shard since the figures were made. */
  placed(shard: string): number;
  /** The shard refused a team of this isolate's for overload just now. */
  refuses(shard: string): boolean;
  now: number;
}

/** How a shard was chosen: between two by their load, among those that do not refuse, or there is only one. */
export interface Placed {
  shard: string;
  by: "load" | "refusal" | "only";
}

/**
 * `shards`: the active ones of the region, one at least. `random`: from 0 to below 1.
 * A shard that refuses for overload is drawn only when all do.
 */
export function placeTeam(shards: readonly string[], known: Known, random: () => number): Placed {
  const open = shards.filter((shard) => !isClosed(shard, known));
  const drawn = open.length > 0 ? open : shards;
  const first = Math.floor(random() * drawn.length);
  const one = drawn[first];
  if (one === undefined) throw new Error("a region has a shard");
  const by = open.length < shards.length ? "refusal" : "load";
  if (drawn.length === 1) return { shard: one, by: shards.length === 1 ? "only" : by };
  const second = (first + 1 + Math.floor(random() * (drawn.length - 1))) % drawn.length;
  const other = drawn[second] ?? one;
  const loadOf = loadsOf(shards, known, random);
  return { shard: loadOf(one) <= loadOf(other) ? one : other, by };
}

/** Whether the shard gets no new teams, as far as is known. */
function isClosed(shard: string, { figures, refuses, now }: Known): boolean {
  const told = figures?.shards[shard]?.refuses;
  if (told === "full") return true;
  return (told === "busy" && now - (figures?.at ?? 0) < BUSY_FOR) || refuses(shard);
}

/** A shard's load, counted in teams as active as the region's are on average. */
function loadsOf(
  shards: readonly string[],
  { figures, placed, now }: Known,
  random: () => number,
): (shard: string) => number {
  let teams = 0;
  let events = 0;
  let joinings = 0;
  let own = 0;
  for (const shard of shards) {
    const told = figures?.shards[shard];
    teams += told?.teams ?? 0;
    events += told?.recent ?? 0;
    joinings += told?.joinings ?? 0;
    own += placed(shard);
  }
  // With fewer events than teams, who had them is mostly chance.
  const eventsShare = events > 0 ? (EVENTS_SHARE * events) / (events + teams) : 0;
  const age = figures ? Math.min(AGE_MAX, Math.max(0, now - figures.at)) : 0;
  const others = Math.max(0, (joinings * age) / 1_000 - own);
  return (shard) => {
    const told = figures?.shards[shard];
    const byTeams = told?.teams ?? 0;
    const byEvents = eventsShare > 0 ? (teams * (told?.recent ?? 0)) / events : 0;
    const unknown = (random() * 2 * others) / shards.length;
    return (1 - eventsShare) * byTeams + eventsShare * byEvents + placed(shard) + unknown;
  };
}
