/** What a call throws. */
import type { Issue, Problem } from "./wire.ts";

/**
 * The engine's refusal, or that it was not reached: then `status` is 0 and `code` "offline", also where
 * somebody else on the way responded (a portal, a proxy).
 */
export class HuntProblem extends Error {
  readonly status: number;
  /** The engine's code (`ErrorCode`), or "offline". */
  readonly code: string;
  /** Every problem found in what was sent, with `invalid`. */
  readonly issues: readonly Issue[];
  /** Seconds, where the engine names them. */
  readonly retryAfter: number | undefined;
  /** The engine's problem document, if this is its refusal. */
  readonly document: Problem | undefined;

  constructor(
    status: number,
    code: string,
    detail: string,
    issues: readonly Issue[] = [],
    retryAfter?: number,
    document?: Problem,
  ) {
    super(detail);
    this.name = "HuntProblem";
    this.status = status;
    this.code = code;
    this.issues = issues;
    this.retryAfter = retryAfter;
    this.document = document;
  }

  /** The same request may be sent again. */
  get retryable(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}
