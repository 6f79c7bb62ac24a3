/**
 * The one table error code → status (the codes: src/contract/problem.ts). Everything a
 * client is told about a failed request passes through here.
 */
import type { IssueCode } from "./contract/issue-codes.ts";
import type { ErrorCode, Issue as ToldIssue } from "./contract/problem.ts";

export type { ErrorCode } from "./contract/problem.ts";

/** As the engine makes them: with a code that the pages have words for. */
export interface Issue extends ToldIssue {
  code: IssueCode;
}

export type ErrorStatus = 400 | 401 | 403 | 404 | 408 | 409 | 412 | 413 | 415 | 422 | 429 | 500 | 503;

/** `retryable`: the same request may be sent again, unchanged, after `Retry-After`. */
export const ERRORS: Record<ErrorCode, { status: ErrorStatus; title: string; retryable: boolean }> = {
  bad_request: { status: 400, title: "The request is malformed", retryable: false },
  unauthenticated: { status: 401, title: "A valid token is required", retryable: false },
  forbidden: { status: 403, title: "This is not allowed", retryable: false },
  not_found: { status: 404, title: "Not found", retryable: false },
  timeout: { status: 408, title: "The request took too long to arrive", retryable: false },
  conflict: { status: 409, title: "The current state does not allow this", retryable: false },
  precondition_failed: { status: 412, title: "The precondition does not hold", retryable: false },
  payload_too_large: { status: 413, title: "The body is too large", retryable: false },
  unsupported_media_type: { status: 415, title: "The media type is not supported", retryable: false },
  invalid: { status: 422, title: "The content is invalid", retryable: false },
  rate_limited: { status: 429, title: "Too many requests", retryable: true },
  internal: { status: 500, title: "Internal error", retryable: true },
  overloaded: { status: 503, title: "Overloaded", retryable: true },
  unavailable: { status: 503, title: "Temporarily unavailable", retryable: true },
};

/** V8's own addition, which not every set of types knows. */
const v8 = Error as { stackTraceLimit?: number | undefined };

/**
 * An expected failure of a request. Objects do not throw it across RPC (only
 * own properties survive there): they return `Refusal`, and the edge throws.
 */
export class RequestError extends Error {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly issues: readonly Issue[] | undefined;
  /** Seconds after which it is worth trying again; undefined: a few. */
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, detail: string, issues?: readonly Issue[], retryAfter?: number) {
    // It is an outcome and no fault: nobody reads its stack, which would be most of its cost.
    const depth = v8.stackTraceLimit;
    v8.stackTraceLimit = 0;
    super(detail);
    v8.stackTraceLimit = depth;
    this.name = "RequestError";
    this.code = code;
    this.detail = detail;
    this.issues = issues;
    this.retryAfter = retryAfter;
  }
}

/** An expected failure as a value, as objects return it. */
export interface Refusal {
  refused: ErrorCode;
  detail: string;
  /** Seconds after which it is worth trying again. */
  retryAfter?: number;
}

export function refuse(refused: ErrorCode, detail: string, retryAfter?: number): Refusal {
  return retryAfter === undefined ? { refused, detail } : { refused, detail, retryAfter };
}

/** The error of a request that an object refused. */
export function errorOf({ refused, detail, retryAfter }: Refusal): RequestError {
  return new RequestError(refused, detail, undefined, retryAfter);
}

/** Turns an object's result into a value or the thrown `RequestError`. */
export function accepted<Result extends object>(result: Result): Exclude<Result, { refused: ErrorCode }> {
  if (isRefusal(result)) throw errorOf(result);
  return result as Exclude<Result, { refused: ErrorCode }>;
}

function isRefusal(result: object): result is Refusal {
  return "refused" in result;
}
