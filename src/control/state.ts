/**
 * The state of a hunt as control stores it, beside the definition's text: one
 * row, with its key and the version of its form. Organisers' changes go through
 * `change`, so that each has a revision of its own and is told to everyone.
 */
import type { ClueChanges } from "../hunt/clue-changes.ts";
import type { Phase, PhaseState } from "../hunt/phase.ts";
import type { PrizeChanges } from "../hunt/prize-changes.ts";
import type { Rehearsal } from "../objects/rehearsal.ts";
import type { Announcement } from "../protocol.ts";
import { assertKnownForm } from "../stored-form.ts";
import type { StoredText } from "../stored-text.ts";

const KEY = "state";

/**
 * The form of the row. A row without `v` was written before there were versions, and has form 1. Form 2 has `rules`.
 * Form 3 is of a hunt that is deleted or was before, form 4 of a rehearsal: an engine that does not know that must not
 * take it for another. Form 5 is of a hunt that was or is being restored from a backup: it has codes of its own.
 */
const FORM = 5;
const REHEARSAL_FORM = 4;
const ANEW_FORM = 3;
const USUAL_FORM = 2;

/** A rehearsal as its control knows it: how the codes of the hunt that it rehearses were made, which are its own. */
export interface RehearsalState extends Rehearsal {
  begun?: 2;
  incarnation?: number;
}

export interface HuntState {
  /** Grows with each change; an object that knows a higher one ignores a lower one. */
  revision: number;
  /** Of the definition. */
  version: number;
  phase: PhaseState;
  /** Those that shards are told; all are in a table of their own (announcements.ts). */
  announcements: Announcement[];
  /** Ids of those that were taken back last: who was told is told that. */
  takenBack?: string[];
  /** Those that are sent later, the earliest first. */
  scheduled?: Announcement[];
  /** Shards that took part so far. */
  shards: string[];
  /** Active shards per region: new teams land on 0 … n − 1. */
  shardsPerRegion: number;
  /** The key that made the hunt's printed codes: it stays when the ring turns. */
  codeKey: string;
  /**
   * What the hunt began with, for what stays as it began: 2 has grouped codes, and names reserved
   * under today's folding. Absent: an engine before these published it first.
   */
  begun?: 2;
  /** The pepper that shards' answers were digested with at the last publication. Absent before that was noted. */
  pepper?: string;
  /** Of the prize draws: made once, public after the end. Absent in hunts published before there were prizes. */
  drawSeed?: string;
  prizes?: PrizeChanges;
  /** Clues that organisers withdrew. */
  clues?: ClueChanges;
  /** How often a file got another content that the published version names. Absent: never. */
  assets?: number;
  /** An organiser has released the results; see `results` of the definition. */
  released?: true | undefined;
  /** The seed of the draws was told: the hunt is not reopened. */
  seedTold?: true;
  format: "json" | "yaml";
  /** `RULES_VERSION` of the engine that made what everyone was told. Absent: 1. */
  rules?: number;
  /** The last fan-out reached everyone. */
  told: boolean;
  /** Which of the hunts that had this id (src/objects/incarnation.ts). Absent: 0. */
  incarnation?: number;
  /** Organisers' tokens that name the hunt and are of before are void here, seconds since the epoch. */
  voidBefore?: number;
  /** The webhooks, and those that versions dropped whose outboxes are not erased yet. Absent: none. */
  webhooks?: WebhookLife[];
  /** The hunt is being deleted: for everybody else it does not exist. */
  sealed?: true;
  /** The hunt is a rehearsal. */
  rehearsal?: RehearsalState;
  /** The id of the hunt's own rehearsal, which may be gone by now. */
  rehearsedAs?: string | undefined;
  /** The hunt is being restored from a backup: half of it may be there, and nobody may use it. */
  restoring?: Restoring | undefined;
  /** The hunt was restored from a backup: ids and codes in it may have been made with the keys of another engine. */
  restored?: true;
}

/** What the hunt is from the moment on that all of it is there. */
export interface Restoring extends Pick<HuntState, "phase" | "announcements" | "takenBack" | "scheduled"> {
  /** Names it in each call. */
  attempt: string;
  /** The last line of the audit that is not of the backup. */
  line: number;
}

/** `since`: when a version brought it, epoch ms; it is told nothing of before. */
export interface WebhookLife {
  id: string;
  since: number;
  dropped?: true;
}

/** The phases that an organiser can set. */
export type PhaseByHand = Exclude<Phase, "draft">;

interface StateDeps {
  texts: Pick<StoredText, "read" | "write">;
  /** Called with every change, in the same turn: the alarm it sets is as durable as the change. */
  changed(): void;
}

export class StateStore {
  readonly #deps: StateDeps;
  #state: HuntState | undefined;

  constructor(deps: StateDeps) {
    this.#deps = deps;
    const text = deps.texts.read(KEY);
    if (text !== undefined) this.#state = readState(text);
  }

  /** Undefined: the hunt was never published, or is being deleted. */
  get current(): Readonly<HuntState> | undefined {
    return this.#state?.sealed ? undefined : this.#state;
  }

  /** The state of a hunt that is being deleted. */
  get sealed(): Readonly<HuntState> | undefined {
    return this.#state?.sealed ? this.#state : undefined;
  }

  get shards(): readonly string[] {
    return this.current?.shards ?? [];
  }

  /** The first publication. */
  create(state: Omit<HuntState, "revision" | "told">): void {
    this.#write({ ...state, revision: 1, told: false });
    this.#deps.changed();
  }

  /** A change that everyone must be told of. */
  change(changes: Partial<Omit<HuntState, "revision" | "told">>): void {
    const state = this.#existing();
    this.#write({ ...state, ...changes, revision: state.revision + 1, told: false });
    this.#deps.changed();
  }

  /** A hunt comes from a backup, in the place of an empty one or of half a hunt. */
  restore(state: Omit<HuntState, "revision" | "told">): void {
    this.#write({ ...state, revision: (this.#state?.revision ?? 0) + 1, told: false });
    this.#deps.changed();
  }

  /** Something that only control itself needs to know: no revision, and nobody is told. */
  note(
    notes: Partial<
      Pick<
        HuntState,
        | "shards"
        | "drawSeed"
        | "seedTold"
        | "told"
        | "pepper"
        | "rules"
        | "scheduled"
        | "webhooks"
        | "rehearsedAs"
      >
    >,
  ): void {
    this.#write({ ...this.#existing(), ...notes });
  }

  /** From now on the hunt does not exist for anybody; nobody is told. */
  seal(): void {
    this.#write({ ...this.#existing(), sealed: true });
  }

  #existing(): HuntState {
    if (!this.current) throw new Error("a hunt that does not exist cannot change");
    return this.current;
  }

  #write(state: HuntState): void {
    this.#state = state;
    this.#deps.texts.write(KEY, JSON.stringify({ v: formOf(state), ...state }));
  }
}

function formOf({ rehearsal, sealed, incarnation, restoring, restored }: HuntState): number {
  if (restoring || restored) return FORM;
  if (rehearsal) return REHEARSAL_FORM;
  return sealed || incarnation !== undefined ? ANEW_FORM : USUAL_FORM;
}

/** The row's state; throws for a form that only a newer engine knows. */
export function readState(text: string): HuntState {
  const { v, ...state } = JSON.parse(text) as HuntState & { v?: number };
  assertKnownForm("the hunt's state", { v }, FORM);
  return state;
}
