/**
 * Organisers' actions that other objects carry out. The line in the audit comes
 * first, so that whatever stops the work, the audit says that it was begun.
 * When the work is refused or fails, the line is marked `refused` with the
 * error's code. A line without that mark may be of work that a restart cut short.
 */
import { type Refusal, refuse } from "../errors.ts";
import {
  calling,
  callingOnce,
  deadLettersStub,
  orRefusal,
  outboxStub,
  shardStub,
  vaultStub,
} from "../objects/call.ts";
import type { Actor, AuditEntry, RepairReport } from "../objects/control.ts";
import type { Env } from "../objects/env.ts";
import { parseTeamId } from "../objects/ids.ts";
import type { Win } from "../objects/prizes.ts";
import type {
  HelpAction,
  HelpAsked,
  JudgeAction,
  Organised,
  SentSubmission,
  TeamChanged,
  Whereabouts,
} from "../objects/shard.ts";
import type { DeliveryTry } from "../objects/webhooks.ts";
import { guardedOrigin } from "../origin/guarded.ts";
import { openOrigin } from "../origin/open.ts";
import type { TeamAction, TeamChange } from "../protocol.ts";
import type { AuditLog } from "./audit.ts";
import type { Moves } from "./moves.ts";
import { repairHunt } from "./repair.ts";
import type { StateStore } from "./state.ts";

type Detail = AuditEntry["detail"];

/** Actions of judges, as the audit calls them. */
const JUDGED_AS = {
  claim: "claim-submission",
  release: "release-submission",
  verdict: "judge",
  clear: "clear",
} as const satisfies Record<JudgeAction["type"], AuditEntry["action"]>;

/** Moves of one player that are followed. */
const MOVES_FOLLOWED = 100;

interface ActionsDeps {
  hunt: string;
  env: Env;
  state: StateStore;
  audit: AuditLog;
  now(): number;
  moves: Pick<Moves, "settled">;
}

export class Actions {
  readonly #deps: ActionsDeps;

  constructor(deps: ActionsDeps) {
    this.#deps = deps;
  }

  /** The call on the shard is not repeated: an award given twice is two awards. */
  async actOnTeam(team: string, action: TeamAction, by: Actor): Promise<Organised | Refusal> {
    const shard = this.#shardOf(team);
    if (typeof shard !== "string") return shard;
    const { type, ...about } = action;
    const detail: Detail = { team, ...about };
    if ("at" in about && about.at !== undefined) detail.at = new Date(about.at).toISOString();
    return this.#audited(type, detail, by, () =>
      callingOnce(async () => this.#shard(shard).organise(team, action)),
    );
  }

  /** A new way back for a member who lost everything. Not repeated: each time voids what the time before gave. */
  async returnMember(
    team: string,
    player: string,
    reason: string,
    by: Actor,
  ): Promise<{ returnCode: string } | Refusal> {
    const shard = this.#shardOf(team);
    if (typeof shard !== "string") return shard;
    return this.#audited("return", { team, player, reason }, by, () =>
      callingOnce(async () => this.#shard(shard).returnMember(team, player, reason)),
    );
  }

  /** What is said stays between the team and the organisers: the audit says that it was. Not repeated: a reply sent twice is two. */
  async help(
    team: string,
    thread: number,
    action: HelpAction,
    mayRelease: boolean,
    by: Actor,
  ): Promise<HelpAsked | Refusal> {
    const shard = this.#shardOf(team);
    if (typeof shard !== "string") return shard;
    const staff = { name: by.actor, mayRelease };
    return this.#audited(`help-${action.type}`, { team, id: `${team}.${thread}` }, by, () =>
      calling(
        async () => (await this.#shard(shard).helpAct(team, thread, action, staff)) as HelpAsked | Refusal,
      ),
    );
  }

  /** What is said to the team is in its log. Safe to repeat. */
  async judge(
    team: string,
    submission: number,
    action: JudgeAction,
    mayRelease: boolean,
    by: Actor,
  ): Promise<{ submission: SentSubmission } | Refusal> {
    const shard = this.#shardOf(team);
    if (typeof shard !== "string") return shard;
    const detail: Detail = { team, id: `${team}.${submission}` };
    if (action.type === "clear") detail.reason = action.reason;
    if (action.type === "verdict") {
      detail.accept = action.accept;
      if (action.points !== undefined) detail.points = action.points;
    }
    const staff = { name: by.actor, mayRelease };
    return this.#audited(JUDGED_AS[action.type], detail, by, () =>
      calling(
        async () =>
          (await this.#shard(shard).judge(team, submission, action, staff)) as
            | { submission: SentSubmission }
            | Refusal,
      ),
    );
  }

  /** A new name may be a person's: the audit says that there is one, and the shard's log which. */
  async changeTeam(
    team: string,
    change: TeamChange,
    reason: string,
    by: Actor,
  ): Promise<TeamChanged | Refusal> {
    const shard = this.#shardOf(team);
    if (typeof shard !== "string") return shard;
    const { type, ...about } = change;
    const detail: Detail = { team, reason };
    if ("player" in about) detail.player = about.player;
    if ("name" in about) detail.renamed = true;
    if ("bracket" in about && about.bracket !== undefined) detail.bracket = about.bracket;
    return this.#audited(type === "remove" ? "remove" : "alter", detail, by, () =>
      calling(async () => this.#shard(shard).changeTeam(team, { reason }, change)),
    );
  }

