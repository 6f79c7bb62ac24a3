/** The frame of the console: signing in, the list of hunts, and the views of one hunt. */

import { lazy, Suspense } from "preact/compat";
import { useEffect, useState } from "preact/hooks";
import type { Phase } from "../../contract/basics.ts";
import type { Hunt, Hunts as HuntList } from "../../contract/hunt.ts";
import { Problem } from "../shared/api.ts";
import { list, number, t } from "../shared/i18n.ts";
import { decoded, encoded } from "../shared/outside.ts";
import { isOver } from "../shared/over.ts";
import { RehearsalBand } from "../shared/rehearsal.tsx";
import { Settings } from "../shared/settings.tsx";
import { begin, beginnings } from "./begin.ts";
import { Codes } from "./codes.tsx";
import { DataPage } from "./data.tsx";
import { Deletions } from "./deletion.tsx";
import { askFor, Dialog, type Field } from "./dialog.tsx";
import { drafts, forgetDraft, readDraft, unpublished } from "./drafts.ts";
import { engineText, problemText } from "./engine.ts";
import { FeedView } from "./feed.tsx";
import { Badge, HelpDesk, useBadge } from "./help-desk.tsx";
import { JudgeView } from "./judge.tsx";
import { LiveView } from "./live.tsx";
import { People } from "./people.tsx";
import { PrizesView } from "./prizes.tsx";
import { Release } from "./release.tsx";
import { SessionEnds, Until } from "./session-end.tsx";
import { SignIn } from "./sign-in.tsx";
import {
  ask,
  attempt,
  huntPath,
  learnMe,
  loaded,
  may,
  me,
  route,
  signOut,
  token,
  useLoaded,
} from "./state.ts";
import { TeamsView } from "./teams.tsx";
import { dayAndTime } from "./times.ts";
import { ToldAt } from "./told.tsx";

/** The forms are large, and most looks at the console are not at the editor. */
const Editor = lazy(async () => ({ default: (await import("./editor.tsx")).Editor }));
const Files = lazy(async () => ({ default: (await import("./files.tsx")).Files }));

const SimulateView = lazy(async () => ({ default: (await import("./simulate.tsx")).SimulateView }));

/** Time between looks at the hunt's phase, ms. */
const HUNT_EVERY = 5_000;

/** The list asks every hunt: the first wait between looks, and the longest, ms. */
const LIST_EVERY = 10_000;
const LIST_UP_TO = 60_000;

/** Ids that the engine takes, as src/contract/basics.ts has them. */
const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** The view of who organises: no hunt has such an id. */
const PEOPLE = "~organisers";

const VIEWS = [
  "live",
  "feed",
  "help",
  "judge",
  "edit",
  "files",
  "simulate",
  "teams",
  "prizes",
  "codes",
  "data",
] as const;
type View = (typeof VIEWS)[number];

export function App() {
  const [hunt = "", view = "live", rest = ""] = route.value.split("/").filter((part) => part !== "");
  return (
    <>
      <header class="console-head">
        <a class="console-title" href="#/">
          {t("console")}
        </a>
        <div class="row">
          <Settings language={t("language")} appearance={t("appearance")} />
          {token.value !== undefined && <Who />}
          {token.value !== undefined && <Until />}
          {token.value !== undefined && (
            <button type="button" class="quiet" onClick={() => void leave()}>
              {t("signOut")}
            </button>
          )}
        </div>
      </header>
      {token.value !== undefined && <SessionEnds />}
      {token.value === undefined ? (
        <SignIn />
      ) : !me.value ? (
        <Learning key={token.value} />
      ) : route.value === PEOPLE ? (
        <People />
      ) : hunt === "" ? (
        <Hunts />
      ) : (
        <OneHunt
          key={hunt}
          hunt={decoded(hunt)}
          view={(VIEWS as readonly string[]).includes(view) ? (view as View) : "live"}
          rest={decoded(rest)}
        />
      )}
      <Dialog />
    </>
  );
}

/** Who is signed in, and as what. */
function Who() {
  const { name = "", roles = [] } = me.value ?? {};
  if (roles.length === 0 && name === "") return null;
  return (
    <span class="who">
      <bdi>{name}</bdi> · {roles.map((role) => engineText("role", role)).join(", ") || t("roleNone")}
    </span>
  );
}

