/**
 * The wire's types, inferred from the engine's own schemas. The published package needs neither the schemas
 * nor Zod: `npm run client` writes these types out (scripts/client/types.ts), and a test compares the two.
 */
export type { Phase } from "../../src/contract/basics.ts";
export type { JoinBody, Joined } from "../../src/contract/join.ts";
export type { ServerFrame, Ticket } from "../../src/contract/live.ts";
export type { ClueView, Me } from "../../src/contract/me.ts";
export type { PlayerEvent, Result, Results } from "../../src/contract/play.ts";
export type { ErrorCode, Issue, Problem } from "../../src/contract/problem.ts";
export type { Renewed } from "../../src/contract/sessions.ts";
export type { Entry, Leaderboard } from "../../src/contract/standings.ts";
