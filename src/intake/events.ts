/** A player's events as they come, over HTTP or a socket: each checked by itself. */

import { eventId, SLUG } from "../contract/basics.ts";
import { ANSWER_MAX, EVENTS_MAX, eventsEnvelope, playerEvent } from "../contract/play.ts";
import type { Command, PlayerEvent, Result } from "../protocol.ts";
import { check } from "./check.ts";

/** Longest event, as JSON bytes. */
export const EVENT_BYTES = 4_096;

/** Longest event with words to be judged, as JSON bytes. */
export const SUBMIT_BYTES = 20_480;

/** The envelope's events, each yet unchecked. Throws `invalid`. */
export function eventsOf(body: unknown): unknown[] {
  const events = (body as { events?: unknown } | null)?.events;
  if (Array.isArray(events) && events.length > 0 && events.length <= EVENTS_MAX) return events;
  return check(eventsEnvelope, body).events;
}

const PLAIN_ID = /^[A-Za-z0-9_-]{1,64}$/;
const PLAIN_TEXT = /^[\x20-\x7e\u00a0-\ud7ff\ue000-\ufffc]*$/;

/** Plain text has no character of two UTF-16 units, so that its length counts characters. */
const isPlainAnswer = (text: string): boolean =>
  text !== "" && text.length <= ANSWER_MAX && PLAIN_TEXT.test(text);

/** Longest answer of which white space is cut without looking at the event's size first, UTF-16 units. */
const UNCUT_MAX = 1_000;

/**
 * Fast path for a plain answer, the most common event by far; undefined: the
 * schema decides. Accepts a subset of the schema and only events that cannot
 * exceed the size limit, so the caller need not serialise them again to measure.
 */
function plainAnswer(
  event: unknown,
): { id: string; type: "answer"; clue: string; answer: string } | undefined {
  if (typeof event !== "object" || event === null) return undefined;
  const { id, type, clue, answer, at } = event as Record<string, unknown>;
  if (type !== "answer" || at !== undefined) return undefined;
  if (typeof id !== "string" || typeof clue !== "string" || typeof answer !== "string") return undefined;
  if (!PLAIN_ID.test(id) || !SLUG.test(clue) || answer.length > UNCUT_MAX) return undefined;
  // An unknown key may hold anything, of any length.
  if (countKeys(event) !== PLAIN_KEYS) return undefined;
  const given = answer.trim();
  return isPlainAnswer(given) ? { id, type, clue, answer: given } : undefined;
}

/**
 * The keys of a plain answer. With them alone, the longest event has an answer
 * of 1,000 characters of three bytes each, and stays below 4 KiB.
 */
const PLAIN_KEYS = 4;

function countKeys(of: object): number {
  let count = 0;
  for (const _ in of) count += 1;
  return count;
}

/** The event, or the result that refuses it. `small`: the whole body is no longer than one event may be. */
function checkEvent(
  event: unknown,
  small: boolean,
): { event: PlayerEvent; refused?: never } | { refused: Result; event?: never } {
  const plain = plainAnswer(event);
  if (plain) return { event: plain };
  const parsed = playerEvent.safeParse(event);
  const most = parsed.data?.type === "submit" ? SUBMIT_BYTES : EVENT_BYTES;
  if (parsed.success && (small || !isTooLarge(event, most))) return { event: parsed.data };
  const id = eventId.safeParse((event as { id?: unknown } | null)?.id);
  const issue = parsed.error?.issues[0];
  const message = issue
    ? `${issue.path.map(String).join(".")}: ${issue.message}`
    : `an event may have ${most} bytes`;
  return { refused: { id: id.success ? id.data : "", outcome: "invalid", message } };
}

function isTooLarge(event: unknown, most: number): boolean {
  try {
    return new TextEncoder().encode(JSON.stringify(event)).byteLength > most;
  } catch (error) {
    // Parsing knows no depth, writing does: what overflows the stack is far beyond the limit.
    if (error instanceof RangeError) return true;
    throw error;
  }
}

/**
 * The commands of the events that are well-formed, and how their results join
 * those that refuse the others: one result per event, in order.
 */
export function commandsOf(
  events: readonly unknown[],
  small: boolean,
  toCommand: (event: PlayerEvent) => Command,
): { commands: Command[]; join(played: readonly Result[]): Result[] } {
  const refused: (Result | undefined)[] = [];
  const commands: Command[] = [];
  for (const event of events) {
    const checked = checkEvent(event, small);
    refused.push(checked.refused);
    if (checked.event) commands.push(toCommand(checked.event));
  }
  return {
    commands,
    join(played) {
      const answered = played.values();
      return refused.map((result) => result ?? (answered.next().value as Result));
    },
  };
}
