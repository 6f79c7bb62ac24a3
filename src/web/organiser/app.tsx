/** The frame of the console: signing in, the list of hunts, and the views of one hunt. */
import { lazy, Suspense } from "preact/compat";
import type { Phase } from "../../contract/basics.ts";
import type { Hunt, Hunts as HuntList } from "../../contract/hunt.ts";
import { call, Problem } from "../shared/api.ts";
import { number, t } from "../shared/i18n.ts";
import { decoded, encoded } from "../shared/outside.ts";
import { Settings } from "../shared/settings.tsx";
import { Codes } from "./codes.tsx";
import { DataPage } from "./data.tsx";
import { askFor, Dialog } from "./dialog.tsx";
import { LiveView } from "./live.tsx";
import { PrizesView } from "./prizes.tsx";
import {
  ask,
  attempt,
  huntPath,
  loaded,
  refused,
  route,
  signIn,
  signOut,
  token,
  told,
  useLoaded,
} from "./state.ts";
import { TeamsView } from "./teams.tsx";

/** CodeMirror is large, and most looks at the console are not at the editor. */
const Editor = lazy(async () => ({ default: (await import("./editor.tsx")).Editor }));

/** Time between looks at the hunt's phase, ms. */
const HUNT_EVERY = 5_000;

const VIEWS = ["live", "edit", "teams", "prizes", "codes", "data"] as const;
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
          {token.value !== undefined && (
            <button type="button" class="quiet" onClick={signOut}>
              {t("signOut")}
            </button>
          )}
        </div>
      </header>
      {token.value === undefined ? (
        <SignIn />
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

function SignIn() {
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const given = String(form.get("token") ?? "").trim();
    refused.value = "";
    try {
      await call("/v1/hunts", { token: given });
      signIn(given, form.get("remember") === "on");
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const own = error.status === 401 || error.status === 403;
      refused.value = own ? t("badToken") : error.message;
    }
  };
  return (
    <main class="sign-in">
      <form class="card stack" onSubmit={(event) => void submit(event)}>
        <h1>{t("signIn")}</h1>
        <label>
          {t("token")}
          <input
            name="token"
            type="password"
            required
            autocomplete="current-password"
            spellcheck={false}
            dir="ltr"
          />
          <span class="soft">{t("tokenHint")}</span>
        </label>
        <label class="check">
          <input name="remember" type="checkbox" />
          <span>{t("remember")}</span>
        </label>
        {refused.value !== "" && (
          <p class="note bad" role="alert">
            {refused.value}
          </p>
        )}
        <button type="submit">{t("signIn")}</button>
      </form>
    </main>
  );
}

const hunts = loaded<HuntList>();

function Hunts() {
  useLoaded(hunts, "/v1/hunts", HUNT_EVERY);
  const create = async (): Promise<void> => {
    const values = await askFor(t("newHunt"), t("huntIdHint"), [{ name: "id", label: t("huntId") }]);
    if (values?.id) location.hash = `${encoded(values.id.toLowerCase())}/edit`;
  };
  const rows = hunts.value.value?.hunts;
  return (
    <main class="console stack">
      <div class="row spread">
        <h1>{t("hunts")}</h1>
        <button type="button" onClick={() => void create()}>
          {t("newHunt")}
        </button>
      </div>
      {hunts.value.problem !== "" && <p class="note bad">{hunts.value.problem}</p>}
      {rows?.length === 0 && <p class="soft">{t("noHunts")}</p>}
      <ul class="hunt-cards">
        {rows?.map((row) => (
          <li key={row.hunt}>
            <a class="card hunt-card" href={`#${row.hunt}/live`}>
              <h2>
                <bdi>{row.title}</bdi>
              </h2>
              <p class="soft number">
                <PhaseMark phase={row.phase} /> {t("version")} {number(row.version)} · {t("teams")}{" "}
                {number(row.teams)}
              </p>
            </a>
          </li>
        ))}
      </ul>
    </main>
  );
}

function PhaseMark({ phase }: { phase: Phase }) {
  return <span class={`phase phase-${phase}`}>{t(`phase_${phase}`)}</span>;
}

const current = loaded<Hunt>();

function OneHunt({ hunt, view, rest }: { hunt: string; view: View; rest: string }) {
  useLoaded(current, huntPath(hunt), HUNT_EVERY);
  const known = current.value.value;
  return (
    <main class="console stack">
      <div class="row spread">
        <div>
          <h1>
            <bdi>{known?.title ?? hunt}</bdi>
          </h1>
          <p class="row soft">
            {known ? <PhaseMark phase={known.phase} /> : <span>{t("unsaved")}</span>}
            {known && (
              <>
                <a href={`/play/${encoded(hunt)}`}>{t("playerPage")}</a>
                <a href={`/board/${encoded(hunt)}`}>{t("boardPage")}</a>
              </>
            )}
          </p>
        </div>
        {known && <PhaseButtons hunt={hunt} phase={known.phase} />}
      </div>
      <nav class="views" aria-label={t("console")}>
        {VIEWS.map((each) => (
          <a key={each} href={`#${encoded(hunt)}/${each}`} aria-current={each === view ? "page" : undefined}>
            {t(each)}
          </a>
        ))}
      </nav>
      <div role="status" aria-live="polite">
        {told.value && <p class={`note ${told.value.good ? "good" : "bad"}`}>{told.value.text}</p>}
      </div>
      {view === "edit" ? (
        <Suspense fallback={<p class="soft">{t("loading")}</p>}>
          <Editor hunt={hunt} />
        </Suspense>
      ) : !known ? (
        <p class="soft">{current.value.problem || t("loading")}</p>
      ) : view === "teams" ? (
        <TeamsView hunt={hunt} search={rest} />
      ) : view === "prizes" ? (
        <PrizesView hunt={hunt} known={known} />
      ) : view === "codes" ? (
        <Codes hunt={hunt} />
      ) : view === "data" ? (
        <DataPage hunt={hunt} />
      ) : (
        <LiveView hunt={hunt} />
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
  ended: [],
} as const;

function PhaseButtons({ hunt, phase }: { hunt: string; phase: Phase }) {
  const move = async (to: string, action: string): Promise<void> => {
    if (!(await askFor(t(action), t(`${action}Sure`)))) return;
    await attempt(t("done"), () => ask(huntPath(hunt, "/phase"), { json: { phase: to } }));
    const value = await ask<Hunt>(huntPath(hunt));
    current.value = { value, problem: "" };
  };
  return (
    <div class="row">
      {MOVES[phase].map(({ to, action }) => (
        <button
          key={to}
          type="button"
          class={action === "end" || action === "pause" ? "quiet" : ""}
          data-phase={to}
          onClick={() => void move(to, action)}
        >
          {t(action)}
        </button>
      ))}
    </div>
  );
}
