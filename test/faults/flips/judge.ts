/** What a flipped bit came to: what is read afterwards against what was read before it. */
import { linesOf } from "../../contract/client.ts";
import { OLDER, type Reads } from "./read.ts";

/** Of a hunt after a flip. */
export interface Seen {
  reads: Reads;
  /** Ids of the teams that could not play, and of their players. */
  refused: readonly string[];
}

export interface Judgement {
  /** What differs, and is told: no longer whole, and every reader can know. */
  told: string[];
  /** What differs, and is served as truth. */
  false: string[];
}

interface Line {
  shard: string;
  seq: number;
  type: string;
  first?: number;
  person?: object;
  personal?: string;
}

/** What stands for a name that cannot be told. */
const NO_NAME = "–";

export function judge(before: Reads, { reads, refused }: Seen): Judgement {
  const judgement: Judgement = { told: [], false: [] };
  const verify = reads.get("verify");
  const isAway = ["leaderboard", "verify"].some((key) => (reads.get(key)?.status ?? 0) >= 500);
  const isVerified = verify?.status === 200 && (JSON.parse(verify.text) as { ok: boolean }).ok;
  const hasGap = !isVerified && reads.get("export")?.text.includes('"type":"gap"') === true;
  for (const [key, was] of before) {
    const is = reads.get(key);
    if (!is) continue;
    if (is.status === was.status && is.text === was.text) continue;
    const brief = `${key}: ${is.status} ${firstDifference(was.text, is.text)}`;
    // 500 is a failure that the engine did not see coming.
    const isRefused = is.status > 500;
    const isTold =
      isRefused ||
      (key.endsWith("dead-letters") && is.text.includes("not as it was written")) ||
      key === "verify" ||
      (key === "audit" && auditTells(was.text, is.text)) ||
      // Of what the logs cannot give `verify` tells, and an organiser repairs it.
      (!isVerified && is.status === 200 && key === "export" && exportTells(was.text, is.text)) ||
      (!isVerified && is.status === 200 && isOfGap(key, refused)) ||
      (!isVerified && nameless(is.text, was.text)) ||
      // Of another team, which stands behind or before one whose facts lack.
      (hasGap && key.startsWith("me ") && placeless(is.text) === placeless(was.text)) ||
      (hasGap && ["leaderboard", "whole leaderboard", "teams"].includes(key)) ||
      (key === "/metrics" && isCountedAnew(was.text, is.text)) ||
      (!isVerified && (key === "checkins" || key === "stats")) ||
      (key === "stats" && is.status === 200 && isShippedAnew(was.text, is.text)) ||
      // A place is left out while nobody can say it.
      (isAway && key.startsWith("me ") && placeless(is.text) === placeless(was.text)) ||
      is.text.includes(OLDER) ||
      (key === "/readyz" && is.text.includes('"origin":false')) ||
      (key === "/v1/ops/keys" && /"unknown":[1-9]/.test(is.text)) ||
      (key === "/v1/hunts" && /"unavailable":\["/.test(is.text));
    judgement[isTold ? "told" : "false"].push(brief);
  }
  if (refused.length > 0) judgement.told.push(`${refused.join(" ")} cannot play`);
  return judgement;
}

/** Whether the response may be of the state before a gap: of its teams, or counted over facts. */
function isOfGap(key: string, refused: readonly string[]): boolean {
  if (refused.length === 0) return false;
  if (/^(?:stats|whole leaderboard|leaderboard|teams|checkins|cups|shells)$/.test(key)) return true;
  return refused.some((id) => key.includes(id));
}

/** Counters may start over; none is more than it was. */
function isCountedAnew(was: string, is: string): boolean {
  const counts = new Map(linesOf(was).map((line) => [line.split(" ")[0], Number(line.split(" ")[1])]));
  return linesOf(is).every((line) => Number(line.split(" ")[1]) <= (counts.get(line.split(" ")[0]) ?? 0));
}

/** A shard that lost how far the origin has its log begins anew, and sends it again: no number is more than it was. */
function isShippedAnew(was: string, is: string): boolean {
  const way = /"(?:shipped|archived)":(\d+)/g;
  const bare = (text: string): string => text.replaceAll(way, "");
  const numbers = (text: string): number[] => [...text.matchAll(way)].map(([, count]) => Number(count));
  const before = numbers(was);
  return bare(was) === bare(is) && numbers(is).every((count, index) => count <= (before[index] ?? 0));
}

const placeless = (text: string): string => text.replaceAll(/,"rank":\d+/g, "");

/** Lines that are not as they were written say so; all others are the same. */
function auditTells(was: string, is: string): boolean {
  if (!is.startsWith("[")) return false;
  const before = JSON.parse(was) as object[];
  const now = JSON.parse(is) as { action: string }[];
  return (
    before.length === now.length &&
    now.every(
      (entry, index) => entry.action === "damaged" || JSON.stringify(entry) === JSON.stringify(before[index]),
    )
  );
}

/** Every fact is there as it was, or a gap has its number; a person may lack. */
function exportTells(was: string, is: string): boolean {
  const facts = new Map<string, Line>();
  for (const line of linesOf(was)) {
    const fact = JSON.parse(line) as Line;
    facts.set(`${fact.shard} ${fact.seq}`, fact);
  }
  for (const text of linesOf(is)) {
    const line = JSON.parse(text) as Line;
    if (line.type === "gap") {
      for (let seq = line.first ?? 0; seq <= line.seq; seq += 1) facts.delete(`${line.shard} ${seq}`);
      continue;
    }
    const key = `${line.shard} ${line.seq}`;
    const { person, ...fact } = facts.get(key) ?? ({} as Line);
    const { person: now, ...own } = line;
    if (JSON.stringify(fact) !== JSON.stringify(own)) return false;
    if (now && JSON.stringify(now) !== JSON.stringify(person)) return false;
    facts.delete(key);
  }
  return facts.size === 0;
}

/** Whether names and positions alone lack. */
function nameless(is: string, was: string): boolean {
  const bare = (text: string): string =>
    text
      .replaceAll(/"(name|playerName)":"(?:Single|Person) \d+"/g, `"$1":"${NO_NAME}"`)
      .replaceAll(/,?"position":\{[^}]*\}/g, "")
      .replaceAll(/,?"externalId":"[^"]*"/g, "");
  return bare(is) === bare(was);
}

function firstDifference(was: string, is: string): string {
  let at = 0;
  while (at < was.length && was[at] === is[at]) at += 1;
  const from = Math.max(0, at - 60);
  return `…${was.slice(from, at + 60)}… is …${is.slice(from, at + 200)}`;
}
