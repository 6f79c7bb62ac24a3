/** The prizes of a hunt as everybody may see them, and the seed once it may be told. */

import { BoundedMap } from "../../bounded-map.ts";
import type { PublicPrize } from "../../contract/prizes.ts";
import { isOver, phaseAt } from "../../hunt/phase.ts";
import { calling, controlStub } from "../../objects/call.ts";
import type { PublicEntry } from "../../objects/control.ts";
import type { Env } from "../../objects/env.ts";
import { scopeOf } from "../../objects/incarnation.ts";
import { iso } from "../hunt.ts";

function publicPrizes({ hunt, prizes, drawHash }: PublicEntry): PublicPrize[] {
  return hunt.prizes.map(({ id, title, mode, stock, odds, window }) => {
    const { added = [], withdrawn } = prizes?.[id] ?? {};
    return {
      id,
      title,
      // Entries written by an engine without modes lack it.
      mode: mode ?? "first-come",
      stock: added.reduce((sum, { units }) => sum + units, stock),
      ...(withdrawn ? { withdrawn } : {}),
      ...(odds === undefined ? {} : { odds }),
      ...(window ? { window: { from: iso(window.from), to: iso(window.to) } } : {}),
      ...(added.length > 0 ? { added: added.map(({ units, at }) => ({ units, at: iso(at) })) } : {}),
      ...(drawHash !== undefined && isDrawn(mode) ? { drawHash } : {}),
    };
  });
}

export const drawnPrizes = (entry: PublicEntry): PublicPrize[] =>
  publicPrizes(entry).filter(({ mode }) => isDrawn(mode));

const isDrawn = (mode: string): boolean => mode === "instant-win" || mode === "odds";

/** Seeds of ended hunts, by hunt and incarnation: they never change. */
const seeds = new BoundedMap<string, string>(1_000);

/** The seed of the hunt's draws; undefined while control says that the hunt runs. */
export async function seedOf(
  env: Env,
  { hunt: { hunt }, incarnation }: PublicEntry,
): Promise<string | undefined> {
  const key = scopeOf(hunt, incarnation);
  const known = seeds.get(key);
  if (known !== undefined) return known;
  const told = await calling(async () => controlStub(env, hunt).drawSeed());
  if ("refused" in told) return undefined;
  return seeds.set(key, told.seed);
}

/** The hunt's prizes with the seed of their draws, once the hunt has ended. `now`: by the hunt's clock. */
export async function prizesWithSeed(env: Env, entry: PublicEntry, now: number): Promise<PublicPrize[]> {
  const prizes = publicPrizes(entry);
  const drawn = prizes.some(({ mode }) => isDrawn(mode));
  const ended = drawn && isOver(phaseAt(entry.phase, entry.hunt, now));
  const seed = ended ? await seedOf(env, entry) : undefined;
  return prizes.map((prize) =>
    seed !== undefined && isDrawn(prize.mode) ? { ...prize, drawSeed: seed } : prize,
  );
}
