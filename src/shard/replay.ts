/**
 * Replays an import in a shard: each line at its own time, through the same
 * rules as live traffic. The loop runs over injected dependencies.
 */
import { type Refusal, refuse } from "../errors.ts";
import { hash53 } from "../hash.ts";
import { admit } from "../hunt/admit.ts";
import type { Context } from "../hunt/context.ts";
import { hasLeft } from "../hunt/membership.ts";
import { organise } from "../hunt/organise.ts";
import type { Team } from "../hunt/team.ts";
import { makeJoinCode, makeTeamId } from "../objects/check-part.ts";
import type { Command, NewFact, ReplayLine, ReplayResult, Result } from "../protocol.ts";
import type { Secrets } from "../secrets.ts";
import { eventKey, joinKey } from "./recorded-ids.ts";
import type { TeamStore } from "./teams.ts";

/** Teams remembered by joining key. */
const IMPORTED_MAX = 100_000;

export interface ReplayDeps {
  shard: string;
  secrets: Pick<Secrets, "CODE_KEYS">;
  teams: TeamStore;
  /** The rules' context on the import's clock. */
  context(at: number): Context;
  append(draft: NewFact): void;
  play(context: Context, team: Team, player: string, command: Command, at: number): Result;
}

export class Replay {
  readonly #deps: ReplayDeps;
  /** Joining key → team id. */
  readonly #imported = new Map<string, string>();

  constructor(deps: ReplayDeps) {
    this.#deps = deps;
  }

  /** Replays one line; nothing is durable before the caller's commit. */
  line(line: ReplayLine): ReplayResult {
    const no = (refusal: Refusal): ReplayResult => ({
      line: line.line,
      code: refusal.refused,
      message: refusal.detail,
    });
    const team = this.#importedTeam(line.key);
    if (team && this.#replayed(team, line)) return { line: line.line, outcome: "duplicate" };
    const readOnly = team && this.#deps.teams.readOnly(team);
    if (readOnly) return no(readOnly);
    if (team && line.at < team.lastAt) return no(refuse("conflict", "the time goes back within the team"));
    const context = this.#deps.context(line.at);
    if (line.type === "join") return this.#join(line, team, context, no);
    if (!team) return no(refuse("not_found", "no line before this one joins the team"));
    if (line.type === "action") {
      const decision = organise(context, team, line.action, line.at);
      if ("refused" in decision) return no(decision);
      for (const [index, draft] of decision.facts.entries()) {
        this.#deps.append(index === 0 ? ({ ...draft, event: line.id } as NewFact) : draft);
      }
      return { line: line.line, outcome: line.action.type };
    }
    const member = line.player
      ? team.members.find((candidate) => candidate.name === line.player)
      : team.members[0];
    if (!member) return no(refuse("not_found", "the team has no player of this name"));
    const result = this.#deps.play(context, team, member.id, line.command, line.at);
    return { line: line.line, outcome: result.outcome };
  }

  /** Whether this very line was replayed before: then nothing happens again. */
  #replayed(team: Team, line: ReplayLine): boolean {
    if (line.type === "join") {
      const id = importedPlayer(line);
      return hasLeft(team, id) || team.members.some((member) => member.id === id);
    }
    const id = line.type === "command" ? line.command.id : line.id;
    return this.#deps.teams.ids.isUsed(eventKey(team.id, id));
  }

  /** The team that this joining key made. Remembered, because every line of an import asks. */
  #importedTeam(key: string): Team | undefined {
    let id = this.#imported.get(key);
    if (id === undefined) {
      id = this.#deps.teams.ids.recorded(joinKey(key))?.team;
      if (id === undefined) return undefined;
      if (this.#imported.size >= IMPORTED_MAX) this.#imported.clear();
      this.#imported.set(key, id);
    }
    return this.#deps.teams.get(id);
  }

  #join(
    line: ReplayLine & { type: "join" },
    team: Team | undefined,
    context: Context,
    no: (refusal: Refusal) => ReplayResult,
  ): ReplayResult {
    const name = line.player ?? line.team;
    if (team?.members.some((member) => member.name === name)) {
      return no(refuse("conflict", "the player is in the team already"));
    }
    const { secrets, shard, teams } = this.#deps;
    if (teams.closed) return no(teams.closed);
    const { hunt } = context.hunt.compiled;
    const ordinal = teams.totals.places;
    const id = team?.id ?? makeTeamId(secrets, hunt, shard, ordinal);
    const joinCode = makeJoinCode(secrets, hunt, shard, ordinal);
    const fact = admit(
      context.hunt.compiled,
      context.phase,
      id,
      team,
      {
        key: team ? line.id : line.key,
        player: importedPlayer(line),
        name,
        ...(team
          ? {}
          : {
              create: {
                name: line.team,
                ...(context.hunt.compiled.teams.mode === "solo" ? {} : { joinCode }),
                ...(line.bracket === undefined ? {} : { bracket: line.bracket }),
              },
            }),
      },
      line.at,
    );
    if ("refused" in fact) return no(fact);
    this.#deps.append(fact);
    return { line: line.line, outcome: "joined" };
  }
}

/** The player a joining line makes: the same line makes the same player. */
const importedPlayer = ({ key, id }: ReplayLine & { type: "join" }): string =>
  `p-${hash53(`${key}\n${id}`).toString(36)}-${hash53(`${id}\n${key}`).toString(36)}`;
