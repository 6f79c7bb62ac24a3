/** The hunt's files as the forms show them: looked at until all that are named are there. */
import type { Assets } from "../../../contract/assets.ts";
import { huntPath, loaded, useLoaded } from "../state.ts";

const files = loaded<Assets>();

/** Looks for one that was not there: the first wait, and the longest, ms. */
const EVERY = 2_000;
const UP_TO = 60_000;

/** By name the address that opens the file to who writes. A named one that is not there may be on its way. */
export function useFiles(hunt: string, named: readonly string[]): ReadonlyMap<string, string> {
  const addresses = new Map(files.value.value?.assets.map(({ name, url }) => [name, url]));
  useLoaded(files, huntPath(hunt, "/assets"), EVERY, {
    active: !named.every((name) => addresses.has(name)),
    upTo: UP_TO,
    isSame: (before, now) => before.assets.length === now.assets.length,
  });
  return addresses;
}

/** One was sent: its address is another one now. */
export function forgetFiles(): void {
  files.value = { value: undefined, problem: "" };
}
