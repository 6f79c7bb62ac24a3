/**
 * The compiled hunt: what `compile` makes of a definition, what control hands
 * to the shards and the rules read. Plain JSON; times are epoch milliseconds,
 * durations milliseconds, distances metres, speeds metres per second.
 */
import type { Font } from "../contract/tints.ts";
import type { WebhookShape, WebhookType } from "../contract/webhook-types.ts";
import type { CompareMode } from "../protocol.ts";
import type { Asks } from "./asks.ts";
import type { AssetRefs } from "./asset-references.ts";
import type { AttemptLimits } from "./attempts.ts";
import type { ClueKind, KindParts } from "./kinds/all.ts";
import type { Texts } from "./languages.ts";

export type Condition =
  | { op: "start" }
  | { op: "manual" }
  | { op: "solved"; clue: string }
  | { op: "solvedIn"; rounds: string[]; atLeast: number }
  | { op: "points"; points: number }
  | { op: "at"; time: number }
  | { op: "after"; duration: number }
  /** So long after the team solved the clue. */
  | { op: "since"; clue: string; duration: number }
  | { op: "all"; of: Condition[] }
  | { op: "any"; of: Condition[] }
  | { op: "atLeast"; atLeast: number; of: { weight: number; condition: Condition }[] };

export interface CompiledRound {
  id: string;
  title: string;
  /** Its story; absent: none. */
  body?: string;
  /** `asset:…`; absent: none. */
  image?: string;
}

export interface CompiledHint {
  id: string;
  text: string;
  cost: number;
  after: number;
}

/** What every clue has, and the part of its own kind. */
export interface CompiledClue extends KindParts {
  id: string;
  /** Absent: it is in none. */
  round?: string;
  title: string;
  body: string;
  /** Told to who solved it, and to all in the end; absent: none. */
  solution?: string;
  /** Absent: none. */
  tags?: string[];
  /** `asset:…` each; absent: none. */
  attachments?: string[];
  kind: ClueKind;
  points: number;
  meta: boolean;
  /** The mode in which a typed answer to it is digested; `exact` where none solves it. */
  compare: CompareMode;
  /** Digest of the code that solves it, where one does. */
  codeDigest?: string;
  hints: CompiledHint[];
  attempts: AttemptLimits;
  opens: Condition;
  /** When it can be solved no more: `after` ms since it opened for the team, or `at` (epoch ms). Absent: it stays open. */
  closes?: { after: number } | { at: number };
  /** Its points fall to `minimum` between `full` and `none` ms since it opened for the team; absent: they do not. */
  speed?: Speed;
  /** How its value falls with its solves, instead of the hunt's. */
  decay?: Decay;
  /** Bonuses instead of the hunt's. */
  firstSolves?: number[];
}

export interface Speed {
  full: number;
  none: number;
  minimum: number;
}

/** What a later version dropped of a clue, or all of it (`clue`): for the teams that have it. */
export interface WithdrawnClue {
  id: string;
  /** Its dropped hints. */
  hints: CompiledHint[];
  clue?: Pick<CompiledClue, "round" | "title" | "body" | "solution" | "tags" | "kind" | "points" | "meta"> & {
    roundTitle: string;
  };
}

export interface CompiledPrize {
  id: string;
  title: string;
  mode: "first-come" | "instant-win" | "odds";
  stock: number;
  perTeam: number;
  perPlayer?: number;
  odds?: number;
  window?: { from: number; to: number };
  requires?: Condition;
  codes?: string[];
}

export interface Scoring {
  ranking: "score" | "finish";
  finish?: string;
  decay: Decay;
  firstSolves: number[];
  /** What each counted wrong try takes from the solve of its clue; absent: nothing. */
  penalty?: { points: number };
}

export interface Decay {
  kind: "none" | "linear" | "log";
  minimum: number;
  solves: number;
}

export interface Webhook {
  id: string;
  url: string;
  as: WebhookShape;
  on: WebhookType[];
}

