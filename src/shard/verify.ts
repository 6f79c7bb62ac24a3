/** Folds a shard's whole log anew and compares the result with the state in use. */

import { evolveAny } from "../hunt/evolve.ts";
import { encodeTeam, type Team } from "../hunt/team.ts";
import type { RefoldReport } from "../objects/shard.ts";
import type { Fact, OriginSums, OriginTeam } from "../protocol.ts";
import { factsOf, type SegmentLog } from "./log.ts";
import type { TeamStore } from "./teams.ts";
import { TotalsCounter } from "./totals.ts";

/** Differences told at most. */
const MISMATCHES_MAX = 100;

/** What the origin's derived rows must say of a team. */
function originTeamOf(team: Team): OriginTeam {
  return {
    team: team.id,
    players: team.members.length,
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
    for (const fact of factsOf(segment.body)) moving.add(fact.team);
  }
  for (const fact of log.gathering) moving.add(fact.team);
  return teams.map((id) => {
    const team = store.get(id);
    return team ? { team: originTeamOf(team), moving: moving.has(id) } : null;
  });
}

export function refold(log: SegmentLog, store: TeamStore): RefoldReport {
  const folded = new Map<string, Team>();
  const totals = new TotalsCounter();
  const mismatches: { team?: string; what: string }[] = [];
  const differ = (what: string, team?: string): void => {
    if (mismatches.length < MISMATCHES_MAX)
      mismatches.push({ what, ...(team === undefined ? {} : { team }) });
  };
  let seq = 0;
  const fold = (fact: Fact): void => {
    if (fact.seq !== seq + 1) differ(`the log jumps from ${seq} to ${fact.seq}`);
    seq = fact.seq;
    const team = evolveAny(folded.get(fact.team), fact, ({ team: id }, why) =>
      differ(`cannot be folded: ${why}`, id),
    );
    if (team) folded.set(fact.team, team);
    totals.count(fact);
  };
  for (const segment of log.segments(0)) factsOf(segment.body).forEach(fold);
  // The state in use holds what is gathering for the next commit, too.
  log.gathering.forEach(fold);
  let compared = 0;
  for (const team of store.all()) {
    compared += 1;
    const expected = folded.get(team.id);
    if (!expected) differ("the log does not create this team", team.id);
    // Of a read-only team this version may know a page that it cannot fold itself.
    else if (team.newerFrom === undefined && encodeTeam(expected) !== encodeTeam(team)) {
      differ("the state differs from the fold", team.id);
    }
  }
  if (compared !== folded.size) differ(`the fold has ${folded.size} teams, the state ${compared}`);
  if (JSON.stringify(totals) !== JSON.stringify(store.totals)) differ("the totals differ from the fold");
  const origin: OriginSums = { facts: seq, teams: folded.size, players: 0, solves: 0, wins: 0, score: 0 };
  for (const team of folded.values()) {
    const { solves, players, score } = originTeamOf(team);
    origin.solves += solves;
    origin.players += players;
    origin.score += score;
    origin.wins += team.wins?.length ?? 0;
  }
  return { facts: seq, teams: folded.size, mismatches, origin };
}
