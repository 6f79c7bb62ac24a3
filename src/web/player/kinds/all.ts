/** The list of kinds on the player page. The compiler refuses it while a kind of clue is missing. */
import type { ClueApart } from "../../../contract/me.ts";
import { answer } from "./answer.tsx";
import { choice } from "./choice.tsx";
import type { KindOnPage } from "./kind.ts";
import { place } from "./place.tsx";
import { scan } from "./scan.tsx";
import { submission } from "./submission.tsx";

export const KINDS: Readonly<Record<ClueApart["kind"], KindOnPage>> = {
  answer,
  scan,
  place,
  choice,
  submission,
};

/** How a clue is shown; undefined: the engine is newer than this page, and the clue can be read only. */
export const kindOf = ({ kind }: ClueApart): KindOnPage | undefined => KINDS[kind];
