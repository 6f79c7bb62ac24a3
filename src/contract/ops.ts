/** The engine itself: health, the origin, dead letters, what the pages need to know. */
import { z } from "zod";
import { amount, flag, id, mark, time, told, whole } from "./basics.ts";

export const alive = z
  .strictObject({ ok: z.literal(true).meta({ description: "It responds", examples: [true] }) })
  .meta({ id: "Alive", description: "The engine responds", examples: [{ ok: true }] });

export const ready = z
  .strictObject({
    ok: flag("It can serve; the origin may be away, players do not notice"),
    dependencies: z
      .strictObject({
        objects: flag("Durable Objects respond"),
        kv: flag("KV responds"),
        origin: flag("The origin's gate is closed"),
        secrets: flag("All four key rings are there and strong, so that a hunt can be published"),
      })
      .meta({
        description: "Each dependency",
        examples: [{ objects: true, kv: true, origin: true, secrets: true }],
      }),
  })
  .meta({
    id: "Ready",
    description: "Readiness by dependency",
    examples: [{ ok: true, dependencies: { objects: true, kv: true, origin: true, secrets: true } }],
  });

const keyId = told("The id of the key", "f1c0ffee42a");

export const keys = z
  .strictObject({
    missing: z
      .array(
        z.strictObject({
          hunt: told("The hunt that was made with the key", "harbour-nights"),
          secret: told("The ring it is no longer in", "ANSWER_PEPPERS"),
          key: keyId,
          affects: told("What is refused until it is back", "answers and scans are refused with 503"),
        }),
      )
      .meta({ description: "Keys that data was made with and that are gone", examples: [[]] }),
    unknown: whole("Hunts that could not be asked, or were too many", 0),
  })
  .meta({
    id: "Keys",
    description: "Whether every key that hunts were made with is still there",
    examples: [{ missing: [], unknown: 0 }],
  });
export type Keys = z.infer<typeof keys>;

export const pages = z
  .strictObject({
    mapTiles: told(
      "Address of the map's tiles, as the parameter MAP_TILES says",
      "https://tiles.example/{z}/{x}/{y}.png",
    ).exactOptional(),
    access: mark("Organisers sign in through Cloudflare Access").exactOptional(),
    oidc: told(
      "Organisers sign in by OpenID Connect (`GET /v1/session`): the issuer's host",
      "login.example",
    ).exactOptional(),
  })
  .meta({ id: "Pages", description: "What the pages need to know of this deployment", examples: [{}] });
export type Pages = z.infer<typeof pages>;

const calls = (of: string) => whole(of, 40);

export const originState = z
  .strictObject({
    state: z
      .enum(["closed", "open", "half_open"])
      .meta({ description: "closed: calls pass; open: none; half_open: probes", examples: ["closed"] }),
    since: time.describe("Since when"),
    window: z
      .strictObject({ calls: calls("Calls"), failed: whole("Failed ones", 0), slow: whole("Slow ones", 0) })
      .meta({ description: "The last ten seconds", examples: [{ calls: 40, failed: 0, slow: 0 }] }),
    driver: told("The origin's driver: d1 or postgres", "d1"),
    backlog: z
      .strictObject({
        segments: whole("Segments of the shards' logs that the origin may not have", 3),
        oldestSeconds: amount("Age of the oldest of them", 1.5),
        unknownShards: whole("Shards that could not be asked, or were too many", 0),
      })
      .meta({
        description: "What is on its way",
        examples: [{ segments: 3, oldestSeconds: 1.5, unknownShards: 0 }],
      }),
    lookups: z.record(z.string(), z.int().meta({ description: "How many", examples: [12] })).meta({
      description: "Look-ups of registered players of this isolate, by how they ended",
      examples: [{ hits: 12 }],
    }),
  })
  .meta({
    id: "Origin",
    description: "The origin's gate, and what the origin has not yet",
    examples: [
      {
        state: "closed",
        since: "2026-06-06T12:00:00.000Z",
        window: { calls: 40, failed: 0, slow: 0 },
        driver: "d1",
        backlog: { segments: 3, oldestSeconds: 1.5, unknownShards: 0 },
        lookups: {},
      },
    ],
  });
