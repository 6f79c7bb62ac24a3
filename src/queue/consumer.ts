/**
 * Takes messages from the queue to the origin: each message alone is
 * acknowledged, delayed or given up. A shard is told which of its facts the
 * origin holds, so that it stops sending them.
 */
import type { Message, MessageBatch } from "@cloudflare/workers-types";
import { scopeOf } from "../objects/incarnation.ts";
import { OriginUnavailable } from "../origin/gate/guard.ts";
import { OriginRejected, type OriginStore } from "../origin/store.ts";
import type { Persons } from "../people/personal.ts";
import type { Fact, FactMessage, SignUp } from "../protocol.ts";
import type { DeadMessage } from "./dead-letter.ts";
import { huntNamedBy, MalformedMessage, NewerMessage, readMessage, type SealedMessage } from "./message.ts";
import type { Registering } from "./registrations.ts";

/** Delay before the first redelivery of a failed message, seconds; doubles per attempt. */
const RETRY_DELAY = 1;

/** Longest delay before a redelivery, seconds: a healed origin must not wait for its messages. */
const RETRY_DELAY_MAX = 30;

/**
 * Deliveries of a message that the origin refuses before it is a dead letter:
 * more than one, because a refusal may come of what was not there yet (a
 * migration that is under way).
 */
const REJECTIONS_MAX = 3;

/**
 * Deliveries of a message of a newer engine before it is a dead letter: about
 * five minutes, in which a change of versions reaches everywhere.
 */
const NEWER_DELIVERIES_MAX = 15;

/** Calls on the origin to find the bad facts of a refused message: enough to single out four of a thousand. */
const SPLIT_CALLS_MAX = 64;

/**
 * Deliveries after which a message is not delivered again while the origin is
 * away. Below `max_retries` of wrangler.toml, beyond which the platform would
 * take it for poison. Facts are let go: they are in the log, which sends them
 * again. Registrations are in no log and begin anew as another message.
 */
const DELIVERIES_MAX = 90;

export interface ConsumerDeps {
  /** Behind the gate. */
  origin: OriginStore;
  /** Throws `MalformedMessage` for what nobody can open. */
  open(message: SealedMessage): Registering;
  /** The keyed digest of an external id. */
  digest(externalId: string): string;
  /** Asks a shard for what is personal of these facts of its log. */
  persons(hunt: string, shard: string, first: number, last: number): Promise<Persons>;
  /** Tells a shard what the origin holds. Failure is harmless: the shard sends again. */
  archived(hunt: string, shard: string, ranges: { first: number; last: number }[]): Promise<void>;
  /** Whether the hunt, of this incarnation, is deleted: then nothing of it is written any more. */
  isDeleted(hunt: string, incarnation: number): Promise<boolean>;
  /** Puts a message that can never be applied into the dead-letter queue. */
  bury(message: DeadMessage): Promise<void>;
  /** Puts a message into the queue anew, to be delivered a little later. */
  again(body: unknown): Promise<void>;
  /** Messages under way at the same time. */
  concurrency: number;
  /** 0 ≤ n < 1. */
  random(): number;
}

/** How many messages of a batch ended how. */
export interface BatchReport {
  applied: number;
  delayed: number;
  failed: number;
  dead: number;
  released: number;
  /** Of deleted hunts. */
  dropped: number;
  /** Time of the newest fact of each message that was applied, epoch ms. */
  newest: number[];
}

/** How one message ended. */
type Taken = Exclude<keyof BatchReport, "newest">;

export async function consume(batch: MessageBatch<unknown>, deps: ConsumerDeps): Promise<BatchReport> {
  const report: BatchReport = {
    applied: 0,
    delayed: 0,
    failed: 0,
    dead: 0,
    released: 0,
    dropped: 0,
    newest: [],
  };
  const archived = new Map<string, Archived>();
  const waiting = batch.messages.values();
  const lane = async (): Promise<void> => {
    for (const message of waiting) {
      const outcome = await take(message, deps, archived, report.newest);
      report[outcome] += 1;
    }
  };
  await Promise.all(Array.from({ length: Math.min(deps.concurrency, batch.messages.length) }, lane));
  await Promise.all([...archived.values()].map((each) => tell(each, deps)));
  return report;
}

interface Archived {
  hunt: string;
  shard: string;
  ranges: { first: number; last: number }[];
}

