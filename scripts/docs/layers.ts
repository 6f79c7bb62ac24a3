/**
 * The layers of `src`, from the top: each imports only what stands below it.
 * `.dependency-cruiser.mjs` makes the rules of `npm run check` from this list
 * and `npm run docs` the drawing in docs/architecture.md, so neither can lie.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";

/** A folder or a file of `src`, and what is in it. */
interface Room {
  path: string;
  holds: string;
}

/** The rooms of one layer do not import each other. */
export const LAYERS: { rooms: Room[] }[] = [
  {
    rooms: [
      { path: "worker.ts", holds: "the entry: exports the object classes, fetch and queue" },
      {
        path: "simulation",
        holds: "a hunt played by teams that chance makes: in the console and the CLI alone",
      },
    ],
  },
  { rooms: [{ path: "edge", holds: "the Hono app; routes/ has one file a subject" }] },
  { rooms: [{ path: "control", holds: "one hunt's control plane, the registers, verify, audit" }] },
  { rooms: [{ path: "leaderboard", holds: "standings of a hunt, spectators, publishing" }] },
  { rooms: [{ path: "shard", holds: "the teams of a shard: log, rules, sockets, delivery" }] },
  {
    rooms: [
      { path: "queue", holds: "consumers of the queues, dead letters" },
      { path: "cache", holds: "isolate memory and KV before the owners" },
      { path: "prizes", holds: "the vault" },
      { path: "hooks", holds: "webhooks: outboxes, signatures, which addresses are called" },
    ],
  },
  { rooms: [{ path: "origin", holds: "the origin's queries and drivers; gate/ protects it" }] },
  { rooms: [{ path: "sockets", holds: "what live sockets of all objects share" }] },
  { rooms: [{ path: "telemetry", holds: "meters, the metrics hub, /metrics, log lines" }] },
  {
    rooms: [
      { path: "proof", holds: "a log's facts as leaves, roots over all shards, the way from a fact to one" },
    ],
  },
  { rooms: [{ path: "objects", holds: "what each Durable Object can be asked; Env, ids, calls" }] },
  { rooms: [{ path: "placement", holds: "where a new team goes, and when a hunt grows" }] },
  {
    rooms: [
      { path: "assets", holds: "files of hunts: their forms, what is cut from them, the bucket, tickets" },
    ],
  },
  {
    rooms: [
      { path: "people", holds: "what tells who somebody is, beside the log" },
      { path: "push", holds: "push messages: their form, sealing, sender and addresses" },
    ],
  },
  { rooms: [{ path: "intake", holds: "a player's event, checked and digested, becomes a command" }] },
  { rooms: [{ path: "hunt", holds: "the rules of the game" }] },
  {
    rooms: [
      { path: "config.ts", holds: "every parameter" },
      { path: "capacity.ts", holds: "what one part carries on the platform" },
      { path: "secrets.ts", holds: "key rings and digests" },
      { path: "derived-mac.ts", holds: "keys of one purpose, derived from a ring's" },
      { path: "stored-text.ts", holds: "texts longer than a row" },
      { path: "put-aside.ts", holds: "tables whose tree on disk is broken" },
      { path: "stored-form.ts", holds: "versions of what is stored" },
      { path: "delayed.ts", holds: "work done once for all who ask for it within a time" },
      { path: "alarm.ts", holds: "named reasons over an object's one alarm" },
      { path: "erase.ts", holds: "what an object of a deleted hunt does" },
    ],
  },
  { rooms: [{ path: "checksum.ts", holds: "checksums of stored rows" }] },
  { rooms: [{ path: "lazy-sql.ts", holds: "tables that wait for the first row" }] },
  {
    rooms: [
      { path: "protocol.ts", holds: "what passes between objects: commands, facts, reports" },
      { path: "errors.ts", holds: "error codes, refusals" },
    ],
  },
  {
    rooms: [
      { path: "hmac.ts", holds: "HMAC-SHA-256" },
      { path: "chacha20.ts", holds: "ChaCha20" },
      { path: "hash.ts", holds: "a 53-bit hash" },
      { path: "retry-after.ts", holds: "the wait that a receiver asks for" },
      { path: "public-net.ts", holds: "calls of addresses that others named" },
      { path: "clock.ts", holds: "the present and waiting" },
      { path: "bounded-map.ts", holds: "a map with room for so many" },
      { path: "encoding.ts", holds: "what a text is written in that is not UTF-8" },
    ],
  },
  { rooms: [{ path: "sha256-block.ts", holds: "a block of SHA-256" }] },
  { rooms: [{ path: "ahead.ts", holds: "how far ahead of the present a time may lie" }] },
  { rooms: [{ path: "contract", holds: "the wire: schemas and the types inferred from them" }] },
];

