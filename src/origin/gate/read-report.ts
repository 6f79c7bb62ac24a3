/** Reports as they come over the wire, checked: the gate's proxy passes on whatever it is given. */
import type { GateDelta, GateReport, LeaseResult } from "../../objects/gate-report.ts";

/** Bounds of a report: counts and times, deltas, lease results, characters of a name. */
const COUNT_MAX = 1_000_000;
const DELTAS_MAX = 8;
const LEASES_MAX = 64;
const NAME_MAX = 64;

/** The report; undefined when it is none. */
export function readReport(value: unknown): GateReport | undefined {
  if (!isRecord(value)) return undefined;
  const { isolate, deltas, starting } = value;
  if (!isName(isolate)) return undefined;
  if (!Array.isArray(deltas) || deltas.length > DELTAS_MAX || !deltas.every(isDelta)) return undefined;
  if (starting === undefined) return { isolate, deltas };
  return isCount(starting) ? { isolate, deltas, starting } : undefined;
}

function isDelta(value: unknown): value is GateDelta {
  if (!isRecord(value)) return false;
  const { flush, epoch, calls, succeeded, failed, timedOut, slow, succeededAgo, leases } = value;
  return (
    Number.isSafeInteger(flush) &&
    Number.isSafeInteger(epoch) &&
    [calls, succeeded, failed, timedOut, slow].every(isCount) &&
    (succeededAgo === undefined || isCount(succeededAgo)) &&
    Array.isArray(leases) &&
    leases.length <= LEASES_MAX &&
    leases.every(isLeaseResult)
  );
}

function isLeaseResult(value: unknown): value is LeaseResult {
  return isRecord(value) && isName(value.id) && ["ok", "failed", "unused"].includes(String(value.result));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= NAME_MAX;
}

/** A finite number of 0 to a million: calls, or ms. */
function isCount(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= COUNT_MAX;
}
