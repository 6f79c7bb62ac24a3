/** What travels through the queues, read back and checked: anything may have been put there. */
import { type FactMessage, PROTOCOL_VERSION, type RegistrationMessage } from "../protocol.ts";

/** Why a message can never be applied. */
export class Malformed extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Malformed";
  }
}

/** Facts of one message at most; far more than its 128 KB hold. */
const FACTS_MAX = 10_000;

/** Reads a message of the fact queue. Throws `Malformed`. */
export function readMessage(body: unknown): FactMessage | RegistrationMessage {
  const message = parse(body) as Partial<FactMessage & RegistrationMessage> | null;
  if (typeof message !== "object" || message === null) throw new Malformed("not an object");
  if (message.v !== PROTOCOL_VERSION) throw new Malformed("not a message of this version");
  if (message.kind === "registrations") return registrations(message);
  const { hunt, shard, first, facts } = message;
  if (typeof hunt !== "string" || typeof shard !== "string" || typeof first !== "number") {
    throw new Malformed("no hunt, shard or first seq");
  }
  if (!Array.isArray(facts) || facts.length === 0 || facts.length > FACTS_MAX) {
    throw new Malformed("no facts, or too many");
  }
  const gap = facts.findIndex(
    (fact) => typeof fact !== "object" || fact === null || typeof fact.team !== "string",
  );
  const jump = facts.findIndex((fact, index) => fact?.seq !== first + index);
  if (gap >= 0 || jump >= 0) throw new Malformed("its facts are not consecutive facts");
  return message as FactMessage;
}

function registrations(message: Partial<RegistrationMessage>): RegistrationMessage {
  const listed = message.registrations;
  if (!Array.isArray(listed) || listed.some((one) => typeof one?.externalId !== "string")) {
    throw new Malformed("its registrations name no players");
  }
  return message as RegistrationMessage;
}

function parse(body: unknown): unknown {
  if (typeof body !== "string") return body;
  try {
    return JSON.parse(body);
  } catch {
    throw new Malformed("not JSON");
  }
}
