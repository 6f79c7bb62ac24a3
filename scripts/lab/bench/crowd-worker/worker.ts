/** The engine's leaderboard object over shards that make their logs up, for the bench of a large crowd. */
import { DurableObject } from "cloudflare:workers";
import { Leaderboard as EngineLeaderboard } from "../../../../src/leaderboard/object.ts";
import { parseObjectName } from "../../../../src/objects/ids.ts";
import type { ScoreFact, ScoreReport } from "../../../../src/protocol.ts";
import {
  CROWD_SHARDS,
  type CrowdScoring,
  crowdFactCount,
  crowdFacts,
  crowdRules,
  crowdShard,
} from "../crowd.ts";

/** As many as a real shard gives in one result. */
const FACTS_MAX = 10_000;

interface BenchEnv {
  LEADERBOARD: DurableObjectNamespace<Leaderboard>;
}

/** The hunt's name says how many teams, and how they score: `moving-1000000`. */
function crowdOf(hunt: string): { scoring: CrowdScoring; teams: number } {
  const [scoring, teams] = hunt.split("-");
  return { scoring: scoring === "moving" ? "moving" : "static", teams: Number(teams) };
}

export class Leaderboard extends EngineLeaderboard {
  snapshotNow(): Promise<void> {
    return this.alarm();
  }

  nothing(): void {}
}

export class HuntShard extends DurableObject {
  #facts: Generator<ScoreFact, void> | undefined;
  #seq = 0;

  scoreFacts(after: number): ScoreReport {
    const { hunt, shard } = parseObjectName(this.ctx.id.name ?? "");
    const [number, { teams }] = [Number(shard.slice("weur-".length)), crowdOf(hunt)];
    // A real shard looks into its log; making the log up again would take seconds.
    if (after >= crowdFactCount(number, teams)) return { shard, after, upto: after, facts: [] };
    if (this.#seq !== after || !this.#facts) {
      this.#facts = crowdFacts(number, teams);
      for (this.#seq = 0; this.#seq < after; this.#seq += 1) this.#facts.next();
    }
    const facts: ScoreFact[] = [];
    while (facts.length < FACTS_MAX) {
      const { value } = this.#facts.next();
      if (!value) break;
      facts.push(value);
      this.#seq = value.seq;
    }
    return { shard, after, upto: this.#seq, facts };
  }
}

export class HuntControl extends DurableObject {
  shards(): string[] {
    return Array.from({ length: CROWD_SHARDS }, (_, shard) => crowdShard(shard));
  }
}

export default {
  async fetch(request, env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const hunt = searchParams.get("hunt");
    if (hunt === null) return new Response("hello");
    const board = env.LEADERBOARD.getByName(hunt);
    const { scoring, teams } = crowdOf(hunt);
    switch (pathname) {
      case "/configure":
        await board.configure({
          revision: Number(searchParams.get("revision")),
          rules: crowdRules(scoring, teams, Number(searchParams.get("minimum"))),
          phase: { live: true, paused: false },
        });
        return new Response("configured");
      case "/snapshot":
        await board.snapshotNow();
        return new Response("written");
      case "/nothing":
        await board.nothing();
        return new Response("nothing");
      default: {
        const around = searchParams.get("around");
        return Response.json(
          await board.read({
            limit: Number(searchParams.get("limit") ?? 100),
            offset: 0,
            organiser: false,
            ...(around === null ? {} : { around }),
          }),
        );
      }
    }
  },
} satisfies ExportedHandler<BenchEnv>;