/** Until it is known what the token may do: a button that it may not use is never shown. */
function Learning() {
  const [problem, setProblem] = useState("");
  useEffect(() => {
    let timer = 0;
    const learn = async (): Promise<void> => {
      try {
        await learnMe();
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        setProblem(problemText(error));
        timer = window.setTimeout(() => void learn(), HUNT_EVERY);
      }
    };
    void learn();
    return () => window.clearTimeout(timer);
  }, []);
  return (
    <main class="console">
      <p class={problem === "" ? "soft" : "note bad"}>{problem || t("loading")}</p>
    </main>
  );
}

/** Signs out; asks before changes that nobody published are lost. */
async function leave(): Promise<void> {
  const lost = unpublished();
  if (lost.length > 0) {
    const text = (
      <>
        <p>{t("signOutSure", { count: lost.length })}</p>
        <ul>
          {lost.map((hunt) => (
            <li key={hunt}>
              <code dir="ltr">{hunt}</code>
            </li>
          ))}
        </ul>
      </>
    );
    if (!(await askFor(t("signOut"), text, [], t("signOutAnyway")))) return;
  }
  signOut();
  drafts.value = [];
}

const hunts = loaded<HuntList>();

function idProblem(given: string): string | undefined {
  const id = given.toLowerCase();
  if (!SLUG.test(id)) return t("huntIdWrong");
  return may("PUT /v1/hunts/{hunt}", id) ? undefined : t("notYourHunt", { ids: list(me.value?.hunts ?? []) });
}

/** Asks for an id, and before a hunt or a draft that has it already is opened. */
async function createHunt(): Promise<void> {
  const copies = hunts.value.value?.hunts ?? [];
  const fields: Field[] = [
    { name: "id", label: t("huntId"), kind: "id", check: idProblem },
    { name: "begin", label: t("beginWith"), options: beginnings(copies) },
  ];
  const values = await askFor(t("newHunt"), t("huntIdHint"), fields);
  if (!values?.id) return;
  const id = values.id.toLowerCase();
  let existing: Hunt | undefined;
  const isKnown = await attempt("hunts", "", async () => {
    try {
      existing = await ask<Hunt>(huntPath(id));
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 404) throw error;
    }
  });
  if (!isKnown) return;
  if (existing) {
    const text = t("huntExists", { id, title: existing.title });
    if (!(await askFor(t("newHunt"), text, [], t("huntOpen")))) return;
  } else if (readDraft(id)) {
    if (!(await askFor(t("newHunt"), t("draftExists", { id }), [], t("draftOpen")))) return;
  } else if (!(await attempt("hunts", "", () => begin(id, values.begin ?? "")))) return;
  location.hash = `${encoded(id)}/edit`;
}

function Hunts() {
  useLoaded(hunts, "/v1/hunts", LIST_EVERY, {
    upTo: LIST_UP_TO,
    isSame: (before, now) => JSON.stringify(before) === JSON.stringify(now),
  });
  const { hunts: rows, unavailable } = hunts.value.value ?? {};
  return (
    <main class="console stack">
      <div class="row spread">
        <h1>{t("hunts")}</h1>
        {may("GET /v1/organisers") && (
          <a class="button quiet" href={`#${PEOPLE}`}>
            {t("people")}
          </a>
        )}
        {may("PUT /v1/hunts/{hunt}") && (
          <button type="button" onClick={() => void createHunt()}>
            {t("newHunt")}
          </button>
        )}
      </div>
      <ToldAt place="hunts" />
      <Deletions />
      {hunts.value.problem !== "" && <p class="note bad">{hunts.value.problem}</p>}
      <Drafts />
      {unavailable && <p class="note bad">{t("huntsUnavailable", { ids: unavailable.join(", ") })}</p>}
      {rows?.length === 0 && !unavailable && <p class="soft">{t("noHunts")}</p>}
      <ul class="hunt-cards">
        {rows?.map((row) => (
          <li key={row.hunt}>
            <a class="card hunt-card" href={`#${row.hunt}/live`}>
              <h2>
                <bdi>{row.title}</bdi>
              </h2>
              <RehearsalBand of={row.rehearsalOf} text={t("rehearsalBand")} />
              <p class="soft number">
                <PhaseMark phase={row.phase} opens={row.phase === "draft" ? row.opens : undefined} />{" "}
                {t("version")} {number(row.version)} · {t("teams")} {number(row.teams)}
                {row.asOf !== undefined && <> · {t("teamsOfBefore")}</>}
              </p>
            </a>
          </li>
        ))}
      </ul>
      <p>
        <a href="/docs/" target="_blank" rel="noreferrer">
          {t("apiReference")}
        </a>
      </p>
    </main>
  );
}

