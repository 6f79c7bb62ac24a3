/** What `GET /v1/ops/advice` would tell at a plan's peak: the plan's loads, judged by the engine's own code. Pure. */

import type { Advised } from "../../../src/contract/ops.ts";
import { adviceFrom, type Limits } from "../../../src/control/advice/judge.ts";
import type { ShardLoad } from "../../../src/objects/shard.ts";
import type { Measured, Question } from "./plan.ts";

/** Nothing was asked of the queue, the gate or the origin in it: their limits are not the plan's. */
const RECENT_SECONDS = 60;

/** The advice for one of so many hunts that the players are split into, with so many shards a region; the nearest limit first. */
export function adviceAt(
  question: Question,
  measured: Pick<Measured, "factBytes">,
  { shardsPerRegion, hunts = 1 }: { shardsPerRegion: number; hunts?: number },
  limits: Limits,
): Advised[] {
  const { players, peak, hour, regions } = question;
  const one = { ...question, players: players / hunts, peak: peak / hunts, hour: hour / hunts };
  const count = shardsPerRegion * regions;
  const load = loadOf(one, measured, count);
  return adviceFrom(
    {
      at: 0,
      hunts: [
        {
          hunt: "plan",
          phase: "live",
          shardsPerRegion,
          shards: Array.from({ length: count }, (_, index) => ({ shard: `shard-${index}`, ...load })),
          silent: [],
        },
      ],
      recent: { counters: {}, histograms: {} },
      recentSeconds: RECENT_SECONDS,
    },
    limits,
  );
}

/** Of one of so many shards at the peak. */
function loadOf(
  { players, teamSize, peak, hour, mode, batch }: Question,
  { factBytes }: Pick<Measured, "factBytes">,
  count: number,
): ShardLoad {
  const isSocket = mode === "socket";
  const events = peak / count;
  return {
    bytes: (hour / count) * factBytes,
    sockets: isSocket ? players / count : 0,
    teams: players / teamSize / count,
    waitingPeak: 0,
    requests: isSocket ? 0 : events / (mode === "batch" ? batch : 1),
    messages: isSocket ? events : 0,
    events,
    newTeams: 0,
  };
}
