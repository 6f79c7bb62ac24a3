/** The frame of the page: which view, the bar below, and what must be seen at once. */

import { computed, effect, signal } from "@preact/signals";
import { number, t } from "../shared/i18n.ts";
import { Icon, type IconName } from "../shared/icons.tsx";
import { Legal } from "../shared/legal.tsx";
import { Picture, wear } from "../shared/look.tsx";
import { isOver } from "../shared/over.ts";
import { RehearsalBand } from "../shared/rehearsal.tsx";
import { ClueList, CluePage } from "./clues.tsx";
import { useFoot } from "./foot.ts";
import { isNew } from "./fresh.ts";
import { HuntPage } from "./hunt-page.tsx";
import { JoinPage } from "./join.tsx";
import { MissingHunt } from "./missing.tsx";
import { Offers } from "./offers.tsx";
import { News, TeamPage } from "./pages.tsx";
import { claimable, Prizes } from "./prizes.tsx";
import { scanned } from "./scanned.ts";
import { Standings } from "./standings.tsx";
import { hunt, me, missing, online, pending, phase, session, switching, unread } from "./state.ts";
import { keeps } from "./storage.ts";
import { Toast } from "./toast.tsx";
import { FirstWayBack } from "./way-back.tsx";

const route = signal(location.hash.slice(1));
window.addEventListener("hashchange", () => {
  route.value = location.hash.slice(1);
  window.scrollTo(0, 0);
  // Where a screen reader goes on.
  document.querySelector("main")?.focus();
});

const view = computed(() => route.value.split("/")[0] || "clues");

/** What is told with the clues is the newer one. */
const look = computed(() => me.value?.look ?? hunt.value?.look);
effect(() => wear(look.value));
effect(() => {
  const title = hunt.value?.title;
  if (title !== undefined) document.title = title;
});

const LegalLinks = () => (
  <Legal
    hunt={hunt.value}
    texts={{ imprint: t("imprint"), privacy: t("privacyLink") }}
    pageAt={(id) => `#page/${id}`}
  />
);

export function App() {
  if (missing.value) return <MissingHunt />;
  if ((!session.value || switching.value) && hunt.value && view.value === "page") {
    return (
      <main class="page">
        <HuntPage hunt={hunt.value} id={route.value.slice("page/".length)} />
        <LegalLinks />
      </main>
    );
  }
  if (!session.value || switching.value)
    return hunt.value ? (
      <>
        <RehearsalBand of={hunt.value.rehearsalOf} text={t("rehearsalBand")} />
        <JoinPage hunt={hunt.value} />
        <LegalLinks />
      </>
    ) : (
      <Splash text={t(online.value ? "loading" : "offline")} />
    );
  return (
    <>
      <RehearsalBand of={hunt.value?.rehearsalOf} text={t("rehearsalBand")} />
      <Header />
      <main tabIndex={-1} class="page">
        {view.value === "clues" && <FirstWayBack />}
        <Offers />
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
        ) : view.value === "page" && hunt.value ? (
          <HuntPage hunt={hunt.value} id={route.value.slice("page/".length)} />
        ) : (
          <ClueList />
        )}
        <LegalLinks />
      </main>
      <Toast />
      <div class="foot">
        <Waiting />
        <Tabs />
      </div>
    </>
  );
}

/** As the page comes from the engine (scripts/local/web.ts), with what it waits for. */
function Splash({ text }: { text: string }) {
  return (
    <main class="splash">
      <Icon name="compass" />
      <h1>
        <bdi>{document.title}</bdi>
      </h1>
      <p>{text}</p>
    </main>
  );
}

function Header() {
  const team = me.value?.team;
  return (
    <header class="masthead">
      <div class="masthead-inner">
        <p class="masthead-title">
          <Picture at={look.value?.logo} name="logo" />
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

/** What comes and goes with the network. It lies over the end of the page, so that nothing moves under a finger. */
function Waiting() {
  const waiting = pending.value.length;
  const codes = scanned.value.length;
  return (
    <div class="waits" role="status">
      {!online.value && <p>{t("offline")}</p>}
      {waiting > 0 && (
        <p>
          <Icon name="sync" /> {t("pending", { count: waiting })}
        </p>
      )}
      {codes > 0 && phase.value !== "live" && <p>{t("codeHeld", { count: codes })}</p>}
    </div>
  );
}

function Notices() {
  return (
    <div class="stack notices" role="status">
      {!keeps.value && <p class="note">{t("keepsNothing")}</p>}
      {me.value?.team.banned && <p class="note bad">{t("banned")}</p>}
      {phase.value === "paused" && <p class="note">{t("paused")}</p>}
      {isOver(phase.value) && <p class="note">{t("ended")}</p>}
    </div>
  );
}

function Tabs() {
  const tabs: { view: string; icon: IconName; label: string; badge?: number | undefined }[] = [
    {
      view: "clues",
      icon: "compass",
      label: t("clues"),
      badge: me.value?.clues.filter(isNew).length,
    },
    { view: "standings", icon: "trophy", label: t("standings") },
    ...(me.value?.prizes
      ? [{ view: "prizes", icon: "gift" as const, label: t("prizes"), badge: claimable().length }]
      : []),
    { view: "news", icon: "bell", label: t("news"), badge: unread.value },
    { view: "team", icon: "team", label: t("team") },
  ];
  const current = view.value === "clue" ? "clues" : view.value === "page" ? "team" : view.value;
  const bar = useFoot();
  return (
    <nav class="tabs" aria-label={t("menu")} ref={bar}>
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
