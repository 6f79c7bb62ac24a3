/** What organisers see of a shard's teams: rows and a search, who is stuck, where players checked in. Reads only. */

import type { Context } from "../hunt/context.ts";
import { foldName } from "../hunt/fold.ts";
import { solvesAsOf } from "../hunt/solves.ts";
import { captainOf, type Team } from "../hunt/team.ts";
import { scoreOf } from "../hunt/team-score.ts";
import { opensAt, progressOf } from "../hunt/unlock.ts";
import { joinCodesIn, ordinalOf } from "../objects/ids.ts";
import type {
  Checkin,
  ClueSolver,
  RegisteredPlayers,
  SolvedClue,
  StuckTeam,
  TeamRow,
  TeamRows,
} from "../objects/shard.ts";
import type { TeamStore } from "./teams.ts";

/** Teams in one page of `teamRows`. */
export const TEAMS_PAGE_MAX = 500;

/** Teams looked at in one call: the rest comes with the next page. */
const LOOKED_MAX = 5_000;

/** Characters of names compared in one call; a name may have many once it is folded. */
const COMPARED_MAX = 400_000;

interface TeamsAsked {
  after: number;
  limit: number;
  wanted?: string | undefined;
  /** Who asks may know players' names and join codes. */
  persons: boolean;
}

/** Teams by their place in the shard, from `after` on; with `wanted` those it names, by their players and codes only if `persons`. */
export function teamRows(
  context: Context,
  teams: TeamStore,
  { after, limit, wanted, persons }: TeamsAsked,
): TeamRows {
  const rows: TeamRow[] = [];
  const most = Math.min(limit, TEAMS_PAGE_MAX);
  const folded = wanted === undefined ? "" : foldName(wanted);
  const { checked, older } = joinCodesIn(persons ? (wanted ?? "") : "");
  const codes = [...checked, ...older].map(({ code }) => code);
  let compared = 0;
  const compare = (name: string): boolean => {
    const text = foldName(name);
    compared += text.length;
    return text.includes(folded);
  };
  for (const team of teams.all(after)) {
    const ordinal = ordinalOf(team.id);
    const enough = rows.length >= most || compared > COMPARED_MAX;
    if (enough || ordinal >= after + LOOKED_MAX) return { teams: rows, next: ordinal };
    if (team.merged) continue;
    if (folded === "" || names(team, folded, codes, persons, compare)) rows.push(rowOf(context, team));
  }
  return { teams: rows };
}

/** Whether the text names the team: by part of its name, of its id or of a player's name, or by a code or player id. */
function names(
  team: Team,
  folded: string,
  codes: readonly string[],
  persons: boolean,
  compare: (name: string) => boolean,
): boolean {
  return (
    compare(team.name) ||
    team.id.includes(folded) ||
    codes.includes(team.joinCode ?? "") ||
    team.members.some(({ id, name }) => id === folded || (persons && compare(name)))
  );
}

/** See `ShardObject.solvesOf`. */
export function solvesOf(context: Context, teams: TeamStore, ids: readonly string[]): SolvedClue[][] {
  return ids.map((id) => {
    const team = teams.get(id);
    const solves = [...(team?.solves ?? [])].map(([clue, { at, points }]) => {
      return { clue, title: context.hunt.clues.get(clue)?.title ?? clue, at, points };
    });
    return solves.sort((a, b) => a.at - b.at);
  });
}

/** See `ShardObject.solversOf`. */
export function solversOf(teams: TeamStore, clue: string, until: number, limit: number): ClueSolver[] {
  const isEarlier = (a: ClueSolver, b: ClueSolver): number => a.at - b.at || a.seq - b.seq;
  const first: ClueSolver[] = [];
  for (const team of teams.all()) {
    const solve = solvesAsOf(team, until).find((each) => each.clue === clue);
    if (!solve) continue;
    first.push({ team: team.id, at: solve.at, seq: solve.seq });
    if (first.length >= 2 * limit) first.sort(isEarlier).splice(limit);
  }
  return first.sort(isEarlier).slice(0, limit);
}

