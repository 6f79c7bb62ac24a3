/**
 * Which hunts exist, in isolate memory. A request without a token can name any
 * hunt, and every name would make objects: so a name that KV does not know is looked
 * up in the directory's list, which an isolate reads at most once in
 * `LIST_MAX_AGE`, however many names it is asked for.
 */
import { calling, directoryStub } from "../objects/call.ts";
import type { Env } from "../objects/env.ts";

/** How long the list is believed about a name that is not in it, ms: a new hunt is visible after it in every isolate. */
const LIST_MAX_AGE = 1_000;

/** A reading that has not ended by then has died with its request, ms. */
const READING_MAX = 3_000;

/** How often a request looks whether the reading of another has ended, ms. */
const LOOK_EVERY = 10;

interface List {
  /** The directory's name for this state of it. */
  mark?: string;
  hunts: ReadonlySet<string>;
  /** When its reading began, epoch ms. */
  asOf: number;
}

/** Of the isolate, as all its requests share it. */
let list: List = { hunts: new Set(), asOf: Number.NEGATIVE_INFINITY };
let reading: { since: number } | undefined;

/** False: the hunt does not exist, as of a moment ago. Undefined: this isolate cannot tell without asking. */
export function isKnown(hunt: string, now: number): boolean | undefined {
  if (list.hunts.has(hunt)) return true;
  return Math.abs(now - list.asOf) < LIST_MAX_AGE ? false : undefined;
}

/**
 * Whether the hunt exists. `surely`: also one that was published within the last
 * `LIST_MAX_AGE`; for holders of a token. Throws `unavailable` when the
 * directory cannot be asked.
 */
export async function exists(env: Pick<Env, "DIRECTORY">, hunt: string, surely: boolean): Promise<boolean> {
  if (surely) return list.hunts.has(hunt) || (await readList(env)).has(hunt);
  // A request cannot await the reading of another, whose I/O ends with it: it looks again and again.
  for (;;) {
    const now = Date.now();
    const known = isKnown(hunt, now);
    if (known !== undefined) return known;
    if (!reading || Math.abs(now - reading.since) >= READING_MAX) return (await readList(env)).has(hunt);
    await new Promise((done) => setTimeout(done, LOOK_EVERY));
  }
}

async function readList(env: Pick<Env, "DIRECTORY">): Promise<ReadonlySet<string>> {
  const mine = { since: Date.now() };
  reading = mine;
  try {
    const had = list;
    const known = await calling(async () => directoryStub(env).known(had.mark));
    const hunts = known.hunts ? new Set(known.hunts) : had.hunts;
    // A reading that began later, or a hunt published since, is not undone.
    if (reading === mine) list = { mark: known.mark, hunts, asOf: mine.since };
    return hunts;
  } finally {
    if (reading === mine) reading = undefined;
  }
}

/** The hunt does not exist any more; whether that is still so, the list says that is read next. */
export function forgetName(hunt: string): void {
  if (!list.hunts.has(hunt)) return;
  list = { hunts: new Set([...list.hunts].filter((id) => id !== hunt)), asOf: Number.NEGATIVE_INFINITY };
}

/** A hunt may have been published: the list is read anew for the next unknown name. */
export function forgetList(): void {
  list = { ...list, asOf: Number.NEGATIVE_INFINITY };
  reading = undefined;
}