/**
 * Rooms that import no platform (no `cloudflare:*`, no Node, no runtime
 * dependency but zod and yaml) and of the engine only what `may` names.
 */
export const PURE: { path: string; may: string[] }[] = [
  { path: "hunt", may: ["hunt", "protocol.ts", "errors.ts", "ahead.ts", "contract"] },
  { path: "leaderboard/standings", may: ["leaderboard/standings", "hunt", "protocol.ts", "contract"] },
  { path: "placement", may: ["placement", "config.ts", "protocol.ts"] },
  {
    path: "simulation",
    may: [
      "simulation",
      "hunt",
      "prizes/allocate.ts",
      "prizes/draw.ts",
      "hash.ts",
      "protocol.ts",
      "errors.ts",
      "contract",
    ],
  },
  { path: "prizes/draw.ts", may: ["hmac.ts", "hunt", "protocol.ts"] },
  { path: "prizes/allocate.ts", may: ["prizes/draw.ts", "hunt", "protocol.ts"] },
  {
    path: "control/advice/judge.ts",
    may: [
      "capacity.ts",
      "config.ts",
      "contract",
      "objects",
      "telemetry/catalogue.ts",
      "telemetry/metrics.ts",
    ],
  },
  { path: "capacity.ts", may: [] },
  { path: "contract", may: ["contract"] },
];

/** The pages and the client library: of the engine they import the wire alone. */
export const OUTSIDE: string[] = ["src/web", "client/src"];

/** Of the rules, pages that try an author's answer use how texts are compared, and nothing else. */
export const SHARED_WITH_PAGES = ["src/hunt/normalise.ts"];

/** The layers as they stand in docs/architecture.md: a line a room, a rule between layers. */
export function drawing(): string {
  const rows = LAYERS.map(({ rooms }) =>
    rooms.map(({ path, holds }) => {
      const room = path.includes(".") ? path : `${path}/`;
      const pure = PURE.some((each) => each.path === path) ? "PURE: " : "";
      return `  ${room.padEnd(16)} ${pure}${holds}`;
    }),
  );
  const inner = PURE.filter(({ path }) => path.includes("/")).map(({ path }) => path);
  return [
    "src/",
    rows.map((lines) => lines.join("\n")).join("\n  ────\n"),
    `beside them: ${OUTSIDE.join(", ")} (of the engine they import src/contract, the pages also ${SHARED_WITH_PAGES.join(", ")})`,
    `PURE rooms inside others: ${inner.join(", ")}`,
  ].join("\n");
}

/** Files and folders of `src` that are in no layer. */
export function strangers(): string[] {
  const known = new Set(LAYERS.flatMap(({ rooms }) => rooms.map(({ path }) => path)));
  return readdirSync(join(import.meta.dirname, "../../src")).filter(
    (name) => name !== "web" && !known.has(name),
  );
}

/** The page with the layers drawn anew between its two marks. */
export function withDrawing(page: string): string {
  const marked = /(<!-- layers -->\n```\n)[\s\S]*?(\n```\n<!-- \/layers -->)/;
  if (!marked.test(page)) throw new Error("docs/architecture.md has no place for the layers");
  return page.replace(marked, (_, before: string, after: string) => `${before}${drawing()}${after}`);
}
