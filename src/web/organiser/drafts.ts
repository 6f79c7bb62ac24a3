/** Definitions that were changed and not published: kept in the tab, one a hunt. */
import { signal } from "@preact/signals";
import { tab } from "../shared/device.ts";
import { hasTexts, objectIn } from "../shared/outside.ts";

export interface Draft {
  text: string;
  /** The version it changes, as its ETag. */
  version?: string;
}

const PREFIX = "draft/";

const listed = (): string[] =>
  tab
    .keys()
    .filter((key) => key.startsWith(PREFIX))
    .map((key) => key.slice(PREFIX.length))
    .sort();

/** The hunts that have one. */
export const drafts = signal<readonly string[]>(listed());

export function readDraft(hunt: string): Draft | undefined {
  const kept = objectIn(tab.recall(`${PREFIX}${hunt}`));
  if (!hasTexts(kept, "text")) return undefined;
  return { text: String(kept.text), ...(hasTexts(kept, "version") ? { version: String(kept.version) } : {}) };
}

export function keepDraft(hunt: string, draft: Draft): void {
  tab.remember(`${PREFIX}${hunt}`, JSON.stringify(draft));
  drafts.value = listed();
}

export function forgetDraft(hunt: string): void {
  tab.forget(`${PREFIX}${hunt}`);
  drafts.value = listed();
}

/** Keeps what was typed a moment ago; an open editor says how. */
let keepTyped: (() => void) | undefined;

/** Resolves to the end of it. */
export function whileTyping(keep: () => void): () => void {
  keepTyped = keep;
  return () => {
    if (keepTyped === keep) keepTyped = undefined;
  };
}

/** The hunts with unpublished changes, the last key included. */
export function unpublished(): readonly string[] {
  keepTyped?.();
  return drafts.value;
}
