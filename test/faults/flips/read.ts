/** Everything that players, organisers and the public can read of a hunt, as texts that can be compared. */
import type { Client } from "../../contract/client.ts";
import { linesOf } from "../../contract/client.ts";
import type { Played } from "./play.ts";

export interface Read {
  status: number;
  text: string;
}

export type Reads = Map<string, Read>;

/** Stands for the status of a response that broke off: its reader cannot take it for whole. */
export const BROKEN_OFF = 599;

/** Members of responses that say when they were made. */
const OF_NOW = new Set(["asOf", "serverTime", "rowsWritten", "url", "requestId"]);

/** In place of the time of standings that are older than the engine. */
export const OLDER = "of before";

/** `since`: when the engine that made the response was not started yet, epoch ms. */
function withoutNow(value: unknown, since: number): unknown {
  if (Array.isArray(value)) return value.map((inner) => withoutNow(inner, since));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      if (key === "asOf" && Date.parse(inner) < since) return [[key, OLDER]];
      return OF_NOW.has(key) ? [] : [[key, withoutNow(inner, since)]];
    }),
  );
}

/** `until`: lines of the audit after it are of reading itself, epoch ms. */
export async function readHunt(
  client: Client,
  { hunt, players, founders }: Played,
  until: number,
): Promise<Reads> {
  const reads: Reads = new Map();
  const base = `/v1/hunts/${hunt}`;
  const read = async (key: string, path: string, token?: string): Promise<void> => {
    reads.set(key, await readOne(client, path, token, until));
  };
  const organiser = client.organiserToken;
  for (const player of players) await read(`me ${player.id}`, `${base}/me`, player.token);
  await read("hunt", base);
  await read("leaderboard", `${base}/leaderboard?limit=100`);
  await read("whole leaderboard", `${base}/leaderboard?limit=100`, organiser);
  for (const { team } of founders) {
    await read(`history ${team.id}`, `${base}/leaderboard/${team.id}/history`, organiser);
  }
  await read("roots", `${base}/proof`);
  await read("definition", `${base}/definition`, organiser);
  await read("codes", `${base}/codes`, organiser);
  await read("announcements", `${base}/announcements`, players[0]?.token);
  await read("all announcements", `${base}/announcements`, organiser);
  await read("teams", `${base}/teams`, organiser);
  await read("checkins", `${base}/checkins`, organiser);
  await read("stats", `${base}/stats`, organiser);
  await read("cups", `${base}/prizes/cup/winners`, organiser);
  await read("shells", `${base}/prizes/shell/winners`, organiser);
  await read("draw", `${base}/prizes/shell/draw`);
  await read("dead letters", `${base}/dead-letters`, organiser);
  await read("export", `${base}/export`, organiser);
  for (const [key, at] of Object.entries({ first: 1, later: 20 })) {
    for (const shard of ["weur-0", "weur-1"]) {
      await read(`proof ${key} ${shard}`, `${base}/proof/${shard}/${at}`, organiser);
    }
  }
  await read("verify", `${base}/verify`, organiser);
  await read("audit", `${base}/audit`, organiser);
  const audit = reads.get("audit");
  if (audit?.status === 200) {
    const { entries } = JSON.parse(audit.text) as { entries: { at: string }[] };
    audit.text = JSON.stringify(entries.filter(({ at }) => Date.parse(at) < until));
  }
  return reads;
}

async function readOne(
  client: Client,
  path: string,
  token: string | undefined,
  since: number,
): Promise<Read> {
  try {
    const { status, text, body } = await client.call("GET", path, { token });
    const isJson = typeof body === "object" && body !== null;
    return { status, text: isJson ? JSON.stringify(withoutNow(body, since)) : text };
  } catch (error) {
    // A stream that breaks off; or a response that is not as the engine's own document has it.
    if (error instanceof TypeError) return { status: BROKEN_OFF, text: String(error.cause) };
    return { status: 500, text: String(error) };
  }
}

/** What is of no hunt. */
export async function readAll(client: Client, until: number): Promise<Reads> {
  const reads: Reads = new Map();
  const token = client.organiserToken;
  for (const path of ["/v1/hunts", "/v1/ops/dead-letters", "/v1/ops/keys", "/readyz"]) {
    reads.set(path, await readOne(client, path, token, until));
  }
  const { status, text } = await client.organise("GET", "/metrics");
  // Counters only grow; these do only when somebody plays.
  const played = linesOf(text).filter((line) => /^hunt_events_total|^hunt_joins_total/.test(line));
  reads.set("/metrics", { status, text: played.sort().join("\n") });
  return reads;
}
