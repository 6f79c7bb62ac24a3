/**
 * Carries push messages out: asks their shards where each goes and what it says, seals it for the device, and gives it
 * to the device's push service (RFC 8030). Each message is settled alone.
 */
import type { PushAsked } from "../objects/shard.ts";
import { refuseEndpoint } from "../push/endpoint.ts";
import { type Pushing, type PushMessage, type PushNews, readPush } from "../push/message.ts";
import { sealFor, UnfitKeys } from "../push/seal.ts";
import { retryAfter } from "../retry-after.ts";

/** Tries of a message. */
const TRIES_MAX = 8;

/** Delay after a failed try, seconds: twice as long each time, or what the push service asks for, within these. */
const DELAY = { first: 5, most: 3_600 };

/** How long a device may be away, seconds: afterwards nobody needs to be told any more. */
const GOOD_FOR: Record<PushNews["kind"], number> = {
  announcement: 86_400,
  help: 86_400,
  opened: 6 * 3_600,
};

/** A push service that has not responded by then counts as away, ms. */
const TIMEOUT = 10_000;

/** Calls under way at once: a Worker's own limit. */
const CONCURRENCY = 6;

export type PushResult = "sent" | "again" | "gone" | "void" | "failed";

export interface PushDeps {
  /** See `ShardObject.pushes`. Throws when it cannot be asked. */
  pushes(hunt: string, shard: string, asked: PushAsked[]): Promise<(Pushing | null)[]>;
  drop(hunt: string, shard: string, targets: Pick<PushAsked, "n" | "id">[]): Promise<void>;
  isDeleted(hunt: string, incarnation: number): Promise<boolean>;
  /** See `vapid.ts`. */
  authorization(kid: string, origin: string, contact: string, now: number): Promise<string | undefined>;
  /** Hosts that are called whatever they are. */
  allowed: readonly string[];
  fetch(address: string, init: RequestInit): Promise<Response>;
  now(): number;
}

type Carried = { message: Message<unknown>; push: PushMessage };

export async function carryOut(
  batch: Pick<MessageBatch<unknown>, "messages">,
  deps: PushDeps,
): Promise<Partial<Record<PushResult, number>>> {
  const results: Partial<Record<PushResult, number>> = {};
  const settle = (message: Message<unknown>, result: PushResult, delay?: number): void => {
    const isLast = result === "again" && message.attempts >= TRIES_MAX;
    const settled = isLast ? "failed" : result;
    results[settled] = (results[settled] ?? 0) + 1;
    if (settled === "again") message.retry({ delaySeconds: delay ?? delayAfter(message.attempts) });
    else message.ack();
  };
  const carried: Carried[] = [];
  for (const message of batch.messages) {
    const push = readPush(message.body);
    if (push === undefined) settle(message, "failed");
    else if (push === "newer") settle(message, "again");
    else carried.push({ message, push });
  }
  const due: { of: Carried; pushing: Pushing }[] = [];
  for (const ofShard of Map.groupBy(
    carried,
    ({ push }) => `${push.hunt}/${push.incarnation}/${push.shard}`,
  ).values()) {
    const [{ push }] = ofShard as [Carried];
    try {
      if (await deps.isDeleted(push.hunt, push.incarnation)) {
        for (const { message } of ofShard) settle(message, "void");
        continue;
      }
      const asked = ofShard.map(({ push: { n, id, news, at } }) => ({ n, id, news, at }));
      const pushings = await deps.pushes(push.hunt, push.shard, asked);
      for (const [index, of] of ofShard.entries()) {
        const pushing = pushings[index];
        if (pushing) due.push({ of, pushing });
        else settle(of.message, "void");
      }
    } catch (error) {
      console.warn({ message: "a shard could not be asked for push messages", error: String(error) });
      for (const { message } of ofShard) settle(message, "again");
    }
  }
  const gone: PushMessage[] = [];
  const next = due.values();
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      for (const { of, pushing } of next) {
        const { result, delay } = await send(of.push, pushing, deps);
        if (result === "gone") gone.push(of.push);
        settle(of.message, result, delay);
      }
    }),
  );
  for (const ofShard of Map.groupBy(gone, ({ hunt, shard }) => `${hunt}/${shard}`).values()) {
    const [{ hunt, shard }] = ofShard as [PushMessage];
    await deps.drop(hunt, shard, ofShard).catch((error: unknown) => {
      // The next message to the device says so again.
      console.warn({ message: "a subscription that ended could not be dropped", error: String(error) });
    });
  }
  return results;
}

interface Sent {
  result: PushResult;
  /** Seconds. */
  delay?: number;
}

/** What a push service says is never logged: its address is a secret of the device. */
async function send({ news, at }: PushMessage, pushing: Pushing, deps: PushDeps): Promise<Sent> {
  const { endpoint, kid, site, topic, content } = pushing;
  const now = deps.now();
  const left = GOOD_FOR[news.kind] - Math.floor(Math.max(0, now - at) / 1_000);
  if (left <= 0) return { result: "void" };
  // It was looked at when it came; hosts may have been allowed then.
  if (refuseEndpoint(endpoint, deps.allowed) !== undefined) return { result: "failed" };
  const { origin } = new URL(endpoint);
  let response: Response;
  try {
    const authorization = await deps.authorization(kid, origin, site, now);
    // Its page subscribes anew with the present key.
    if (authorization === undefined) return { result: "gone" };
    response = await deps.fetch(endpoint, {
      method: "POST",
      headers: {
        Authorization: authorization,
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        TTL: String(left),
        Topic: topic,
        Urgency: "high",
      },
      body: await sealFor(pushing, new TextEncoder().encode(content)),
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT),
    });
  } catch (error) {
    if (error instanceof UnfitKeys) return { result: "gone" };
    console.warn({ message: "a push service could not be reached", error: (error as Error).name });
    return { result: "again" };
  }
  const { status } = response;
  const asked = retryAfter(response.headers.get("Retry-After"), now);
  const delay = asked === undefined ? undefined : within(asked / 1_000);
  // An unread body would hold the connection.
  await response.body?.cancel().catch(() => undefined);
  if (response.ok) return { result: "sent" };
  if (status === 404 || status === 410) return { result: "gone" };
  if (status !== 429 && status < 500) {
    console.warn({ message: "a push service refuses a message", status });
    return { result: "failed" };
  }
  return { result: "again", ...(delay === undefined ? {} : { delay }) };
}

const within = (seconds: number): number => Math.min(DELAY.most, Math.max(DELAY.first, Math.ceil(seconds)));

const delayAfter = (attempts: number): number => within(DELAY.first * 2 ** Math.min(attempts - 1, 20));
