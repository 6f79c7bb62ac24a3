/**
 * Organisers' actions that other objects carry out. The line in the audit comes
 * first, so that whatever stops the work, the audit says that it was begun.
 * When the work is refused or fails, the line is marked `refused` with the
 * error's code. A line without that mark may be of work that a restart cut short.
 */
import { type Refusal, refuse } from "../errors.ts";
import { calling, callingOnce, deadLettersStub, orRefusal, shardStub, vaultStub } from "../objects/call.ts";
import type { Actor, AuditEntry } from "../objects/control.ts";
import type { Env } from "../objects/env.ts";
import { parseTeamId } from "../objects/ids.ts";
import type { TeamAction } from "../protocol.ts";
import type { AuditLog } from "./audit.ts";
import type { StateStore } from "./state.ts";

type Detail = AuditEntry["detail"];

interface ActionsDeps {
  hunt: string;
  env: Pick<Env, "SHARD" | "PRIZES" | "DEAD_LETTERS">;
  state: StateStore;
  audit: AuditLog;
  now(): number;
}

export class Actions {
  readonly #deps: ActionsDeps;

  constructor(deps: ActionsDeps) {
    this.#deps = deps;
  }

  /** The call on the shard is not repeated: an award given twice is two awards. */
  async actOnTeam(team: string, action: TeamAction, by: Actor): Promise<{ score: number } | Refusal> {
    const shard = this.#shardOf(team);
    if (typeof shard !== "string") return shard;
    const { type, ...about } = action;
    return this.#audited(type, { team, ...about }, by, () =>
      callingOnce(async () => this.#shard(shard).organise(team, action)),
    );
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
      return { team };
    });
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
    action: string,
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
