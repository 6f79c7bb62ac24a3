/** How long a changed page of teams waits until it is written. PURE. */
import { PARAMETERS } from "../config.ts";
import { PAGE_TEAMS } from "./stored-pages.ts";

/** Pages of a shard from which on more of them wait longer. */
const PAGES = 16;

/** Facts for each page beyond: some of every team. */
const FACTS_OF_PAGE = 5 * PAGE_TEAMS;

/** No longer than by default: a start reads so long a tail of the log in some 0.1 s, and folds it again. */
const MOST = PARAMETERS.PAGE_FLUSH_FACTS.default;

/**
 * Facts after which a changed page is written: `least` (PAGE_FLUSH_FACTS), and where that is short, of a shard with
 * many pages more, because all of them change at once there, and each is written whole for the few facts it got meanwhile.
 */
export function pageWait(pages: number, least: number): number {
  return Math.max(least, Math.min(MOST, Math.round((pages - PAGES) * FACTS_OF_PAGE)));
}
