/** What an object of a deleted hunt does: nothing of it stays stored, and nothing in its memory goes on. */

/** How long clients have to be told that their sockets are closed, ms. */
export const FAREWELL = 50;

/** Why an instance ends that was erased. */
export const ERASED = "the hunt was deleted";

const OUR_TABLES =
  "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' LIMIT 1";

/**
 * Erases all that the object stored, and ends the instance with its timers and calls; whoever called asks the
 * next one, which knows nothing and has nothing to erase.
 */
export async function eraseObject(ctx: DurableObjectState): Promise<void> {
  const { storage } = ctx;
  const isEmpty = storage.sql.exec(OUR_TABLES).toArray().length === 0;
  await storage.deleteAlarm();
  await storage.deleteAll();
  await storage.sync();
  if (!isEmpty) ctx.abort(ERASED);
}
