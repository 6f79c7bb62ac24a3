/**
 * Whether what the device kept still is what this page keeps there. An earlier
 * release, another page of the same address or a hand may have written it; what
 * is not taken counts as nothing kept. PURE.
 */
import type { Phase } from "../../contract/basics.ts";
import type { Hunt } from "../../contract/hunt.ts";
import type { Joined } from "../../contract/join.ts";
import type { MeApart } from "../../contract/me.ts";
import type { PlayerEvent } from "../../contract/play.ts";
import { hasTexts, isListOf, isObject } from "../shared/outside.ts";

/** Who plays a hunt on this device. */
export interface Session extends Omit<Joined, "returnCode"> {
  hunt: string;
  /** Absent: kept by a page of before, or told by an engine of before. */
  returnCode?: string;
}

const PHASES: Record<Phase, true> = { draft: true, live: true, paused: true, ended: true, final: true };

const isPhase = (value: unknown): boolean => typeof value === "string" && Object.hasOwn(PHASES, value);
const isNumber = (value: unknown): boolean => typeof value === "number";

export const isSession = (value: unknown): value is Session =>
  hasTexts(value, "hunt", "token") &&
  hasTexts(value.player, "id") &&
  hasTexts(value.team, "id", "name") &&
  ["undefined", "string"].includes(typeof value.returnCode) &&
  ["undefined", "string"].includes(typeof value.team.joinCode);

const isPublicPrize = (value: unknown): boolean =>
  hasTexts(value, "id") && isNumber(value.stock) && (value.odds === undefined || isNumber(value.odds));

export const isHunt = (value: unknown): value is Hunt =>
  hasTexts(value, "title", "serverTime") &&
  isPhase(value.phase) &&
  isObject(value.teams) &&
  isNumber(value.teams.maxSize) &&
  isNumber(value.clueCount) &&
  (value.prizes === undefined || isListOf(value.prizes, isPublicPrize)) &&
  (value.freeze === undefined || typeof value.freeze === "string") &&
  (value.description === undefined || typeof value.description === "string") &&
  (value.brackets === undefined || isListOf(value.brackets, (each) => hasTexts(each, "id", "title")));

/** Addresses are of the engine's own origin. */
const isTextAt = (value: unknown): boolean =>
  hasTexts(value, "digest", "url") && String(value.url).startsWith("/v1/");

export const isText = (value: unknown): value is { text: string } => hasTexts(value, "text");

const isHint = (value: unknown): boolean =>
  hasTexts(value, "id", "availableAt") &&
  isNumber(value.cost) &&
  ["undefined", "string"].includes(typeof value.text) &&
  (value.textAt === undefined || isTextAt(value.textAt));

const isClue = (value: unknown): boolean =>
  hasTexts(value, "id", "round", "title", "kind", "state") &&
  (value.bodyAt === undefined ? typeof value.body === "string" : isTextAt(value.bodyAt)) &&
  ["undefined", "string"].includes(typeof value.body) &&
  isNumber(value.points) &&
  (value.value === undefined || isNumber(value.value)) &&
  ["undefined", "string"].includes(typeof value.closesAt) &&
  isNumber(value.attempts) &&
  (value.attemptsLeft === undefined || isNumber(value.attemptsLeft)) &&
  (value.attemptsOfClue === undefined || isNumber(value.attemptsOfClue)) &&
  (value.choices === undefined || isListOf(value.choices, (each) => hasTexts(each, "id", "label"))) &&
  (value.place === undefined || (isObject(value.place) && isNumber(value.place.radius))) &&
  isListOf(value.hints, isHint);

const isWanted = (value: unknown): boolean =>
  hasTexts(value, "kind") &&
  (value.rounds === undefined || isListOf(value.rounds, (each) => typeof each === "string")) &&
  [value.count, value.have].every((each) => each === undefined || isNumber(each));

const isPrize = (value: unknown): boolean =>
  hasTexts(value, "id", "title", "mode") &&
  (value.requires === undefined ||
    (isObject(value.requires) &&
      isNumber(value.requires.atLeast) &&
      isListOf(value.requires.of, isWanted))) &&
  (value.window === undefined || hasTexts(value.window, "from", "to")) &&
  (value.left === undefined || isNumber(value.left)) &&
  isListOf(value.wins, (win) => hasTexts(win, "event", "at", "player"));

export const isMe = (value: unknown): value is MeApart =>
  isObject(value) &&
  isPhase(value.phase) &&
  hasTexts(value.player, "id", "name") &&
  hasTexts(value.team, "id", "name") &&
  isNumber(value.team.score) &&
  isNumber(value.team.solves) &&
  (value.team.rank === undefined || isNumber(value.team.rank)) &&
  isListOf(value.team.members, (each) => hasTexts(each, "id", "name")) &&
  isListOf(value.rounds, (each) => hasTexts(each, "id", "title")) &&
  isListOf(value.clues, isClue) &&
  (value.prizes === undefined || isListOf(value.prizes, isPrize)) &&
  isListOf(value.announcements, (each) => hasTexts(each, "id", "at", "text"));

/** The engine looks at the rest of it. */
export const isEvent = (value: unknown): value is PlayerEvent => hasTexts(value, "id", "type");
