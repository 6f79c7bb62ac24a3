/** Clues that came since this player last looked: announced when they come, marked until they are opened. */
import { effect, signal, untracked } from "@preact/signals";
import type { ClueApart } from "../../contract/me.ts";
import { device } from "../shared/device.ts";
import { parsed } from "../shared/outside.ts";
import { me, session, toast, verdicts } from "./state.ts";

/** The clues that this player has opened, or found when it joined. */
const opened = signal<ReadonlySet<string>>(new Set());
/** Where they are kept on the device: of whom `opened` and `known` are. */
let key = "";
/** The clues told of so far. */
let known = new Set<string>();

export const isNew = ({ id, state }: ClueApart): boolean => state === "open" && !opened.value.has(id);

export function markOpened(clue: string): void {
  if (opened.value.has(clue)) return;
  opened.value = new Set([...opened.value, clue]);
  device.remember(key, JSON.stringify([...opened.value]));
}

function recall(): ReadonlySet<string> | undefined {
  const kept = parsed(device.recall(key) ?? "");
  return Array.isArray(kept) ? new Set(kept.filter((id) => typeof id === "string")) : undefined;
}

effect(() => {
  const own = session.value;
  const clues = me.value?.clues;
  if (!own || !clues || me.value?.player.id !== own.player.id) return;
  untracked(() => take(`opened/${own.hunt}/${own.player.id}`, clues));
});

function take(of: string, clues: readonly ClueApart[]): void {
  const came = clues.filter((clue) => clue.state === "open" && !known.has(clue.id));
  const isFirst = key !== of;
  known = new Set(clues.map(({ id }) => id));
  if (isFirst) {
    key = of;
    const kept = recall();
    opened.value = kept ?? known;
    if (!kept) device.remember(key, JSON.stringify([...known]));
    return;
  }
  // Those that one's own solve opened are told with its verdict.
  const told = new Set(Object.values(verdicts.value).flatMap(({ unlocked }) => unlocked ?? []));
  const others = came.filter(({ id }) => !told.has(id));
  const [first] = others;
  if (first) toast.value = { kind: "clues", text: first.title, count: others.length };
}
