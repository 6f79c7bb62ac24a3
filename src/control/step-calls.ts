/** What moves and merges ask of shards, step by step. Whatever fails is a refusal that passes: nothing is decided by it. */
import { type Clock, within } from "../clock.ts";
import { type Refusal, refuse } from "../errors.ts";
import { foldName } from "../hunt/fold.ts";
import { calling, orRefusal, registryStub, shardStub } from "../objects/call.ts";
import type { Env } from "../objects/env.ts";
import { parseTeamId } from "../objects/ids.ts";
import { TEAM_PREFIX } from "../objects/names.ts";
import type { TeamChanged } from "../objects/shard.ts";
import type { StateStore } from "./state.ts";

export interface StepCallsDeps {
  hunt: string;
  env: Pick<Env, "SHARD" | "NAMES">;
  clock: Clock;
  state: StateStore;
  /** How long one step may take, ms. */
  deadline: number;
  /** What the steps make, in words: "a move". */
  called: string;
}

export class StepCalls {
  readonly #deps: StepCallsDeps;

  constructor(deps: StepCallsDeps) {
    this.#deps = deps;
  }

  /** One call on the shard of the team. */
  async ask<Told extends object>(
    team: string,
    call: (shard: ReturnType<typeof shardStub>) => Promise<unknown>,
  ): Promise<Told | Refusal> {
    const { env, hunt, clock, state, deadline, called } = this.#deps;
    const shard = parseTeamId(team)?.shard ?? "";
    if (!state.current) return GONE;
    try {
      const asked = calling(async () => (await call(shardStub(env, hunt, shard))) as Told | Refusal);
      return await orRefusal(within(clock, deadline, asked));
    } catch (error) {
      console.warn({ message: `a step of ${called} failed`, shard, error: String(error) });
      return refuse("unavailable", "a part of the engine did not respond; it is gone on with");
    }
  }

  /** Of a team that nobody is in any more; a break loses nothing: who asks for the name later finds that no team bears it. */
  async free(freed: TeamChanged["freed"]): Promise<void> {
    if (!freed) return;
    const { env, hunt } = this.#deps;
    const reserved = TEAM_PREFIX + foldName(freed.name);
    await orRefusal(calling(async () => registryStub(env, hunt, reserved).release(reserved, freed.key)));
  }

  /** Whether the team's shard takes part: a guessed id can name any. */
  takesPart(team: string): boolean {
    const shard = parseTeamId(team)?.shard;
    return shard !== undefined && this.#deps.state.shards.includes(shard);
  }
}

/** Nothing is decided by it. */
export const isPassing = ({ refused }: Refusal): boolean =>
  refused === "unavailable" || refused === "overloaded";

const GONE = refuse("unavailable", "the hunt is being deleted");
