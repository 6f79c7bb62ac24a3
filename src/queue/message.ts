/** Reads and checks the messages of the queues: anything may have been put there. */
import { type FactMessage, PROTOCOL_VERSION, type RegistrationMessage } from "../protocol.ts";
import { isKnownForm } from "../stored-form.ts";

/** Why a message can never be applied. */
export class MalformedMessage extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Malformed";
  }
}

/** A message of a newer engine: while versions change it may reach one that can read it. */
export class NewerMessage extends Error {
  constructor(form: number, newest: number) {
    super(`the message is of form ${form}, of a newer engine: this one reads up to ${newest}`);
    this.name = "NewerMessage";
  }
}

/** Facts of one message at most; far more than its 128 KB hold. */
const FACTS_MAX = 10_000;

/** Registrations, sealed (registrations.ts). */
export interface SealedMessage {
  v: number;
  kind: "registrations";
  /** Id of the ring's key behind the one that it is sealed under. */
  key: string;
  sealed: string;
}

/** The newest form of registrations; in form 1 they are in clear. */
const REGISTRATIONS_FORM = 2;

/** Reads a message of the fact queue. Throws `MalformedMessage` or `NewerMessage`. */
export function readMessage(body: unknown): FactMessage | RegistrationMessage | SealedMessage {
  const message = parse(body) as Partial<FactMessage & RegistrationMessage & SealedMessage> | null;
  if (typeof message !== "object" || message === null) throw new MalformedMessage("not an object");
  const { v = 1 }: { v?: unknown } = message;
  if (typeof v !== "number") throw new MalformedMessage("its version is no number");
  const newest = message.kind === "registrations" ? REGISTRATIONS_FORM : PROTOCOL_VERSION;
  if (!isKnownForm({ v }, newest)) throw new NewerMessage(v, newest);
  if (message.kind === "registrations") {
    return v === REGISTRATIONS_FORM ? sealedIn(message) : registrations(message);
  }
  const { hunt, shard, first, facts } = message;
  if (typeof hunt !== "string" || typeof shard !== "string" || typeof first !== "number") {
    throw new MalformedMessage("no hunt, shard or first seq");
  }
  const { incarnation = 0 } = message;
  if (!Number.isSafeInteger(incarnation)) throw new MalformedMessage("its incarnation is no number");
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

function sealedIn(message: Partial<SealedMessage>): SealedMessage {
  if (typeof message.key !== "string" || typeof message.sealed !== "string") {
    throw new MalformedMessage("it has no sealed registrations");
  }
  return message as SealedMessage;
}

/** Whose a message says that it is, whatever is wrong with it; undefined: it names no hunt. */
export function huntNamedBy(body: unknown): { hunt: string; incarnation: number } | undefined {
  try {
    const { hunt, incarnation = 0 } = parse(body) as Partial<FactMessage>;
    return typeof hunt === "string" && typeof incarnation === "number" ? { hunt, incarnation } : undefined;
  } catch {
    return undefined;
  }
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