/** The company's ids of players who have one, in the teams of one page, from `after` on. */
export function registeredPlayers(teams: TeamStore, after: number): RegisteredPlayers {
  const players: RegisteredPlayers["players"] = [];
  for (const team of teams.all(after)) {
    const ordinal = ordinalOf(team.id);
    if (ordinal >= after + LOOKED_MAX) return { players, next: ordinal };
    // Those as well who went to another team: on the way there they are in none.
    const moved = (team.former ?? []).filter((gone) => gone.moved !== undefined);
    for (const { id, externalId, joinedAt } of [...team.members, ...moved]) {
      if (externalId !== undefined) players.push({ id, externalId, joinedAt });
    }
  }
  return { players };
}

function rowOf(context: Context, team: Team): TeamRow {
  const captain = captainOf(team);
  // Who went to another team is listed there.
  const left = (team.former ?? []).filter(
    ({ id, forgotten, moved }) => !forgotten && !moved && !team.members.some((member) => member.id === id),
  );
  const former = [...new Map(left.map(({ id, name }) => [id, { id, name }])).values()];
  return {
    id: team.id,
    name: team.name,
    ...(team.bracket === undefined ? {} : { bracket: team.bracket }),
    ...(captain === undefined ? {} : { captain }),
    members: team.members.map(({ id, name }) => ({
      id,
      name,
      ...(id === captain ? { captain: true as const } : {}),
    })),
    ...(former.length > 0 ? { former } : {}),
    score: scoreOf(context, team),
    solves: team.solves.size,
    joinedAt: team.joinedAt,
    ...(team.joinCode === undefined ? {} : { joinCode: team.joinCode }),
    banned: team.banned,
    hidden: team.hidden,
  };
}

/**
 * Teams that solved nothing for `stuckMs` but tried within the last
 * `activeMs`, longest stuck first: a hint helps these now. A team that has
 * nothing open, is hidden or is banned is not stuck.
 */
export function stuckTeams(
  context: Context,
  teams: Iterable<Team>,
  now: number,
  { stuckMs, activeMs, limit }: { stuckMs: number; activeMs: number; limit: number },
): StuckTeam[] {
  const found: StuckTeam[] = [];
  if (context.phase === "draft") return found;
  for (const team of teams) {
    if (team.banned || team.hidden || team.merged || team.lastAt < now - activeMs) continue;
    const progress = progressOf(context.hunt, team, context.openedAt, now);
    let since = progress.since;
    for (const { at } of team.solves.values()) since = Math.max(since, at);
    if (since > now - stuckMs) continue;
    let stuck: StuckTeam | undefined;
    for (const clue of context.hunt.compiled.clues) {
      const tries = team.attempts.get(clue.id);
      if (!tries || team.solves.has(clue.id) || opensAt(context.hunt, clue, team, progress) > now) continue;
      const lastTryAt = Math.max(tries.at, stuck?.lastTryAt ?? 0);
      if (stuck && stuck.wrong >= tries.wrong) stuck.lastTryAt = lastTryAt;
      else {
        const { id, name, solves } = team;
        stuck = { id, name, solves: solves.size, since, lastTryAt, clue: clue.id, wrong: tries.wrong };
      }
    }
    if (stuck && stuck.lastTryAt >= now - activeMs) found.push(stuck);
  }
  return found.sort((a, b) => a.since - b.since).slice(0, limit);
}

/** The last believable check-ins of players, the newest first; looks at the first `LOOKED_MAX` teams. */
export function lastCheckins(teams: TeamStore, limit: number): Checkin[] {
  const found: Checkin[] = [];
  let looked = 0;
  for (const team of teams.all()) {
    looked += 1;
    if (looked > LOOKED_MAX) break;
    for (const { id, lastCheckin } of team.members) {
      if (lastCheckin) found.push({ team: team.id, name: team.name, player: id, ...lastCheckin });
    }
  }
  return found.sort((a, b) => b.at - a.at).slice(0, limit);
}
