/** How two definitions differ, as an organiser thinks of them: clues, prizes, and the keys of the head. PURE. */
import { isObject } from "../shared/outside.ts";

/** Ids, in the order of the definitions. */
interface ListChanges {
  added: readonly string[];
  removed: readonly string[];
  changed: readonly string[];
}

export interface Changes {
  clues: ListChanges;
  prizes: ListChanges;
  /** Keys of the head that differ: `title`, `closes`, `scoring`… */
  keys: readonly string[];
}

const LISTS = ["clues", "prizes"] as const;

/** What becomes different when `after` takes the place of `before`; both as they were parsed. */
export function changesBetween(before: unknown, after: unknown): Changes {
  const old = isObject(before) ? before : {};
  const now = isObject(after) ? after : {};
  const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])].filter(
    (key) => !(LISTS as readonly string[]).includes(key) && !isEqual(old[key], now[key]),
  );
  return { clues: listChanges(old.clues, now.clues), prizes: listChanges(old.prizes, now.prizes), keys };
}

/** Whether there is nothing to tell: only the order, comments or white space differ. */
export const isNothing = ({ clues, prizes, keys }: Changes): boolean =>
  [clues.added, clues.removed, clues.changed, prizes.added, prizes.removed, prizes.changed, keys].every(
    ({ length }) => length === 0,
  );

function listChanges(before: unknown, after: unknown): ListChanges {
  const old = byId(before);
  const now = byId(after);
  return {
    added: [...now.keys()].filter((id) => !old.has(id)),
    removed: [...old.keys()].filter((id) => !now.has(id)),
    changed: [...now.keys()].filter((id) => old.has(id) && !isEqual(old.get(id), now.get(id))),
  };
}

const byId = (list: unknown): ReadonlyMap<string, unknown> =>
  new Map(
    (Array.isArray(list) ? list : []).flatMap((each: unknown) =>
      isObject(each) && typeof each.id === "string" ? [[each.id, each] as const] : [],
    ),
  );

/** Two parsed values; the order of keys does not count. */
function isEqual(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((each, index) => isEqual(each, other[index]));
  if (isObject(one) && isObject(other)) {
    const keys = Object.keys(one);
    return (
      keys.length === Object.keys(other).length &&
      keys.every((key) => Object.hasOwn(other, key) && isEqual(one[key], other[key]))
    );
  }
  return Object.is(one, other);
}
