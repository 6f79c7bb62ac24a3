/** Folds a shard's whole log anew and compares the result with the state in use. */

import { evolveAny } from "../hunt/evolve.ts";
import { encodeTeam, recordedScore, type Team } from "../hunt/team.ts";
import type { RefoldReport } from "../objects/shard.ts";
import type { Fact, OriginSums, OriginTeam } from "../protocol.ts";
import type { SegmentLog } from "./log.ts";
import type { TeamStore } from "./teams.ts";
import { TotalsCounter } from "./totals.ts";

/** Differences told at most. */
const MISMATCHES_MAX = 100;

/** What the origin's derived rows must say of a team. */
function originTeamOf(team: Team): OriginTeam {
  return {
    team: team.id,
    // The origin keeps the rows of those who left, and has one of who came back.
    players: new Set([...team.members, ...(team.former ?? [])].map(({ id }) => id)).size,
    solves: team.solves.size,
    score: team.told ?? 0,
    banned: team.banned,
    hidden: team.hidden,
  };
}

/** What the origin must hold of these teams; null: no such team. `moving`: facts of the team may be on their way. */
export function originTeams(
  log: SegmentLog,
  store: TeamStore,
  settled: number,
  teams: readonly string[],
): ({ team: OriginTeam; moving: boolean } | null)[] {
  const moving = new Set<string>();
  for (const segment of log.segments(settled)) {
    for (const fact of log.factsOf(segment)) moving.add(fact.team);
  }
  for (const fact of log.gathering) moving.add(fact.team);
  return teams.map((id) => {
    const team = store.get(id);
    return team ? { team: originTeamOf(team), moving: moving.has(id) } : null;
  });
}

/** `isStatic`: scores do not move, so that each score told is the sum of what was recorded by then. */
export function refold(log: SegmentLog, store: TeamStore, isStatic: boolean): RefoldReport {
  const folded = new Map<string, Team>();
  const totals = new TotalsCounter();
  const mismatches: { team?: string; what: string }[] = [];
  const differ = (what: string, team?: string): void => {
    if (mismatches.length < MISMATCHES_MAX)
      mismatches.push({ what, ...(team === undefined ? {} : { team }) });
  };
  let seq = 0;
  /** Teams of which a fact may be missing in this fold; undefined: every one. */
  let short: Set<string> | undefined = new Set();
  const fold = (fact: Fact): void => {
    if (fact.seq !== seq + 1) differ(`the log jumps from ${seq} to ${fact.seq}`);
    seq = fact.seq;
    const team = evolveAny(folded.get(fact.team), fact, ({ team: id }, why) =>
      differ(`cannot be folded: ${why}`, id),
    );
    if (team) folded.set(fact.team, team);
    // Of a read-only team nothing says what the fact added.
    if (isStatic && team && team.newerFrom === undefined && short && !short.has(team.id))
      tellScore(fact, team);
    totals.count(fact);
  };
  const tellScore = (fact: Fact, team: Team): void => {
    if (!("score" in fact) || fact.score === undefined) return;
    const sum = recordedScore(team);
    if (fact.score !== sum)
      differ(`fact ${fact.seq} told the score ${fact.score}, recorded were ${sum}`, team.id);
  };
  for (const part of log.parts(0)) {
    if ("body" in part) {
      log.factsOf(part).forEach(fold);
      continue;
    }
    const { first, last } = part;
    differ(`facts ${first} to ${last} are not as they were written; repair the hunt`);
    seq = last;
    totals.passOver(part);
    const named = store.namedBy(part);
    short = named && short ? new Set([...short, ...named]) : undefined;
  }
  // The state in use holds what is gathering for the next commit, too.
  log.gathering.forEach(fold);
  let compared = 0;
  for (const team of store.all()) {
    compared += 1;
    const expected = folded.get(team.id);
    if (!short || short.has(team.id)) continue;
    if (!expected) differ("the log does not create this team", team.id);
    // Of a read-only team this version may know a page that it cannot fold itself.
    else if (team.newerFrom === undefined && encodeTeam(expected) !== encodeTeam(team)) {
      differ("the state differs from the fold", team.id);
    }
  }
  const hasGaps = log.gaps.length > 0;
  if (!hasGaps && compared !== folded.size)
    differ(`the fold has ${folded.size} teams, the state ${compared}`);
  if (!hasGaps && JSON.stringify(totals) !== JSON.stringify(store.totals)) {
    differ("the totals differ from the fold");
  }
  if (log.isEndUnsure) differ(`facts behind ${log.head} may be lost; repair the hunt`);
  for (const first of log.lostPersons) {
    differ(`names or positions beside the facts from ${first} on are not as they were written`);
  }
  const origin: OriginSums = { facts: seq, teams: folded.size, players: 0, solves: 0, wins: 0, score: 0 };
  for (const team of folded.values()) {
    const { solves, players, score } = originTeamOf(team);
    origin.solves += solves;
    origin.players += players;
    origin.score += score;
    origin.wins += team.wins?.length ?? 0;
  }
  const gaps = log.gaps.map(({ first, last }) => ({ first, last }));
  return { facts: seq, teams: folded.size, mismatches, ...(hasGaps ? { gaps } : {}), origin };
}
