/**
 * Which hunts are deleted, as the queues' consumers need it: a message that was under way then is dropped.
 * An isolate asks the directory at most once in `FRESH`; most of the time nothing has changed since.
 */
import { calling, directoryStub } from "../objects/call.ts";
import type { Env } from "../objects/env.ts";

/** How long an isolate goes by what it knows, ms. A deletion waits longer than that before it looks a second time. */
const FRESH = 1_000;

interface Known {
  /** The directory's name for this state of it. */
  mark?: string;
  /** By hunt: the last incarnation that is deleted. */
  gone: ReadonlyMap<string, number>;
  /** When its reading began, epoch ms. */
  asOf: number;
}

/** Of the isolate, as all its batches share it. */
let known: Known = { gone: new Map(), asOf: Number.NEGATIVE_INFINITY };

/** For one batch: its messages wait for one reading. */
export function goneHunts(env: Pick<Env, "DIRECTORY">, now: () => number) {
  let reading: Promise<Known> | undefined;
  const read = async (): Promise<Known> => {
    const had = known;
    const asOf = now();
    const { mark, gone } = await calling(async () => directoryStub(env).gone(had.mark));
    known = { mark, asOf, gone: gone ? latest(gone) : had.gone };
    return known;
  };
  return {
    /** Throws when the directory cannot be asked. */
    async isDeleted(hunt: string, incarnation = 0): Promise<boolean> {
      const age = now() - known.asOf;
      let current = known;
      if (!(age >= 0 && age < FRESH)) {
        reading ??= read().finally(() => {
          reading = undefined;
        });
        current = await reading;
      }
      return incarnation <= (current.gone.get(hunt) ?? -1);
    },
  };
}

function latest(gone: readonly { hunt: string; incarnation: number }[]): ReadonlyMap<string, number> {
  const map = new Map<string, number>();
  for (const { hunt, incarnation } of gone) {
    map.set(hunt, Math.max(incarnation, map.get(hunt) ?? incarnation));
  }
  return map;
}
