/** Clues withdrawn by organisers, declared void, and put back. */
import type { Effects } from "../contract/regrade.ts";
import { type Refusal, refuse } from "../errors.ts";
import { type ClueChange, changeOfClue, withClueChange } from "../hunt/clue-changes.ts";
import type { Actor, ClueChanged, ClueWish } from "../objects/control.ts";
import type { AuditLog } from "./audit.ts";
import { NO_EFFECTS } from "./effects.ts";
import type { Published } from "./publish.ts";
import type { Regrades } from "./regrades.ts";
import type { StateStore } from "./state.ts";

interface ClueDeskDeps {
  state: StateStore;
  audit: AuditLog;
  regrades: Regrades;
  published(): Published | Refusal;
  tellEveryone(): Promise<Refusal | undefined>;
  now(): number;
}

export class ClueDesk {
  readonly #deps: ClueDeskDeps;

  constructor(deps: ClueDeskDeps) {
    this.#deps = deps;
  }

  /** Safe to repeat. What it moves is told as it was found before. */
  async change(clue: string, wish: ClueWish, by: Actor): Promise<ClueChanged | Refusal> {
    const { state, audit, regrades, tellEveryone, now } = this.#deps;
    const hunt = this.#deps.published();
    if ("refused" in hunt) return hunt;
    if (!hunt.compiled.hunt.clues.some(({ id }) => id === clue)) return refuse("not_found", "no such clue");
    const next: ClueChange | undefined = wish.withdrawn ? (wish.void ? { void: true } : {}) : undefined;
    const before = changeOfClue(hunt.state.clues, clue);
    const clues = withClueChange(hunt.state.clues, clue, next);
    const moves = (before?.void === true) !== (next?.void === true);
    const effects = moves
      ? await regrades.effects({ hunt: hunt.compiled.hunt, clues, only: clue })
      : NO_EFFECTS;
    if ("refused" in effects) return effects;
    const told = toldOf(clue, wish, effects);
    if (wish.dryRun) return told;
    if (regrades.isMaking)
      return refuse("conflict", "the log is being judged again; send it again in a moment");
    const present = state.current;
    if (!present) return refuse("not_found", "no such hunt");
    const isSame = JSON.stringify(changeOfClue(present.clues, clue)) === JSON.stringify(next);
    if (isSame) return (present.told ? undefined : await tellEveryone()) ?? told;
    state.change({ clues: withClueChange(present.clues, clue, next) });
    const { reason, withdrawn } = wish;
    audit.record({
      ...by,
      at: now(),
      action: withdrawn ? "withdraw-clue" : "restore-clue",
      detail: { clue, ...(next?.void ? { void: true } : {}), reason },
    });
    // In the same turn: whatever is killed from here on, its solves are counted anew.
    const recount = moves ? regrades.toRecount(clue, reason, present.clues ?? {}) : undefined;
    const unreached = await tellEveryone();
    if (unreached) return unreached;
    return (recount && (await regrades.recount(recount))) ?? told;
  }
}

const toldOf = (clue: string, { withdrawn, void: isVoid }: ClueWish, effects: Effects): ClueChanged => ({
  clue,
  withdrawn,
  ...(withdrawn && isVoid ? { void: true as const } : {}),
  effects,
});
