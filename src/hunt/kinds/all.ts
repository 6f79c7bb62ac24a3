/**
 * The list of kinds. The format, the rules and `/me` know the kinds that stand
 * here; no other file of the rules names one.
 */
import type { Command } from "../../protocol.ts";
import { answer } from "./answer.ts";
import { choice } from "./choice.ts";
import type { CommandOf, Kind, Solving, SolvingEvent } from "./kind.ts";
import { checkinEvent, place } from "./place.ts";
import { scan, scanEvent } from "./scan.ts";
import { answerEvent } from "./texts.ts";

/** By the name that authors write and that is stored. */
export const KINDS = { answer, scan, place, choice } satisfies Record<string, Kind>;

export type ClueKind = keyof typeof KINDS;

/** Every event that solves clues, by its type. */
const EVENTS: { readonly [Type in Solving["type"]]: SolvingEvent<CommandOf<Type>> } = {
  answer: answerEvent,
  scan: scanEvent,
  checkin: checkinEvent,
};

type Listed = (typeof KINDS)[ClueKind];
/** `A | B` → `A & B`. */
type Together<Union> = (Union extends unknown ? (each: Union) => void : never) extends (
  each: infer All,
) => void
  ? All
  : never;

/** The keys of all kinds, each with its one schema. */
export type KindKeys = Together<Listed["keys"]>;
/** The stored parts of all kinds: a clue has that of its own. */
export type KindParts = Partial<Together<ReturnType<NonNullable<Listed["compile"]>>>>;

export const KIND_NAMES = Object.keys(KINDS) as [ClueKind, ...ClueKind[]];

// From the last kind to the first: the published schema lists the keys in this order.
export const KIND_KEYS = Object.assign(
  {},
  ...Object.values(KINDS)
    .map(({ keys }) => keys)
    .reverse(),
) as KindKeys;

/** The kind of a clue. A stored hunt of newer code may have one that is not known here: an error. */
export function kindOf({ kind }: { kind: ClueKind }): Kind {
  const known: Kind | undefined = KINDS[kind];
  if (!known) throw new Error(`this version of the engine knows no clues of kind ${String(kind)}`);
  return known;
}

/** The event of this type; undefined: it solves no clues. */
export function eventOf(type: Solving["type"]): SolvingEvent;
export function eventOf(type: Command["type"]): SolvingEvent | undefined;
export function eventOf(type: Command["type"]): SolvingEvent | undefined {
  return type === "hint" || type === "claim" || type === "start" ? undefined : EVENTS[type];
}
