/**
 * What is on its way to a device: no text and no address, which the shard gives to who carries the message out. So
 * what was taken back meanwhile, and who was forgotten, is in none.
 */
import { isKnownForm } from "../stored-form.ts";

/** What a player is told of. `thread`: its number in the shard. */
export type PushNews =
  | { kind: "announcement"; id: string }
  | { kind: "help"; team: string; thread: number }
  | { kind: "opened"; team: string; clues: string[] };

/** One subscription of a shard: its place, and its id, which no other one ever has. */
export interface PushTarget {
  n: number;
  id: string;
}

export interface PushMessage extends PushTarget {
  v: number;
  hunt: string;
  incarnation: number;
  shard: string;
  news: PushNews;
  /** When it happened, epoch ms. */
  at: number;
}

/** A player's device, all of it personal. */
export interface Device {
  /** At its push service. */
  endpoint: string;
  p256dh: string;
  auth: string;
  /** What it shows notifications in. */
  lang?: string;
  /** Id of the key that it knows the engine by. */
  kid: string;
  /** The engine's own address, as the device reached it. */
  site: string;
}

/** What the shard gives for a message. */
export interface Pushing extends Omit<Device, "lang"> {
  /** Another message to the device with the same takes the place of one that did not arrive yet. */
  topic: string;
  /** JSON of a `Notification`. */
  content: string;
}

/** The form of a message. */
const FORM = 1;

export const pushText = (message: Omit<PushMessage, "v">): string => JSON.stringify({ v: FORM, ...message });

/** Undefined: it is none that this engine knows. `"newer"`: one of a newer engine, which may take it. */
export function readPush(body: unknown): PushMessage | "newer" | undefined {
  const message = parsed(body) as Partial<PushMessage> | undefined;
  if (typeof message !== "object" || message === null) return undefined;
  const { v, hunt, incarnation, shard, n, id, news, at } = message;
  if (typeof v !== "number") return undefined;
  if (!isKnownForm({ v }, FORM)) return "newer";
  const isWhole =
    typeof hunt === "string" &&
    typeof shard === "string" &&
    typeof id === "string" &&
    Number.isSafeInteger(incarnation) &&
    Number.isSafeInteger(n) &&
    Number.isSafeInteger(at) &&
    isNews(news);
  return isWhole ? (message as PushMessage) : undefined;
}

function isNews(news: Partial<PushNews> | undefined): news is PushNews {
  if (news?.kind === "announcement") return typeof news.id === "string";
  if (news?.kind === "help") return typeof news.team === "string" && Number.isSafeInteger(news.thread);
  return news?.kind === "opened" && typeof news.team === "string" && Array.isArray(news.clues);
}

function parsed(body: unknown): unknown {
  if (typeof body !== "string") return body;
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
