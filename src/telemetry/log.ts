/**
 * A line for a sample of the requests, with nothing that is anybody's secret:
 * route templates instead of paths, because paths hold hunts and clients' text;
 * no header, no body, no address, no id but the request's own.
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