/** What was written in this tab and not published. */
function Drafts() {
  const kept = drafts.value;
  if (kept.length === 0) return null;
  const discard = async (hunt: string): Promise<void> => {
    if (await askFor(t("discard"), t("discardOf", { id: hunt }))) forgetDraft(hunt);
  };
  return (
    <section class="card stack" aria-labelledby="drafts">
      <h2 id="drafts">{t("drafts")}</h2>
      <p class="soft">{t("draftsHint")}</p>
      <ul class="drafts">
        {kept.map((hunt) => (
          <li key={hunt} class="row spread">
            <a href={`#${encoded(hunt)}/edit`}>
              <code dir="ltr">{hunt}</code>
            </a>
            <button type="button" class="quiet" onClick={() => void discard(hunt)}>
              {t("discard")}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** `opens`: of a draft that will open by itself, when. */
function PhaseMark({ phase, opens }: { phase: Phase; opens: string | undefined }) {
  if (opens === undefined) return <span class={`phase phase-${phase}`}>{engineText("phase", phase)}</span>;
  return (
    <span class="phase phase-scheduled">
      {t("scheduled")} <time dateTime={opens}>{dayAndTime(opens)}</time>
    </span>
  );
}

/** When a draft opens by itself; an import may have set the opening of a draft into the past. */
const scheduledFor = ({ phase, opens, serverTime }: Hunt): string | undefined =>
  phase === "draft" && opens !== undefined && Date.parse(opens) > Date.parse(serverTime) ? opens : undefined;

const current = loaded<Hunt>();

/** Brings the current one of many tabs into sight on a narrow screen. */
function showTab(tab: HTMLElement | null): void {
  tab?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

/** The route that each view begins with: who may not call it does not see the view. */
const OPENED_BY: Record<View, string> = {
  live: "GET /v1/hunts/{hunt}/stats",
  feed: "GET /v1/hunts/{hunt}/facts",
  help: "GET /v1/hunts/{hunt}/help",
  judge: "GET /v1/hunts/{hunt}/submissions",
  edit: "GET /v1/hunts/{hunt}/definition",
  files: "GET /v1/hunts/{hunt}/assets",
  simulate: "GET /v1/hunts/{hunt}/definition",
  teams: "GET /v1/hunts/{hunt}/teams",
  prizes: "GET /v1/hunts/{hunt}/stats",
  codes: "GET /v1/hunts/{hunt}/codes",
  data: "GET /v1/hunts/{hunt}/verify",
};

function OneHunt({ hunt, view: asked, rest }: { hunt: string; view: View; rest: string }) {
  const views = VIEWS.filter((each) => may(OPENED_BY[each], hunt));
  const view = views.includes(asked) ? asked : views[0];
  useLoaded(current, huntPath(hunt), HUNT_EVERY);
  useBadge(hunt);
  const known = current.value.value;
  const hasDraft = drafts.value.includes(hunt);
  return (
    <main class="console stack">
      <RehearsalBand of={known?.rehearsalOf} text={t("rehearsalBand")} />
      <div class="row spread">
        <div>
          <h1>
            <bdi>{known?.title ?? hunt}</bdi>
          </h1>
          <p class="row soft">
            {known ? (
              <PhaseMark phase={known.phase} opens={scheduledFor(known)} />
            ) : (
              <span>{t("unsaved")}</span>
            )}
            {known?.closes !== undefined && (known.phase === "live" || known.phase === "paused") && (
              <span>
                {t("endsAt")} <time dateTime={known.closes}>{dayAndTime(known.closes)}</time>
              </span>
            )}
            {known?.forgetsAt !== undefined && isOver(known.phase) && (
              <span>
                {t(
                  Date.parse(known.forgetsAt) > Date.parse(known.serverTime) ? "forgetsAt" : "forgottenSince",
                )}{" "}
                <time dateTime={known.forgetsAt}>{dayAndTime(known.forgetsAt)}</time>
              </span>
            )}
            {known && (
              <>
                <a href={`/play/${encoded(hunt)}`}>{t("playerPage")}</a>
                <a href={`/board/${encoded(hunt)}`}>{t("boardPage")}</a>
              </>
            )}
          </p>
        </div>
        {known && may("POST /v1/hunts/{hunt}/phase", hunt) && <PhaseButtons hunt={hunt} known={known} />}
      </div>
      <nav class="views" aria-label={t("console")}>
        {views.map((each) => (
          <a
            key={each}
            ref={each === view ? showTab : null}
            href={`#${encoded(hunt)}/${each}`}
            aria-current={each === view ? "page" : undefined}
            title={each === "edit" && hasDraft ? t("drafts") : undefined}
          >
            {t(each)}
            {each === "help" && <Badge />}
            {each === "edit" && hasDraft && <span class="unpublished" aria-hidden="true" />}
          </a>
        ))}
      </nav>
      <ToldAt place="phase" />
      {known && may("POST /v1/hunts/{hunt}/results/release", hunt) && (
        <Release hunt={hunt} phase={known.phase} />
      )}
      {view === undefined ? (
        <p class="note">{t("notForRole")}</p>
      ) : view === "edit" ? (
        <Suspense fallback={<p class="soft">{t("loading")}</p>}>
          <Editor hunt={hunt} place={rest} />
        </Suspense>
      ) : view === "files" ? (
        <Suspense fallback={<p class="soft">{t("loading")}</p>}>
          <Files hunt={hunt} />
        </Suspense>
      ) : view === "simulate" ? (
        <Suspense fallback={<p class="soft">{t("loading")}</p>}>
          <SimulateView hunt={hunt} known={known} />
        </Suspense>
      ) : !known ? (
        <p class="soft">{current.value.problem || t("loading")}</p>
      ) : view === "feed" ? (
        <FeedView hunt={hunt} phase={known.phase} team={rest} />
      ) : view === "help" ? (
        <HelpDesk hunt={hunt} />
      ) : view === "judge" ? (
        <JudgeView hunt={hunt} />
      ) : view === "teams" ? (
        <TeamsView hunt={hunt} phase={known.phase} search={rest} />
      ) : view === "prizes" ? (
        <PrizesView hunt={hunt} known={known} />
      ) : view === "codes" ? (
        <Codes hunt={hunt} title={known.title} />
      ) : view === "data" ? (
        <DataPage hunt={hunt} known={known} />
      ) : (
        <LiveView hunt={hunt} phase={known.phase} serverTime={known.serverTime} />
      )}
    </main>
  );
}

const MOVES = {
  draft: [{ to: "live", action: "start" }],
  live: [
    { to: "paused", action: "pause" },
    { to: "ended", action: "end" },
  ],
  paused: [
    { to: "live", action: "resume" },
    { to: "ended", action: "end" },
  ],
  ended: [
    { to: "live", action: "reopen" },
    { to: "final", action: "makeFinal" },
  ],
  final: [],
} as const;

/** What is asked before a move. */
function sureOf(action: (typeof MOVES)[Phase][number]["action"], known: Hunt) {
  const opens = scheduledFor(known);
  if (action !== "start") return t(`${action}Sure`);
  return (
    <>
      {opens !== undefined && <p>{t("startScheduled", { time: dayAndTime(opens) })}</p>}
      <p>{t("startSure")}</p>
      {known.closes !== undefined && <p>{t("startCloses", { time: dayAndTime(known.closes) })}</p>}
    </>
  );
}

function PhaseButtons({ hunt, known }: { hunt: string; known: Hunt }) {
  const move = async (
    to: Exclude<Phase, "draft">,
    action: (typeof MOVES)[Phase][number]["action"],
  ): Promise<void> => {
    const isReopened = action === "reopen";
    const fields = isReopened ? [{ name: "reason", label: t("reason") }] : [];
    const answers = await askFor(t(action), sureOf(action, known), fields);
    if (!answers) return;
    const json = { phase: to, ...(isReopened ? { reopen: true, reason: answers.reason } : {}) };
    await attempt("phase", t("done"), () => ask(huntPath(hunt, "/phase"), { json }));
    await attempt("phase", "", async () => {
      current.value = { value: await ask<Hunt>(huntPath(hunt)), problem: "" };
    });
  };
  return (
    <div class="row">
      {MOVES[known.phase].map(({ to, action }) => (
        <button
          key={to}
          type="button"
          class={action === "start" || action === "resume" ? "" : "quiet"}
          data-phase={to}
          onClick={() => void move(to, action)}
        >
          {t(action)}
        </button>
      ))}
    </div>
  );
}