async function take(
  message: Message<unknown>,
  deps: ConsumerDeps,
  archived: Map<string, Archived>,
  newest: number[],
): Promise<Taken> {
  let facts: FactMessage | undefined;
  try {
    const read = readMessage(message.body);
    if ("kind" in read) {
      await register("sealed" in read ? deps.open(read) : read, deps);
    } else {
      facts = read;
      if (await deps.isDeleted(read.hunt, read.incarnation ?? 0)) return drop(message);
      await apply(facts, deps);
      note(archived, facts);
      newest.push(facts.facts.at(-1)?.at ?? Number.NaN);
    }
    message.ack();
    return "applied";
  } catch (error) {
    const isUnread = error instanceof MalformedMessage || error instanceof NewerMessage;
    if (isUnread && (await isOfDeleted(message.body, deps))) return drop(message);
    if (error instanceof MalformedMessage) return bury(message, [{ body: message.body, error }], deps);
    if (error instanceof NewerMessage) return awaitNewer(message, error, deps);
    if (!(error instanceof OriginRejected)) return postpone(message, error, facts !== undefined, deps);
    if (message.attempts < REJECTIONS_MAX) {
      message.retry({ delaySeconds: backoff(message.attempts, deps.random()) });
      return "failed";
    }
    if (!facts) return bury(message, [{ body: message.body, error }], deps);
    try {
      return await bury(message, await applyWhatGoes(facts, error, deps, archived), deps);
    } catch (failure) {
      return postpone(message, failure, true, deps);
    }
  }
}

/** Those that were taken back after they were told are passed over. */
async function register(
  registering: Registering,
  { origin, digest, isDeleted }: ConsumerDeps,
): Promise<void> {
  if ("takenBack" in registering) {
    const { takenBack, at } = registering;
    await origin.unregister(
      takenBack.map((externalId) => ({ externalId, digest: digest(externalId) })),
      at,
    );
    return;
  }
  const { registrations } = registering;
  // Nothing of a deleted hunt comes back; the registration itself is of no hunt.
  const gone = new Set<string>();
  const hunts = new Map(registrations.flatMap(({ signUp }) => (signUp ? [[scopeIn(signUp), signUp]] : [])));
  for (const [key, { hunt, incarnation = 0 }] of hunts) if (await isDeleted(hunt, incarnation)) gone.add(key);
  await origin.register(
    registrations.map(({ signUp, ...each }) => ({
      ...each,
      ...(signUp && !gone.has(scopeIn(signUp)) ? { signUp } : {}),
      digest: digest(each.externalId),
    })),
  );
}

const scopeIn = ({ hunt, incarnation }: SignUp): string => scopeOf(hunt, incarnation);

/** Facts whose names the origin has rows for. */
const isNaming = (fact: Fact): boolean =>
  fact.personal !== undefined && (fact.type === "join" || fact.type === "arrive" || fact.type === "rename");

function drop(message: Message<unknown>): Taken {
  message.ack();
  return "dropped";
}

/** Of what cannot be read: as far as it says whose it is, and anybody can say what became of that. */
async function isOfDeleted(body: unknown, { isDeleted }: Pick<ConsumerDeps, "isDeleted">): Promise<boolean> {
  const named = huntNamedBy(body);
  return named !== undefined && (await isDeleted(named.hunt, named.incarnation).catch(() => false));
}

/** Names travel in no message: the shard is asked for those that the origin has rows for. */
async function apply(message: FactMessage, { origin, persons }: ConsumerDeps): Promise<void> {
  const { hunt, shard, facts } = message;
  const naming = facts.filter(isNaming);
  const [first, last] = [naming[0], naming.at(-1)];
  if (!first || !last) return origin.apply(message);
  await origin.apply({ ...message, persons: await persons(hunt, shard, first.seq, last.seq) });
}

/** Another isolate may be of the version that reads it; at last it waits as a dead letter to be redriven. */
async function awaitNewer(
  message: Message<unknown>,
  error: NewerMessage,
  deps: ConsumerDeps,
): Promise<Taken> {
  if (message.attempts >= NEWER_DELIVERIES_MAX) return bury(message, [{ body: message.body, error }], deps);
  message.retry({ delaySeconds: backoff(message.attempts, deps.random()) });
  return "failed";
}

