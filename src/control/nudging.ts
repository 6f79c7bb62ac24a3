/**
 * A nudge for a wrong answer that many teams give, as one step: a version of the definition that has it, the tries
 * back to the teams that gave the answer, and word to them. Each part has its own line in the audit.
 */
import { type Refusal, refuse } from "../errors.ts";
import { addNudge } from "../hunt/add-nudge.ts";
import { calling, orRefusal, shardStub } from "../objects/call.ts";
import type {
  Actor,
  NewAnnouncement,
  Nudged,
  NudgeWish,
  PublishOptions,
  PublishResult,
} from "../objects/control.ts";
import type { Env } from "../objects/env.ts";
import type { GaveWrong, Organised } from "../objects/shard.ts";
import type { TeamAction } from "../protocol.ts";

/** Teams that get their tries back and are told: those that gave the answer last. As many as an announcement names. */
const TEAMS_MAX = 500;

/** Teams whose tries are given back at the same time. */
const AT_ONCE = 20;

export interface NudgingDeps {
  hunt: string;
  env: Pick<Env, "SHARD">;
  shards(): readonly string[];
  definition(): { source: string; format: "json" | "yaml"; version: number } | Refusal;
  publish(
    source: string,
    format: "json" | "yaml",
    options: PublishOptions,
    by: Actor,
  ): Promise<PublishResult>;
  actOnTeam(team: string, action: TeamAction, by: Actor): Promise<Organised | Refusal>;
  announce(announcement: NewAnnouncement, by: Actor): Promise<{ id: string; at: number } | Refusal>;
}

export class Nudging {
  readonly #deps: NudgingDeps;

  constructor(deps: NudgingDeps) {
    this.#deps = deps;
  }

  /**
   * Safe to go on with after it broke off: asked again with the same words it publishes nothing, gives the tries back
   * and tells the teams.
   */
  async nudge(wish: NudgeWish, by: Actor): Promise<Nudged | Refusal> {
    const { clue, answer, say, tell, dryRun, reason } = wish;
    const { definition, publish, actOnTeam, announce } = this.#deps;
    const present = definition();
    if ("refused" in present) return present;
    const given = await this.#given(clue, answer);
    if ("refused" in given) return given;
    if (given.isAccepted) return refuse("conflict", "the answer is accepted by now");
    if (given.say !== undefined && given.say !== say) {
      return refuse("conflict", "a nudge says something about this answer already");
    }
    const teams = given.teams.slice(0, TEAMS_MAX);
    let { version } = present;
    let effects: Nudged["effects"];
    if (given.say === undefined) {
      const source = addNudge(present.source, present.format, { clue, answer, say });
      if (source === undefined)
        return refuse("conflict", "no nudge can be put into the definition as it is written: add it by hand");
      const checked = await publish(
        source,
        present.format,
        { dryRun, effects: dryRun, ifMatch: version },
        by,
      );
      if ("refused" in checked) return checked;
      ({ version } = checked);
      effects = checked.effects;
    }
    const told = { clue, version, teams, total: given.total, ...(effects ? { effects } : {}) };
    if (dryRun) return told;
    const failed: string[] = [];
    for (let from = 0; from < teams.length; from += AT_ONCE) {
      const some = teams.slice(from, from + AT_ONCE);
      const reset: TeamAction = { type: "reset", clue, reason };
      const done = await Promise.allSettled(some.map((team) => actOnTeam(team, reset, by)));
      for (const [index, each] of done.entries()) {
        if (each.status === "rejected" || "refused" in each.value) failed.push(some[index] as string);
      }
    }
    if (tell !== undefined && teams.length > 0) {
      const announced = await announce({ text: tell, clue, to: { teams } }, by);
      if ("refused" in announced) return announced;
      return { ...told, failed, announcement: announced.id };
    }
    return { ...told, failed };
  }

  /** Over all shards, who gave the answer last first. */
  async #given(
    clue: string,
    answer: string,
  ): Promise<(Omit<GaveWrong, "teams"> & { teams: string[] }) | Refusal> {
    const { hunt, env, shards } = this.#deps;
    const parts = await Promise.all(
      shards().map((shard) =>
        orRefusal(
          calling(
            async () =>
              (await shardStub(env, hunt, shard).gaveWrong(clue, answer, TEAMS_MAX)) as GaveWrong | Refusal,
          ),
        ),
      ),
    );
    const teams: GaveWrong["teams"] = [];
    let told: Pick<GaveWrong, "say" | "isAccepted"> | undefined;
    let total = 0;
    for (const part of parts) {
      if ("refused" in part) return part;
      const { say, isAccepted } = part;
      told ??= { isAccepted, ...(say === undefined ? {} : { say }) };
      teams.push(...part.teams);
      total += part.total;
    }
    if (!told) return refuse("conflict", "nobody has joined this hunt yet");
    teams.sort((a, b) => b.last - a.last);
    return { ...told, total, teams: teams.map(({ team }) => team) };
  }
}
