/** How the player page shows one kind of clue. Each kind is one file of this folder; `all.ts` lists them. */

import type { ComponentType } from "preact";
import type { ClueApart } from "../../../contract/me.ts";
import type { IconName } from "../../shared/icons.tsx";

export interface KindOnPage {
  /** Beside the clue in the list, until it is solved. */
  icon: IconName;
  /** On the clue's own page while it is open: what a player does to solve it. `wait`: ms until the next try. */
  Solve: ComponentType<{ clue: ClueApart; wait: number }>;
  /** Under the list of clues, where one need not know which clue one solves. `open`: some clue of the kind is. */
  UnderList?: ComponentType<{ open: boolean }>;
}
