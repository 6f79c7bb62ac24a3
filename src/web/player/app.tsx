/** The frame of the page: which view, the bar below, and what must be seen at once. */
import { computed, effect, signal } from "@preact/signals";
import { number, t } from "../shared/i18n.ts";
import { Icon, type IconName } from "../shared/icons.tsx";
import { ClueList, CluePage } from "./clues.tsx";
import { JoinPage } from "./join.tsx";
import { News, Prizes, Standings, TeamPage } from "./pages.tsx";
import { hunt, me, missing, online, pending, phase, session, toast, unread } from "./state.ts";
import { keeps } from "./storage.ts";

const route = signal(location.hash.slice(1));
window.addEventListener("hashchange", () => {
  route.value = location.hash.slice(1);
  window.scrollTo(0, 0);
  // Where a screen reader goes on.
  document.querySelector("main")?.focus();
});

const view = computed(() => route.value.split("/")[0] || "clues");

/** How long a toast stays, ms. */
const TOAST = 6_000;
let toastTimer = 0;
effect(() => {
  if (!toast.value) return;
  window.clearTimeout(toastTimer);
  toastTimer = window.setTimeout(() => {
    toast.value = undefined;
  }, TOAST);
});

effect(() => {
  const title = hunt.value?.title;
  if (title !== undefined) document.title = title;
});

export function App() {
  if (missing.value) return <Alone text={t("missing")} />;
  if (!session.value)
    return hunt.value ? (
      <JoinPage hunt={hunt.value} />
    ) : (
      <Alone text={online.value ? t("loading") : t("offline")} />
    );
  return (
    <>
      <Header />
      <main tabIndex={-1} class="page">
        <Notices />
        {view.value === "clue" ? (
          <CluePage id={route.value.slice("clue/".length)} />
        ) : view.value === "standings" ? (
          <Standings />
        ) : view.value === "prizes" ? (
          <Prizes />
        ) : view.value === "news" ? (
          <News />
        ) : view.value === "team" ? (
          <TeamPage />
        ) : (
          <ClueList />
        )}
      </main>
      <Toast />
      <Tabs />
    </>
  );
}

function Alone({ text }: { text: string }) {
  return (
    <main class="alone">
      <Icon name="compass" />
      <h1>{text}</h1>
    </main>
  );
}

function Header() {
  const team = me.value?.team;
  return (
    <header class="masthead">
      <div class="masthead-inner">
        <p class="masthead-title">
          <bdi>{hunt.value?.title}</bdi>
        </p>
        <div class="masthead-figures number">
          {team && (
            <span>
              <strong>{number(team.score)}</strong> {t("score")}
            </span>
          )}
          {team?.rank !== undefined && <span>{t("place", { rank: team.rank })}</span>}
        </div>
      </div>
    </header>
  );
}

function Notices() {
  const waiting = pending.value.length;
  return (
    <div class="stack notices" role="status">
      {!online.value && <p class="note">{t("offline")}</p>}
      {waiting > 0 && (
        <p class="note">
          <Icon name="sync" /> {t("pending", { count: waiting })}
        </p>
      )}
      {!keeps.value && <p class="note">{t("keepsNothing")}</p>}
      {me.value?.team.banned && <p class="note bad">{t("banned")}</p>}
      {phase.value === "paused" && <p class="note">{t("paused")}</p>}
      {phase.value === "ended" && <p class="note">{t("ended")}</p>}
    </div>
  );
}

function Toast() {
  const told = toast.value;
  return (
    <div class="toasts" role="status" aria-live="polite">
      {told && (
        <div class={`toast toast-${told.kind}`}>
          <Icon name={told.kind === "won" ? "gift" : told.kind === "news" ? "bell" : "check"} />
          <p dir="auto">
            {told.kind === "solved"
              ? t("toastSolved", { title: told.text })
              : told.kind === "won"
                ? t("toastWon", { title: told.text })
                : told.text}
          </p>
        </div>
      )}
    </div>
  );
}

function Tabs() {
  const tabs: { view: string; icon: IconName; label: string; badge?: number }[] = [
    { view: "clues", icon: "compass", label: t("clues") },
    { view: "standings", icon: "trophy", label: t("standings") },
    ...(me.value?.prizes ? [{ view: "prizes", icon: "gift" as const, label: t("prizes") }] : []),
    { view: "news", icon: "bell", label: t("news"), badge: unread.value },
    { view: "team", icon: "team", label: t("team") },
  ];
  const current = view.value === "clue" ? "clues" : view.value;
  return (
    <nav class="tabs" aria-label={t("menu")}>
      {tabs.map((tab) => (
        <a key={tab.view} href={`#${tab.view}`} aria-current={tab.view === current ? "page" : undefined}>
          <Icon name={tab.icon} />
          <span>{tab.label}</span>
          {tab.badge ? <span class="badge number">{number(tab.badge)}</span> : null}
        </a>
      ))}
    </nav>
  );
}
