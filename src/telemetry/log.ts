/**
 * A line for a sample of the requests: what anybody may know of one. Route
 * templates instead of paths, because paths hold hunts and what clients made
 * up; no header, no body, no address, nobody's id but the request's own.
 */
import { configOf } from "../config.ts";

export interface RequestLine {
  requestId: string;
  method: string;
  /** The template. */
  route: string;
  status: number;
  ms: number;
  /** Of an error. */
  code?: string;
}

/** Logs the request if it is one of the sample (LOG_SAMPLE). */
export function logRequest(env: object, line: RequestLine, chance: number = Math.random()): void {
  if (chance < configOf(env).LOG_SAMPLE) console.log({ message: "request", ...line });
}