interface Rejected {
  body: unknown;
  error: Error;
}

/**
 * Applies a refused message in halves of halves, so that one bad fact keeps no
 * others out of the origin. Returns the parts that are refused still, as small
 * as the calls suffice for. Throws when the origin is not well.
 */
async function applyWhatGoes(
  refused: FactMessage,
  error: OriginRejected,
  deps: ConsumerDeps,
  archived: Map<string, Archived>,
): Promise<Rejected[]> {
  const rejected: Rejected[] = [];
  const parts = [{ part: refused, error }];
  let calls = 0;
  for (let next = parts.shift(); next; next = parts.shift()) {
    const halves = calls < SPLIT_CALLS_MAX ? halvesOf(next.part) : [];
    if (halves.length === 0) rejected.push({ body: JSON.stringify(next.part), error: next.error });
    for (const part of halves) {
      calls += 1;
      try {
        await apply(part, deps);
        note(archived, part);
      } catch (failure) {
        if (!(failure instanceof OriginRejected)) throw failure;
        parts.push({ part, error: failure });
      }
    }
  }
  return rejected;
}

function halvesOf(message: FactMessage): FactMessage[] {
  const half = message.facts.length >> 1;
  if (half === 0) return [];
  return [
    { ...message, facts: message.facts.slice(0, half) },
    { ...message, first: message.first + half, facts: message.facts.slice(half) },
  ];
}

/** The origin is not well, or is being spared: the message comes again when it may be. */
async function postpone(
  message: Message<unknown>,
  error: unknown,
  inLog: boolean,
  deps: ConsumerDeps,
): Promise<Taken> {
  if (message.attempts >= DELIVERIES_MAX && (inLog || (await sentAnew(message, deps)))) {
    message.ack();
    return inLog ? "released" : "delayed";
  }
  if (error instanceof OriginUnavailable && error.reason !== "timeout" && error.reason !== "failed") {
    // Not asked at all: no failure, so it comes back as soon as the gate may let it through.
    const seconds = Math.max(1, error.retryAfterMs / 1_000) * (1 + deps.random() / 4);
    message.retry({ delaySeconds: Math.min(RETRY_DELAY_MAX, Math.ceil(seconds)) });
    return "delayed";
  }
  message.retry({ delaySeconds: backoff(message.attempts, deps.random()) });
  return "failed";
}

async function sentAnew(message: Message<unknown>, deps: ConsumerDeps): Promise<boolean> {
  try {
    await deps.again(message.body);
    return true;
  } catch (failure) {
    console.warn({ message: "a message could not be sent anew", id: message.id, error: String(failure) });
    return false;
  }
}

/** Puts the rejected parts of a message into the dead-letter queue. None rejected: all of it was applied. */
async function bury(
  message: Message<unknown>,
  rejected: readonly Rejected[],
  deps: ConsumerDeps,
): Promise<Taken> {
  try {
    for (const { body, error } of rejected) {
      await deps.bury({ error: `${error.name}: ${error.message}`, attempts: message.attempts, body });
    }
    message.ack();
    return rejected.length > 0 ? "dead" : "applied";
  } catch (failure) {
    console.warn({ message: "a dead letter could not be queued", id: message.id, error: String(failure) });
    message.retry({ delaySeconds: backoff(message.attempts, deps.random()) });
    return "failed";
  }
}

function note(archived: Map<string, Archived>, { hunt, shard, first, facts }: FactMessage): void {
  const key = `${hunt}/${shard}`;
  const entry = archived.get(key) ?? { hunt, shard, ranges: [] };
  entry.ranges.push({ first, last: first + facts.length - 1 });
  archived.set(key, entry);
}

async function tell({ hunt, shard, ranges }: Archived, deps: ConsumerDeps): Promise<void> {
  try {
    await deps.archived(hunt, shard, ranges);
  } catch (error) {
    console.warn({ message: "a shard could not be told of archived facts", shard, error: String(error) });
  }
}

/** Exponential with ± 25 % jitter, whole seconds, 1 at least. */
function backoff(attempts: number, random: number): number {
  const delay = Math.min(RETRY_DELAY_MAX, RETRY_DELAY * 2 ** Math.max(0, attempts - 1));
  return Math.max(1, Math.round(delay * (0.75 + random / 2)));
}
