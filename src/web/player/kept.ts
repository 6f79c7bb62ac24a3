/**
 * Whether what the device kept still is what this page keeps there. An earlier
 * release, another page of the same address or a hand may have written it; what
 * is not taken counts as nothing kept. PURE.
 */
import type { Phase } from "../../contract/basics.ts";
import type { Hunt } from "../../contract/hunt.ts";
import type { Joined } from "../../contract/join.ts";
import type { Me } from "../../contract/me.ts";
import type { PlayerEvent } from "../../contract/play.ts";
import { hasTexts, isListOf, isObject } from "../shared/outside.ts";

/** Who plays a hunt on this device. */
export interface Session extends Joined {
  hunt: string;
}

const PHASES: Record<Phase, true> = { draft: true, live: true, paused: true, ended: true };

const isPhase = (value: unknown): boolean => typeof value === "string" && Object.hasOwn(PHASES, value);
const isNumber = (value: unknown): boolean => typeof value === "number";

export const isSession = (value: unknown): value is Session =>
  hasTexts(value, "hunt", "token") &&
  hasTexts(value.player, "id") &&
  hasTexts(value.team, "id", "name") &&
  ["undefined", "string"].includes(typeof value.team.joinCode);

export const isHunt = (value: unknown): value is Hunt =>
  hasTexts(value, "title", "serverTime") &&
  isPhase(value.phase) &&
  isObject(value.teams) &&
  isNumber(value.teams.maxSize) &&
  isNumber(value.clueCount) &&
  (value.description === undefined || typeof value.description === "string") &&
  (value.brackets === undefined || isListOf(value.brackets, (each) => hasTexts(each, "id", "title")));

const isHint = (value: unknown): boolean =>
  hasTexts(value, "id", "availableAt") &&
  isNumber(value.cost) &&
  ["undefined", "string"].includes(typeof value.text);

const isClue = (value: unknown): boolean =>
  hasTexts(value, "id", "round", "title", "kind", "state", "body") &&
  isNumber(value.points) &&
  isNumber(value.attempts) &&
  (value.choices === undefined || isListOf(value.choices, (each) => hasTexts(each, "id", "label"))) &&
  (value.place === undefined || (isObject(value.place) && isNumber(value.place.radius))) &&
  isListOf(value.hints, isHint);

const isPrize = (value: unknown): boolean =>
  hasTexts(value, "id", "title") &&
  (value.left === undefined || isNumber(value.left)) &&
  isListOf(value.wins, (win) => hasTexts(win, "event", "at", "player"));

export const isMe = (value: unknown): value is Me =>
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
