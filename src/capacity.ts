/**
 * What one part of the engine carries on the platform, and how much of it to
 * use: the one source of `npm run plan` and of `GET /v1/ops/advice`. PURE.
 */

/** Limits and soft limits of the platform (developers.cloudflare.com, November 2026). */
export const PLATFORM = {
  /** Requests/s of one object with work and a durable write, soft. */
  objectRequests: 750,
  /** Incoming messages/s of one object. Assumed: they have no request's overhead, which here made sockets three times as fast. */
  objectMessages: 3_000,
  /** Messages/s of one queue. */
  queueMessages: 5_000,
  /** Statements/s of one D1 database, at a millisecond each. */
  d1Queries: 1_000,
  /** Teams of one shard that all play at once (docs/performance.md, "Growth"). */
  teams: 10_000,
  /** Sockets of one object (LIVE_SOCKETS_PER_OBJECT keeps below the platform's 32,768). */
  sockets: 10_000,
  /** MB of an isolate's 128 that the standings may take. */
  board: 96,
  /** GB of one object's storage. */
  storage: 10,
};

/** Share of a part's capacity to use: what is beyond it is for what nobody expected. */
export const USE = 0.7;

/** Reports of a shard at most, 1/s (REPORT_DELAY_MS at its default). */
export const REPORTS = 5;

/** Bytes of the standings per team at a million of them (docs/performance.md). */
export const BOARD_BYTES_PER_TEAM = 91.7;

/** Events/s of a team in the minute of its hunt's start: five players open every clue. */
export const START_EVENTS_PER_TEAM = 0.2;

/** The share of one object's time that so many requests and socket messages a second take. */
export function objectShare(requests: number, messages: number): number {
  return requests / PLATFORM.objectRequests + messages / PLATFORM.objectMessages;
}
