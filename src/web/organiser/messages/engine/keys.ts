/** The codes of the engine that the console shows. A language without words for one does not compile. */
import type { AuditAction } from "../../../../contract/audit-actions.ts";
import type { Phase } from "../../../../contract/basics.ts";
import type { Verification } from "../../../../contract/data.ts";
import type { ExportLine } from "../../../../contract/export.ts";
import type { IssueCode } from "../../../../contract/issue-codes.ts";
import type { Advised, OriginState } from "../../../../contract/ops.ts";
import type { RecordedOutcome, UnrecordedOutcome } from "../../../../contract/play.ts";
import type { Compared, Fold } from "../../../../contract/preview.ts";
import type { PublicPrize } from "../../../../contract/prizes.ts";
import type { ErrorCode } from "../../../../contract/problem.ts";
import type { OrganiserRole } from "../../../../contract/role-table.ts";
import type { Table } from "../../../../contract/table-names.ts";
import type { DeliveryState } from "../../../../contract/webhook-types.ts";

/** What a line of the audit tells beside its action. */
type AuditDetail =
  | "version"
  | "endNow"
  | "to"
  | "into"
  | "id"
  | "clue"
  | "team"
  | "points"
  | "at"
  | "reason"
  | "prize"
  | "contact"
  | "unit"
  | "units"
  | "facts"
  | "redriven"
  | "shardsPerRegion"
  | "player"
  | "players"
  | "left"
  | "bracket"
  | "renamed"
  | "teams"
  | "regrade"
  | "moved"
  | "void"
  | "shard"
  | "percent"
  | "as"
  | "of"
  | "webhook"
  | "status"
  | "redelivered"
  | "refused"
  | "accept";

/** Of the page: the engine was not reached, and the response to a change was lost. */
type OwnProblem = "offline" | "lost";

export type EngineTexts = Readonly<
  Record<
    | `outcome_${RecordedOutcome | UnrecordedOutcome}`
    | `action_${AuditAction}`
    | `detail_${AuditDetail}`
    | `problem_${ErrorCode | OwnProblem}`
    | `issue_${IssueCode}`
    | `fact_${Exclude<ExportLine["type"], "gap">}`
    | `phase_${Phase}`
    | `role_${OrganiserRole}`
    | `roleMay_${OrganiserRole}`
    | `mode_${PublicPrize["mode"]}`
    | `where_${Verification["mismatches"][number]["where"]}`
    | `fold_${Fold}`
    | `by_${Compared["mode"]}`
    | `gate_${OriginState["state"]}`
    | `delivery_${DeliveryState}`
    | `table_${Table}`
    | `limit_${Advised["limit"]}`
    | `change_${Advised["limit"]}`,
    string
  >
>;
