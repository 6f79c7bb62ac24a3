/**
 * Loads the scanner or the map ahead, once a clue needs it and the page has
 * nothing else to do: then it is there without a network, and after a release.
 */
import { effect } from "@preact/signals";
import { me } from "./state.ts";

/** What clues of a kind need, and what brings it into the page and its store. */
const PARTS: Record<string, () => Promise<unknown>> = {
  scan: async () => (await import("./detector.ts")).makeDetector(),
  place: () => import("../shared/map.ts"),
};

/** How long a page that was just opened is left alone, ms. */
const QUIET = 4_000;

const warmed = new Set<string>();

const saves = (): boolean =>
  (navigator as { connection?: { saveData?: boolean } }).connection?.saveData ?? false;

export function warmParts(): void {
  setTimeout(() => {
    effect(() => {
      if (saves()) return;
      for (const { kind } of me.value?.clues ?? []) {
        const load = PARTS[kind];
        if (!load || warmed.has(kind)) continue;
        warmed.add(kind);
        // It is loaded when it is used, otherwise.
        load().catch(() => warmed.delete(kind));
      }
    });
  }, QUIET);
}
