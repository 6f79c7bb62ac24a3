/** A player's events as they come, over HTTP or a socket: each checked by itself. */

import { check } from "../edge/body.ts";
import { eventId, eventsBody, plainAnswer, playerEvent } from "../edge/schemas.ts";
import { type Command, EVENTS_MAX, type PlayerEvent, type Result } from "../protocol.ts";

/** Longest event, as JSON bytes. */
export const EVENT_MAX = 4_096;

/** The envelope's events, each yet unchecked. Throws `invalid`. */
export function eventsOf(body: unknown): unknown[] {
  const events = (body as { events?: unknown } | null)?.events;
  if (Array.isArray(events) && events.length > 0 && events.length <= EVENTS_MAX) return events;
  return check(eventsBody, body).events;
}

/** The event, or the result that refuses it. `small`: the whole body is no longer than one event may be. */
function checkEvent(
  event: unknown,
  small: boolean,
): { event: PlayerEvent; refused?: never } | { refused: Result; event?: never } {
  const plain = plainAnswer(event);
  if (plain) return { event: plain };
  const parsed = playerEvent.safeParse(event);
  if (parsed.success && (small || !isTooLarge(event))) return { event: parsed.data as PlayerEvent };
  const id = eventId.safeParse((event as { id?: unknown } | null)?.id);
  const issue = parsed.error?.issues[0];
  const message = issue
    ? `${issue.path.map(String).join(".")}: ${issue.message}`
    : `an event may have ${EVENT_MAX} bytes`;
  return { refused: { id: id.success ? id.data : "", outcome: "invalid", message } };
}

function isTooLarge(event: unknown): boolean {
  try {
    return new TextEncoder().encode(JSON.stringify(event)).byteLength > EVENT_MAX;
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
