/** The messages of the fact queue, read back and checked: anything may have been put there. */
import { type FactMessage, PROTOCOL_VERSION, type RegistrationMessage } from "../protocol.ts";

/** The message can never be applied; the text says why. */
export class MalformedMessage extends Error {
  constructor(message: string) {
    super(message);
    // Organisers read it in front of the text of a dead letter.
    this.name = "Malformed";
  }
}

/** A newer engine wrote the message. This one must not guess at it; the newer one may soon be back. */
export class NewerMessage extends Error {
  constructor(version: number) {
    super(
      `the message is of version ${version}, written by a newer engine: this one reads up to ${PROTOCOL_VERSION}`,
    );
    this.name = "NewerMessage";
  }
}

/** Facts of one message at most; far more than its 128 KB hold. */
const FACTS_MAX = 10_000;

/** Reads a message of the fact queue. Throws `MalformedMessage` or `NewerMessage`. */
export function readMessage(body: unknown): FactMessage | RegistrationMessage {
  const message = parse(body) as Partial<FactMessage & RegistrationMessage> | null;
  if (typeof message !== "object" || message === null) throw new MalformedMessage("not an object");
  const version: unknown = message.v;
  if (typeof version === "number" && version > PROTOCOL_VERSION) throw new NewerMessage(version);
  if (version !== PROTOCOL_VERSION) throw new MalformedMessage("not a message of this version");
  if (message.kind === "registrations") return registrations(message);
  const { hunt, shard, first, facts } = message;
  if (typeof hunt !== "string" || typeof shard !== "string" || typeof first !== "number") {
    throw new MalformedMessage("no hunt, shard or first seq");
  }
  if (!Array.isArray(facts) || facts.length === 0 || facts.length > FACTS_MAX) {
    throw new MalformedMessage("no facts, or too many");
  }
  const gap = facts.findIndex(
    (fact) => typeof fact !== "object" || fact === null || typeof fact.team !== "string",
  );
  const jump = facts.findIndex((fact, index) => fact?.seq !== first + index);
  if (gap >= 0 || jump >= 0) throw new MalformedMessage("its facts are not consecutive facts");
  return message as FactMessage;
}

function registrations(message: Partial<RegistrationMessage>): RegistrationMessage {
  const listed = message.registrations;
  if (!Array.isArray(listed) || listed.some((one) => typeof one?.externalId !== "string")) {
    throw new MalformedMessage("its registrations name no players");
  }
  return message as RegistrationMessage;
}

function parse(body: unknown): unknown {
  if (typeof body !== "string") return body;
  try {
    return JSON.parse(body);
  } catch {
    throw new MalformedMessage("not JSON");
  }
}
