/**
 * Stored forms say which they are with `v`; those of engines that gave none are
 * of form 1. A form is read by every later engine. After a rollback there may
 * be forms of a newer engine: what is derived is made again, anything else is
 * an error, because reading it halfway would lose what the newer engine knew.
 */

/** Something stored, before it is known what. */
interface Stored {
  v?: unknown;
}

/** Whether this engine, which writes form `newest`, can read the form. */
export function isKnownForm({ v = 1 }: Stored, newest: number): boolean {
  return typeof v === "number" && v <= newest;
}

/** Throws unless this engine can read the form. `what`: the stored thing, for the error. */
export function assertKnownForm(what: string, stored: Stored, newest: number): void {
  if (isKnownForm(stored, newest)) return;
  throw new Error(
    `${what} is of form ${stored.v}, written by a newer engine: this one reads up to ${newest}`,
  );
}
