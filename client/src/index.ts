/** Treasure hunts from code: `HuntClient`. */
export {
  type Abortable,
  HuntClient,
  type HuntClientOptions,
  type NewEvent,
  type Player,
  type Standings,
  type SubscribeOptions,
} from "./hunt-client.ts";
export { makeId } from "./ids.ts";
export type { Frame, Socket } from "./live.ts";
export { HuntProblem } from "./problem.ts";
export type { Fetch } from "./request.ts";
export type { HuntStorage } from "./storage.ts";
export type {
  ClueView,
  Entry,
  ErrorCode,
  Issue,
  JoinBody,
  Leaderboard,
  Me,
  Phase,
  PlayerEvent,
  Problem,
  Result,
  ServerFrame,
} from "./wire.ts";
