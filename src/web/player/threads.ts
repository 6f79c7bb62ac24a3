/** What the team asked the organisers, as far as the page knows. */
import { signal } from "@preact/signals";
import type { Thread } from "../../contract/help.ts";

/** Undefined: it was not read yet. */
export const threads = signal<readonly Thread[] | undefined>(undefined);

export function keepThread(thread: Thread): void {
  const known = threads.value ?? [];
  threads.value = known.some(({ id }) => id === thread.id)
    ? known.map((each) => (each.id === thread.id ? thread : each))
    : [thread, ...known];
}

/** A thread as the socket tells it: what the organisers said in it, if that is new. */
export function heardThread(thread: Thread): string | undefined {
  const before = threads.value?.find(({ id }) => id === thread.id);
  keepThread(thread);
  const said = thread.messages.at(-1);
  const isNew = said?.from === "staff" && thread.messages.length !== before?.messages.length;
  return isNew ? said.text : undefined;
}
