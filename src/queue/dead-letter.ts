/**
 * Dead letters: messages that could not be applied, stored with their error
 * until an organiser reads and redrives them. The fact queue's consumer puts them
 * into the dead-letter queue, and so does the platform with messages that it has
 * delivered too often. The dead-letter queue's consumer, here, stores both in
 * the hunt's `DeadLetters` object.
 */

import type { Message, MessageBatch } from "@cloudflare/workers-types";
import { hash53 } from "../hash.ts";
import { type DeadLetter, UNATTRIBUTED } from "../objects/dead-letters.ts";
import type { Registration } from "../protocol.ts";
import { isKnownForm } from "../stored-form.ts";
import { huntNamedBy, MalformedMessage, NewerMessage, readMessage } from "./message.ts";

/** A message on its way to the dead-letter queue. */
export interface DeadMessage {
  error: string;
  attempts: number;
  /** As it came. */
  body: unknown;
}

/** The form of a dead message's envelope. */
const ENVELOPE_FORM = 1;

/** Longest error stored, characters. */
const ERROR_MAX = 300;

/** Delay before a letter that could not be stored is delivered again, seconds. */
const RETRY_DELAY = 30;

/** The text that carries a dead message; the platform's limits are those of the message itself, and a little. */
export function deadMessageText({ error, attempts, body }: DeadMessage): string {
  // The body goes in as the JSON it is: quoted once more it could outgrow a message.
  const json = typeof body === "string" ? (isJson(body) ? body : JSON.stringify(body)) : JSON.stringify(body);
  return `{"dead":${ENVELOPE_FORM},"attempts":${attempts},"error":${JSON.stringify(error.slice(0, ERROR_MAX))},"body":${json}}`;
}

export interface DeadLetterDeps {
  /** The text of a message with these registrations, sealed. */
  seal(registrations: Registration[]): string;
  store(hunt: string, letter: DeadLetter): Promise<void>;
  /** Tells a shard which of its facts are dead letters now. Failure is harmless: it sends them again, and they die again. */
  buried(hunt: string, shard: string, range: { first: number; last: number }): Promise<void>;
  /** Whether the hunt, of this incarnation, is deleted: then its letters are dropped. */
  isDeleted(hunt: string, incarnation: number): Promise<boolean>;
  now(): number;
}

/** Stores a batch of the dead-letter queue. */
export async function storeDeadLetters(batch: MessageBatch<unknown>, deps: DeadLetterDeps): Promise<void> {
  for (const message of batch.messages) {
    try {
      const { hunt, letter } = letterOf(message, deps);
      const named = huntNamedBy(letter.body);
      if (named && (await deps.isDeleted(named.hunt, named.incarnation))) {
        message.ack();
        continue;
      }
      await deps.store(hunt, letter);
      await tell(hunt, letter, deps);
      message.ack();
    } catch (error) {
      console.warn({ message: "a dead letter could not be stored", id: message.id, error: String(error) });
      message.retry({ delaySeconds: RETRY_DELAY });
    }
  }
}

async function tell(hunt: string, { shard, first, last }: DeadLetter, deps: DeadLetterDeps): Promise<void> {
  if (shard === undefined || first === undefined || last === undefined) return;
  try {
    await deps.buried(hunt, shard, { first, last });
  } catch (error) {
    console.warn({ message: "a shard could not be told of a dead letter", shard, error: String(error) });
  }
}

function letterOf(
  message: Message<unknown>,
  { now, seal }: DeadLetterDeps,
): { hunt: string; letter: DeadLetter } {
  const dead = openEnvelope(message.body);
  const body = dead ? dead.body : message.body;
  const text = withoutNames(typeof body === "string" ? body : JSON.stringify(body), seal);
  const letter: DeadLetter = {
    id: `${hash53(text).toString(36)}${hash53(`again ${text}`).toString(36)}`,
    at: now(),
    error: dead?.error ?? "given up by the queue after its last delivery",
    attempts: dead?.attempts ?? message.attempts,
    body: text,
  };
  try {
    const read = readMessage(body);
    if ("kind" in read) return { hunt: UNATTRIBUTED, letter };
    const { hunt, shard, first, facts } = read;
    return { hunt, letter: { ...letter, shard, first, last: first + facts.length - 1 } };
  } catch (error) {
    if (!(error instanceof MalformedMessage || error instanceof NewerMessage)) throw error;
    return { hunt: UNATTRIBUTED, letter };
  }
}

/** The letter's body; registrations that an earlier engine sent in clear are sealed. */
export function withoutNames(text: string, seal: DeadLetterDeps["seal"]): string {
  try {
    const read = readMessage(text);
    return "registrations" in read ? seal(read.registrations) : text;
  } catch (error) {
    if (!(error instanceof MalformedMessage || error instanceof NewerMessage)) throw error;
    return text;
  }
}

function openEnvelope(body: unknown): DeadMessage | undefined {
  let value = body;
  if (typeof body === "string") {
    try {
      value = JSON.parse(body);
    } catch {
      // Not our envelope: the platform moved the message here as it was.
      return undefined;
    }
  }
  const envelope = value as { dead?: unknown; error?: unknown; attempts?: unknown; body?: unknown } | null;
  if (typeof envelope?.dead !== "number") return undefined;
  if (!isKnownForm({ v: envelope.dead }, ENVELOPE_FORM)) {
    // Stored as it came, so that nothing of it is lost; `redriveText` opens it when the engine knows its form.
    const error = `a dead letter of form ${envelope.dead}, of a newer engine`;
    return { error, attempts: Number(envelope.attempts) || 0, body };
  }
  if (typeof envelope.error !== "string" || typeof envelope.attempts !== "number") return undefined;
  return { error: envelope.error, attempts: envelope.attempts, body: envelope.body };
}

/** The message to send to the queue again for a stored letter; undefined: only a newer engine can say. */
export function redriveText(stored: string): string | undefined {
  const dead = openEnvelope(stored);
  if (!dead) return stored;
  if (dead.body === stored) return undefined;
  return typeof dead.body === "string" ? dead.body : JSON.stringify(dead.body);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
