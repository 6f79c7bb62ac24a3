/**
 * One reading of the engine for advice: asked of the hunts that are not over,
 * their shards, the gate, the queue and the metrics objects. For operators: no
 * player waits for it, and nothing is kept for it.
 */

import { configOf } from "../../config.ts";
import type { Advised } from "../../contract/ops.ts";
import { isOver } from "../../hunt/phase.ts";
import { controlStub, directoryStub, metricsStub, shardStub } from "../../objects/call.ts";
import type { Env } from "../../objects/env.ts";
import { gateOf } from "../../objects/gate.ts";
import { flushNow, hubNames } from "../../telemetry/flush.ts";
import { inTime } from "../../telemetry/in-time.ts";
import { addTo, nothing } from "../../telemetry/metrics.ts";
import { RECENT_SECONDS } from "../../telemetry/recent.ts";
import { inLanes, SHARDS_MAX } from "../backlog.ts";
import { adviceFrom, type HuntReading, type Reading } from "./judge.ts";

/** Objects that have not been asked after this time are left out, ms. */
const ASKING_MAX = 8_000;

/** The nearest limit first. Throws when the list of hunts cannot be read. `now`: epoch ms. */
export async function adviceOf(env: Env, now: number): Promise<Advised[]> {
  return adviceFrom(await readingOf(env, now), configOf(env));
}

/** Throws when the list of hunts cannot be read. `now`: epoch ms. */
export async function readingOf(env: Env, now: number): Promise<Reading> {
  // The counts of this isolate show at once.
  await inTime(flushNow(env) ?? Promise.resolve());
  const [hunts, gate, queue, ...hubs] = await Promise.all([
    huntsOf(env),
    inTime(gateOf(env).status()),
    inTime(env.FACTS.metrics()),
    ...hubNames().map((name) => inTime(metricsStub(env, name).recent())),
  ]);
  const recent = nothing();
  for (const hub of hubs) if (hub) addTo(recent, hub);
  return {
    at: now,
    hunts,
    ...(gate ? { gate } : {}),
    ...(queue ? { queued: queue.backlogCount } : {}),
    recent,
    recentSeconds: RECENT_SECONDS,
  };
}

async function huntsOf(env: Env): Promise<HuntReading[]> {
  const begun = Date.now();
  const isLate = (): boolean => Date.now() - begun > ASKING_MAX;
  const hunts: HuntReading[] = [];
  const places: { hunt: HuntReading; shard: string }[] = [];
  await inLanes(await directoryStub(env).list(), async (name) => {
    if (isLate()) return;
    const course = await inTime(controlStub(env, name).course());
    if (!course || isOver(course.phase)) return;
    const { phase, opens, shardsPerRegion, shards } = course;
    const hunt: HuntReading = {
      hunt: name,
      phase,
      ...(opens === undefined ? {} : { opens }),
      shardsPerRegion,
      shards: [],
      silent: [],
    };
    hunts.push(hunt);
    places.push(...shards.map((shard) => ({ hunt, shard })));
  });
  await inLanes(places.slice(0, SHARDS_MAX), async ({ hunt, shard }) => {
    if (isLate()) return;
    const load = await inTime(shardStub(env, hunt.hunt, shard).load());
    if (load) hunt.shards.push({ shard, ...load });
    else hunt.silent.push(shard);
  });
  return hunts;
}
