/** Gives a batch to the consumer of its queue, with the parts of the platform that the consumer needs. */

import { configOf } from "../config.ts";
import { accepted, type Refusal } from "../errors.ts";
import { calling, deadLettersStub, shardStub } from "../objects/call.ts";
import type { Env } from "../objects/env.ts";
import { registrationDigest } from "../objects/person.ts";
import { guardedOrigin } from "../origin/guarded.ts";
import { openOrigin } from "../origin/open.ts";
import type { Persons } from "../people/personal.ts";
import { overPublicNet } from "../public-net.ts";
import { allowedIn, isAllowedIn } from "../push/endpoint.ts";
import type { Pushing } from "../push/message.ts";
import { authorization } from "../push/vapid.ts";
import { flushMeter } from "../telemetry/flush.ts";
import { meter } from "../telemetry/meter.ts";
import { consume } from "./consumer.ts";
import { deadMessageText, storeDeadLetters } from "./dead-letter.ts";
import { goneHunts } from "./gone-hunts.ts";
import { carryOut } from "./push.ts";
import { openRegistering, registeringText } from "./registrations.ts";

/** How the dead-letter queue's name ends, in every environment (wrangler.toml). */
const DEAD_SUFFIX = "-dead";

/** And that of push messages. */
const PUSH_SUFFIX = "-push";

/** Delay of a message that is sent anew, because the origin was away all the time, seconds. */
const AGAIN_DELAY = 30;

export async function handleBatch(
  batch: MessageBatch<unknown>,
  env: Env,
  context: ExecutionContext,
): Promise<void> {
  try {
    await handle(batch, env);
  } finally {
    flushMeter(env, () => context);
  }
}

async function handle(batch: MessageBatch<unknown>, env: Env): Promise<void> {
  const { isDeleted } = goneHunts(env, Date.now);
  if (batch.queue.endsWith(DEAD_SUFFIX)) {
    await storeDeadLetters(batch, {
      store: async (hunt, letter) => {
        await deadLettersStub(env, hunt).store(letter);
        meter.add("hunt_dead_letters_total", 1);
      },
      buried: async (hunt, shard, range) => {
        await shardStub(env, hunt, shard).buried(range);
      },
      isDeleted,
      now: () => Date.now(),
      seal: (registrations) => registeringText(env, { registrations }),
    });
    return;
  }
  if (batch.queue.endsWith(PUSH_SUFFIX)) {
    await handlePushes(batch, env);
    return;
  }
  const begun = Date.now();
  const store = openOrigin(env);
  try {
    const report = await consume(batch, {
      origin: guardedOrigin(env, store),
      open: (message) => openRegistering(env, message),
      digest: (externalId) => registrationDigest(env, externalId),
      persons: (hunt, shard, first, last) =>
        calling(async () => (await shardStub(env, hunt, shard).persons(first, last)) as Persons),
      archived: async (hunt, shard, ranges) => {
        await shardStub(env, hunt, shard).archived(ranges);
      },
      isDeleted,
      bury: async (message) => {
        await env.DEAD.send(deadMessageText(message), { contentType: "text" });
      },
      again: async (body) => {
        const text = typeof body === "string" ? body : JSON.stringify(body);
        await env.FACTS.send(text, { contentType: "text", delaySeconds: AGAIN_DELAY });
      },
      concurrency: configOf(env).ORIGIN_CONCURRENCY,
      random: Math.random,
    });
    const { newest, ...results } = report;
    measure(results, newest, begun);
    if (report.applied + report.dropped < batch.messages.length) {
      console.warn({ message: "not every message of a batch was applied", ...results });
    }
  } finally {
    await store.close();
  }
}

async function handlePushes(batch: MessageBatch<unknown>, env: Env): Promise<void> {
  const allowed = allowedIn(configOf(env).PUSH_ALLOW);
  const results = await carryOut(batch, {
    pushes: async (hunt, shard, asked) =>
      accepted(
        await calling(
          async () => (await shardStub(env, hunt, shard).pushes(asked)) as (Pushing | null)[] | Refusal,
        ),
      ),
    drop: (hunt, shard, targets) =>
      calling(async () => {
        await shardStub(env, hunt, shard).dropSubscriptions(targets.map(({ n, id }) => ({ n, id })));
      }),
    isDeleted: goneHunts(env, Date.now).isDeleted,
    authorization: (kid, origin, contact, now) => authorization(env, kid, origin, contact, now),
    allowed,
    fetch: (address, init) => overPublicNet(env.WEBHOOK_NET, isAllowedIn(address, allowed))(address, init),
    now: Date.now,
  });
  for (const [result, count] of Object.entries(results)) {
    meter.add("hunt_push_messages_total", count, result);
  }
}

function measure(results: Record<string, number>, newest: readonly number[], begun: number): void {
  const now = Date.now();
  for (const [result, count] of Object.entries(results)) {
    if (count > 0) meter.add("hunt_queue_messages_total", count, result);
  }
  meter.histogram("hunt_queue_batch_duration_seconds").observe((now - begun) / 1_000);
  const lag = meter.histogram("hunt_archive_lag_seconds");
  for (const at of newest) lag.observe(Math.max(0, now - at) / 1_000);
}
