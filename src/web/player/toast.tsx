/** What just happened elsewhere. It never lies over a verdict: where there is one, it is told below it. */
import { effect, signal, untracked } from "@preact/signals";
import { t } from "../shared/i18n.ts";
import { Icon, type IconName } from "../shared/icons.tsx";
import { type Happening, toast } from "./state.ts";
import { verdictText } from "./verdict.tsx";

/** How long a toast stays, ms; how many are shown at once. */
const STAYS = 6_000;
const MOST = 3;

const shown = signal<readonly Happening[]>([]);
/** Places with a verdict in them, that show the toasts as well. */
export const verdictPlaces = signal(0);

effect(() => {
  const told = toast.value;
  if (!told) return;
  untracked(() => {
    shown.value = [...shown.value, told].slice(-MOST);
  });
  setTimeout(() => {
    shown.value = shown.value.filter((each) => each !== told);
  }, STAYS);
});

const ICONS: Readonly<Record<Happening["kind"], IconName>> = {
  solved: "check",
  won: "gift",
  news: "bell",
  moved: "team",
  clues: "compass",
  late: "sync",
};

function textOf(told: Happening): string {
  switch (told.kind) {
    case "solved":
      return t("toastSolved", { title: told.text });
    case "won":
      return t("toastWon", { title: told.text });
    case "clues":
      return told.count === 1 ? t("newClue", { title: told.text }) : t("newClues", { count: told.count });
    case "late": {
      const text = verdictText(told.heard);
      return told.text === "" ? text : t("late", { title: told.text, text });
    }
    case "moved":
      return t("toastMoved", { team: told.text });
    case "news":
      return told.text;
  }
}

export function Toasts() {
  return shown.value.map((told, index) => (
    <div key={index} class={`toast toast-${told.kind}`}>
      <Icon name={ICONS[told.kind]} />
      <p dir="auto">{textOf(told)}</p>
    </div>
  ));
}

/** Over the page, above the bar. */
export function Toast() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {verdictPlaces.value === 0 && <Toasts />}
    </div>
  );
}