export interface Players {
  require: "anyone" | "registered" | "signed";
  whenOriginDown: "admit" | "refuse";
  /** Each person joins once. Absent where anyone may join, and in what engines before compiled: true there. */
  once?: boolean;
}

/** `after`: ms after the clue opened for the team (without a clue: after the team began); `at`: epoch ms. */
export interface Help {
  from?: { after: number } | { at: number };
  /** Threads that wait for an answer at a time. */
  perTeam: number;
  about: "clues" | "anything";
}

/** How the hunt's pages look: pictures are `asset:…`, colours `#rrggbb`; what is absent is as the pages have it. */
export interface Look {
  logo?: string;
  cover?: string;
  card?: string;
  colour?: string;
  background?: string;
  font?: Font;
}

/** `clock`: a team's time runs from its own start; `limit`: how long then, ms. */
export interface Teams {
  mode: "teams" | "solo";
  maxSize: number;
  clock?: "own" | undefined;
  limit?: number | undefined;
}

/** The whole compiled hunt: secret, held by control and shards only. */
export interface CompiledHunt {
  format: 1;
  hunt: string;
  title: string;
  description?: string;
  opens?: number;
  closes?: number;
  freeze?: number;
  /** Present: everybody sees the results when an organiser releases them. */
  results?: "manual";
  /** Present: a team may not read what it has tried. */
  guesses?: "hidden";
  /** Teams may ask organisers; absent: they may not. */
  help?: Help;
  /** How long after the end players are kept; absent: as the setting says. */
  retention?: number;
  teams: Teams;
  brackets: { id: string; title: string }[];
  players: Players;
  attempts: AttemptLimits;
  scoring: Scoring;
  rounds: CompiledRound[];
  clues: CompiledClue[];
  prizes: CompiledPrize[];
  webhooks: Webhook[];
  look?: Look;
  /** Pages of the hunt's own, which are told apart; absent: none. */
  pages?: { id: string; title: string }[];
  /** The first is the one of the texts here; absent: nobody said which that is. */
  languages?: string[];
  /** By language, the texts that differ, by their path; absent: none does. */
  translations?: Record<string, Texts>;
  /** The files that its texts name; absent: none. */
  assets?: AssetRefs;
  /** In the order they were dropped; absent: none. */
  withdrawn?: WithdrawnClue[];
  /** Id of the pepper the digests were made with. */
  pepper: string;
  /** `RULES_VERSION` of the engine that compiled it. Absent: 1. */
  rules?: number;
}

/** The public half: no answers, no digests, no clue. Safe for KV. */
export interface PublicHunt {
  format: 1;
  hunt: string;
  title: string;
  description?: string;
  opens?: number;
  closes?: number;
  freeze?: number;
  /** Present: everybody sees the results when an organiser releases them. */
  results?: "manual";
  /** Present: a team may not read what it has tried. */
  guesses?: "hidden";
  /** Teams may ask organisers; absent: they may not. */
  help?: Help;
  /** How long after the end players are kept; absent: as the setting says. */
  retention?: number;
  teams: Teams;
  brackets: { id: string; title: string }[];
  players: Players;
  /** What joining asks; absent: nothing. */
  join?: Asks;
  look?: Look;
  /** Who is behind the hunt, and what becomes of data: `page:…` or https addresses. */
  legal?: { imprint?: string | undefined; privacy?: string | undefined };
  /** Origins whose pages may show the hunt's in a frame; absent: none. */
  embed?: string[];
  clueCount: number;
  prizes: Pick<CompiledPrize, "id" | "title" | "mode" | "stock" | "odds" | "window">[];
  /** Those with something open to all at the start; absent: none. */
  rounds?: CompiledRound[];
  /** Pages of the hunt's own; absent: none. */
  pages?: { id: string; title: string; body: string }[];
  /** As of the compiled hunt; the texts are those of this half. */
  languages?: string[];
  translations?: Record<string, Texts>;
  /** The files that these texts name, which everybody may see; absent: none. */
  assets?: AssetRefs;
  /** The compare modes in use: which digests the edge must compute for an answer. */
  modes: CompareMode[];
}
