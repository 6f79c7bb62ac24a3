/** Where links of the hunt's texts lead on the player page: to clues that the team has, and to pages. */
import { computed, effect } from "@preact/signals";
import { ways } from "../shared/addresses.ts";
import { hunt, me } from "./state.ts";

/** Its value stays while the same clues are there, so that no text is made anew with each look. */
const shown = computed(() => (me.value?.clues ?? []).map(({ id }) => id).join(" "));
const pages = computed(() => (hunt.value?.pages ?? []).map(({ id }) => id).join(" "));

effect(() => {
  const clues = new Set(shown.value.split(" "));
  const known = new Set(pages.value.split(" "));
  ways.value = {
    clue: (id) => (clues.has(id) ? `#clue/${id}` : undefined),
    page: (id) => (known.has(id) ? `#page/${id}` : undefined),
  };
});