  /** The reason stays in the audit: it may name the person. */
  async forget(team: string, player: string, reason: string, by: Actor): Promise<{ done: true } | Refusal> {
    const shard = this.#shardOf(team);
    if (typeof shard !== "string") return shard;
    return this.#audited("forget", { team, player, reason }, by, async () => {
      // The shard follows it to where it goes, but later: so it is there first, if it can.
      await this.#deps.moves.settled(player);
      return calling(async () => this.#shard(shard).forget(team, player, "organiser"));
    });
  }

  /** In the shard's log, then in the vault. */
  async revoke(prize: string, unit: number, reason: string, by: Actor): Promise<{ team: string } | Refusal> {
    const vault = () => vaultStub(this.#deps.env, this.#deps.hunt);
    return this.#audited("revoke", { prize, unit, reason }, by, async (amend) => {
      const win = await calling(async () => vault().winner(prize, unit));
      if ("refused" in win) return win;
      const { team } = win;
      amend({ team });
      const shard = this.#shardOf(team);
      if (typeof shard !== "string") return shard;
      // Its record may still be on its way from the vault.
      const unrecorded = await calling(async () => this.#shard(shard).recordWins([win]));
      if (unrecorded) return unrecorded;
      const action = { type: "revoke", prize, unit, reason } as const;
      const revoked = await calling(async () => this.#shard(shard).organise(team, action));
      if ("refused" in revoked) return revoked;
      await calling(async () => vault().revoked(prize, unit));
      return (await this.#revokeCarried(win, action)) ?? { team };
    });
  }

  /** The player may be in another team now, and shows the win there. From here on a move tells it as revoked. */
  async #revokeCarried(
    { team, player }: Win,
    action: TeamAction & { type: "revoke" },
  ): Promise<Refusal | undefined> {
    const onTheWay = await this.#deps.moves.settled(player);
    if (onTheWay) return onTheWay;
    for (
      let at: string | undefined = team, moves = 0;
      at !== undefined && moves < MOVES_FOLLOWED;
      moves += 1
    ) {
      const here: string = at;
      const shard = this.#shardOf(here);
      if (typeof shard !== "string") return shard;
      if (here !== team) {
        const revoked = await calling(async () => this.#shard(shard).organise(here, action));
        if ("refused" in revoked && revoked.refused !== "not_found") return revoked;
      }
      const found: Whereabouts | Refusal = await calling(
        async () => (await this.#shard(shard).whereIs(here, player)) as Whereabouts | Refusal,
      );
      if ("refused" in found) return found;
      at = found.moved?.team;
    }
    return undefined;
  }

  async rearchive(reason: string, by: Actor): Promise<{ facts: number } | Refusal> {
    return this.#audited("rearchive", { reason }, by, async (amend) => {
      let facts = 0;
      for (const shard of this.#deps.state.shards) {
        facts += (await calling(async () => this.#shard(shard).rearchive())).facts;
        amend({ facts });
      }
      return { facts };
    });
  }

  async repair(reason: string, by: Actor): Promise<RepairReport | Refusal> {
    const { env, hunt, state } = this.#deps;
    return this.#audited("repair", { reason }, by, async (amend) => {
      const store = openOrigin(env);
      try {
        const report = await repairHunt(env, guardedOrigin(env, store), hunt, state.shards);
        amend({ repaired: report.repaired, left: report.left.length });
        return report;
      } finally {
        await store.close();
      }
    });
  }

  /** Not repeated: each time a test is sent. */
  testWebhook(webhook: string, by: Actor): Promise<DeliveryTry | Refusal> {
    return this.#audited("webhook-test", { webhook }, by, async (amend) => {
      const tried = await callingOnce(
        async () => (await this.#outbox(webhook).sendTest()) as DeliveryTry | Refusal,
      );
      if (!("refused" in tried)) amend({ status: tried.status ?? 0 });
      return tried;
    });
  }

  redeliver(
    webhook: string,
    ids: readonly string[] | undefined,
    by: Actor,
  ): Promise<{ redelivered: number } | Refusal> {
    return this.#audited("webhook-redeliver", { webhook }, by, async (amend) => {
      const done = await calling(
        async () => (await this.#outbox(webhook).redeliver(ids)) as { redelivered: number } | Refusal,
      );
      if (!("refused" in done)) amend(done);
      return done;
    });
  }

  #outbox(webhook: string) {
    return outboxStub(this.#deps.env, this.#deps.hunt, webhook);
  }

  async redrive(ids: readonly string[] | undefined, by: Actor): Promise<{ redriven: number } | Refusal> {
    const { env, hunt } = this.#deps;
    return this.#audited("redrive", {}, by, async (amend) => {
      const redriven = await calling(async () => deadLettersStub(env, hunt).redrive(ids));
      amend({ redriven });
      return { redriven };
    });
  }

  /** Writes the line, does the work, and marks the line when that is refused or fails. */
  async #audited<Done extends object>(
    action: AuditEntry["action"],
    detail: Detail,
    by: Actor,
    work: (amend: (more: Detail) => void) => Promise<Done | Refusal>,
  ): Promise<Done | Refusal> {
    const { audit, state, now } = this.#deps;
    if (!state.current) return refuse("not_found", "no such hunt");
    const line = audit.record({ ...by, at: now(), action, detail });
    const amend = (more: Detail): void => audit.amend(line, more);
    try {
      const done = await orRefusal(work(amend));
      if ("refused" in done) amend({ refused: done.refused });
      return done;
    } catch (error) {
      amend({ refused: "internal" });
      throw error;
    }
  }

  /** The shard of a team: one that takes part, because a guessed id can name any. */
  #shardOf(team: string): string | Refusal {
    const shard = parseTeamId(team)?.shard;
    if (shard !== undefined && this.#deps.state.shards.includes(shard)) return shard;
    return refuse("not_found", "no such team");
  }

  #shard(shard: string) {
    return shardStub(this.#deps.env, this.#deps.hunt, shard);
  }
}
