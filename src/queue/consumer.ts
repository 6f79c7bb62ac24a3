/**
 * Takes fact messages from the queue to the origin: each message alone is
 * acknowledged or retried. What the origin holds is told to the shard it came
 * from, so that the shard stops sending it.
 */
import type { OriginStore } from "../origin/store.ts";
import { type FactMessage, PROTOCOL_VERSION } from "../protocol.ts";

/** Delay before the first redelivery of a failed message, seconds; doubles per attempt. */
const RETRY_DELAY = 5;

/** Longest delay before a redelivery, seconds. */
const RETRY_DELAY_MAX = 600;

export interface ConsumerDeps {
  origin: OriginStore;
  /** Tells a shard what the origin holds. Failure is harmless: the shard sends again. */
  archived(hunt: string, shard: string, ranges: { first: number; last: number }[]): Promise<void>;
}

export async function consume(batch: MessageBatch<unknown>, deps: ConsumerDeps): Promise<void> {
  const stored = new Map<
    string,
    { hunt: string; shard: string; ranges: { first: number; last: number }[] }
  >();
  for (const message of batch.messages) {
    try {
      const facts = readMessage(message.body);
      await deps.origin.apply(facts);
      message.ack();
      const key = `${facts.hunt}/${facts.shard}`;
      const entry = stored.get(key) ?? { hunt: facts.hunt, shard: facts.shard, ranges: [] };
      entry.ranges.push({ first: facts.first, last: facts.facts.at(-1)?.seq ?? facts.first });
      stored.set(key, entry);
    } catch (error) {
      console.warn({
        message: "a fact message failed",
        id: message.id,
        attempts: message.attempts,
        error: String(error),
      });
      message.retry({ delaySeconds: retryDelay(message.attempts) });
    }
  }
  await Promise.all(
    [...stored.values()].map(async ({ hunt, shard, ranges }) => {
      try {
        await deps.archived(hunt, shard, ranges);
      } catch (error) {
        console.warn({ message: "a shard could not be told what is archived", shard, error: String(error) });
      }
    }),
  );
}

/** Exponential with ± 25 % jitter. */
function retryDelay(attempts: number): number {
  const delay = Math.min(RETRY_DELAY_MAX, RETRY_DELAY * 2 ** Math.max(0, attempts - 1));
  return Math.round(delay * (0.75 + Math.random() / 2));
}

/** Reads a message; throws when it is not one of ours. */
function readMessage(body: unknown): FactMessage {
  const message = (typeof body === "string" ? JSON.parse(body) : body) as Partial<FactMessage> | null;
  if (
    message?.v !== PROTOCOL_VERSION ||
    typeof message.hunt !== "string" ||
    typeof message.shard !== "string" ||
    typeof message.first !== "number" ||
    !Array.isArray(message.facts) ||
    message.facts[0]?.seq !== message.first
  ) {
    throw new Error("not a fact message of this version");
  }
  return message as FactMessage;
}