export type OriginState = z.infer<typeof originState>;

/** The limits that advice tells of: parameters, and what the platform alone sets. */
export const ADVICE_LIMITS = [
  "SHARDS_PER_REGION",
  "SHARD_FULL_BYTES",
  "WAITING_COMMANDS_MAX",
  "LIVE_SOCKETS_PER_OBJECT",
  "QUEUE_BACKLOG_MAX",
  "GATE_FAILED_SHARE",
  "GATE_SLOW_SHARE",
  "ORIGIN_TIMEOUT_MS",
  "LOOKUP_LIMIT_MS",
  "LEADERBOARD_KV_MAX_AGE_MS",
  "HUNT_KV_MAX_AGE_MS",
  "REPORT_DELAY_MS",
  "leaderboard-memory",
] as const;

const adviceExample = {
  limit: "SHARDS_PER_REGION" as const,
  at: 0.81,
  change: "raise SHARDS_PER_REGION to 2: npm run hunt -- shards harbour-nights 2",
  evidence:
    "shard weur-0 of harbour-nights decided 608 events/s (608 requests/s) in its busiest seconds: it is at 81 % of the 750 requests/s that one object carries",
};

const advised = z
  .strictObject({
    limit: z.enum(ADVICE_LIMITS).meta({
      description: "The limit that comes near, by the name of its parameter where it has one",
      examples: [adviceExample.limit],
    }),
    at: amount("How near: the share of the limit that is used; 1: it is reached", adviceExample.at),
    change: told("What to change", adviceExample.change),
    evidence: told("Where, at what load, and what was seen there", adviceExample.evidence),
  })
  .meta({
    id: "Advised",
    description: "A limit that comes near, and what to change",
    examples: [adviceExample],
  });
export type Advised = z.infer<typeof advised>;

export const advice = z
  .strictObject({
    advice: z.array(advised).meta({ description: "The nearest limit first, 20 at most", examples: [[]] }),
  })
  .meta({
    id: "Advice",
    description: "Limits of the engine that come near; none of a healthy engine",
    examples: [{ advice: [] }],
  });
export type Advice = z.infer<typeof advice>;

export const deadLetter = z
  .strictObject({
    id: id.meta({
      description: "The letter; the same message has the same id however often it dies",
      examples: ["d41d8cd9"],
    }),
    at: time.describe("When it died last"),
    error: told("The origin's words", "a constraint failed"),
    attempts: whole("Deliveries before that", 3),
    deaths: whole("How often it died", 1),
    shard: told("Of facts: their shard", "weur-0").exactOptional(),
    first: whole("Of facts: the first seq", 4_001).exactOptional(),
    last: whole("Of facts: the last seq", 4_020).exactOptional(),
  })
  .meta({
    id: "DeadLetter",
    description: "A message that the origin refuses",
    examples: [
      {
        id: "d41d8cd9",
        at: "2026-06-06T19:05:00.000Z",
        error: "a constraint failed",
        attempts: 3,
        deaths: 1,
      },
    ],
  });

export const deadLetters = z
  .strictObject({
    letters: z.array(deadLetter).meta({ description: "The newest first, 100 at most", examples: [[]] }),
    total: whole("All of them", 1),
  })
  .meta({
    id: "DeadLetters",
    description: "Messages that the origin refuses",
    examples: [{ letters: [], total: 0 }],
  });
export type DeadLetters = z.infer<typeof deadLetters>;

export const redriveBody = z
  .strictObject({
    ids: z
      .array(id.meta({ description: "A letter", examples: ["d41d8cd9"] }))
      .max(1_000)
      .meta({ description: "These letters; without it all", examples: [["d41d8cd9"]] })
      .exactOptional(),
  })
  .meta({ id: "Redrive", description: "Letters to send again", examples: [{}] });
export type RedriveBody = z.infer<typeof redriveBody>;

export const redriven = z
  .strictObject({ redriven: whole("Letters sent again", 1) })
  .meta({ id: "Redriven", description: "Sent again", examples: [{ redriven: 1 }] });
export type Redriven = z.infer<typeof redriven>;
