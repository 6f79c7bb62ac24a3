/**
 * When a hunt needs more shards, and how many. PURE.
 *
 * Teams never move, so that more shards help new teams only: a hunt grows when its busiest shards near
 * their capacity and it has none left with room. Shards that were just added have
 * room, so that nothing is added twice for the same crowd, and nothing more when nobody joins any more.
 */
import type { Config } from "../config.ts";
import type { LoadFigures, ShardFigures } from "./loads.ts";

/** Busiest and idlest are each this share of a region's shards, one at least. */
const QUARTER = 0.25;

/** Shards below this share of `growAt` have room for new teams. */
const ROOM = 0.5;

/** Shards are added in this proportion to those there are. */
const STEP = 0.5;

export interface GrowthLimits {
  /** Events a second that a shard carries. */
  capacity: number;
  /** Share of it from which a shard is crowded. */
  growAt: number;
  /** Shards a region. */
  max: number;
}

/** The limits that the parameters set. */
export const growthLimits = ({
  SHARD_CAPACITY: capacity,
  GROW_AT: growAt,
  SHARDS_MAX: max,
}: Pick<Config, "SHARD_CAPACITY" | "GROW_AT" | "SHARDS_MAX">): GrowthLimits => ({ capacity, growAt, max });

/** A region whose busiest shards are crowded. */
export interface Crowded {
  /** The busiest of them. */
  shard: string;
  /** The share of their capacity that the busiest quarter uses. */
  use: number;
}

/** How much of its capacity a shard uses; one that refuses uses all of it. */
function useOf(figures: ShardFigures | undefined, capacity: number): number {
  const use = (figures?.events ?? 0) / capacity;
  return figures?.refuses ? Math.max(1, use) : use;
}

/** Whether any shard is crowded: a look before the whole question is asked. */
export function hasCrowded({ shards }: LoadFigures, { capacity, growAt }: GrowthLimits): boolean {
  return Object.values(shards).some((figures) => useOf(figures, capacity) >= growAt);
}

/** The region, of those with `present` active shards each, that needs more shards most; undefined: none does. */
export function crowdedRegion(
  { shards }: LoadFigures,
  present: number,
  { capacity, growAt }: GrowthLimits,
): Crowded | undefined {
  const regions = new Set(Object.keys(shards).map((shard) => shard.slice(0, shard.lastIndexOf("-"))));
  let most: Crowded | undefined;
  for (const region of regions) {
    const uses = Array.from({ length: present }, (_, index) => {
      const shard = `${region}-${index}`;
      return { shard, use: useOf(shards[shard], capacity) };
    }).sort((a, b) => b.use - a.use);
    const quarter = Math.ceil(present * QUARTER);
    const busiest = meanUse(uses.slice(0, quarter));
    const idlest = meanUse(uses.slice(-quarter));
    const hasRoom = present > 1 && idlest < growAt * ROOM;
    const [first] = uses;
    if (!first || busiest < growAt || hasRoom) continue;
    if (!most || busiest > most.use) most = { shard: first.shard, use: busiest };
  }
  return most;
}

const meanUse = (uses: readonly { use: number }[]): number =>
  uses.reduce((sum, { use }) => sum + use, 0) / uses.length;

/** The shards a region after a growth. */
export const grownTo = (present: number, { max }: GrowthLimits): number =>
  Math.max(present, Math.min(max, present + Math.ceil(present * STEP)));
