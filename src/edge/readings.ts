/**
 * Readings of secrets and personal data are in the hunt's audit: one line for a
 * person, a route and an hour. The line is written before anything is told, so a
 * reading that cannot be audited is refused (`unavailable`): these routes need
 * control anyway. An isolate remembers the lines of the hour, so that a page
 * that reads again and again asks control once.
 */
import { BoundedMap } from "../bounded-map.ts";
import { RequestError } from "../errors.ts";
import { calling, controlStub } from "../objects/call.ts";
import type { Actor, ReadingOf } from "../objects/control.ts";
import type { Env } from "../objects/env.ts";

/** Lines an isolate remembers. */
const REMEMBERED_MAX = 10_000;

const HOUR = 3_600_000;

/** By hunt, person and reading: the hour of the last line, since the epoch. */
const noted = new BoundedMap<string, number>(REMEMBERED_MAX);

/** Notes that `by` reads what `action` and `detail` name. `now`: epoch ms. */
export async function noteReading(
  env: Pick<Env, "CONTROL">,
  hunt: string,
  by: Actor,
  now: number,
  action: ReadingOf["action"],
  detail: ReadingOf["detail"] = {},
): Promise<void> {
  const key = JSON.stringify([hunt, by.actor, action, detail]);
  const hour = Math.floor(now / HOUR);
  if (noted.get(key) === hour) return;
  const refused = await calling(async () =>
    controlStub(env, hunt).recordReading({ action, detail }, by, now),
  );
  if (refused) throw new RequestError(refused.refused, refused.detail);
  noted.set(key, hour);
}
