/** The codes of the engine and of the device that the player page tells. A language without words for one does not compile. */

import type { PrizeView, Wanted } from "../../../../contract/me.ts";
import type { RecordedOutcome, UnrecordedOutcome } from "../../../../contract/play.ts";
import type { ErrorCode } from "../../../../contract/problem.ts";
import type { Message } from "../../../shared/i18n.ts";

/** Why a device does not tell its position. */
export type LocationFailure = "denied" | "unavailable" | "timeout" | "missing";

export type EngineTexts = Readonly<
  Record<
    | `outcome_${RecordedOutcome | UnrecordedOutcome}`
    | `problem_${ErrorCode | "offline"}`
    | `located_${LocationFailure}`
    | `mode_${PrizeView["mode"]}`
    | `wanted_${Wanted["kind"]}`,
    Message
  >
>;
