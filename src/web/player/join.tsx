/** Joining: a name, and in team hunts a new team or a code. */

import { signal } from "@preact/signals";
import type { Hunt } from "../../contract/hunt.ts";
import type { JoinBody } from "../../contract/join.ts";
import { Problem } from "../shared/api.ts";
import { countdown, t } from "../shared/i18n.ts";
import { Markdown } from "../shared/markdown.tsx";
import { Settings } from "../shared/settings.tsx";
import { join, joinAnew, now } from "./state.ts";

const code = new URLSearchParams(location.search).get("join") ?? "";
const mode = signal<"create" | "join">(code === "" ? "create" : "join");
const busy = signal(false);
const problem = signal("");
/** When the page tries again by itself, on the engine's clock, epoch ms; 0: it does not wait. */
const again = signal(0);

/** How long it waits if the engine does not say, s. */
const WAIT = 5;

async function submit(event: SubmitEvent): Promise<void> {
  event.preventDefault();
  const form = new FormData(event.currentTarget as HTMLFormElement);
  const text = (name: string): string => String(form.get(name) ?? "").trim();
  const bracket = text("bracket");
  const team =
    text("code") !== ""
      ? { join: text("code").toUpperCase() }
      : text("team") !== ""
        ? { create: text("team"), ...(bracket === "" ? {} : { bracket }) }
        : undefined;
  busy.value = true;
  problem.value = "";
  try {
    await joinInTurn({ name: text("name"), ...(team ? { team } : {}) });
    // Without the join code. Whoever has opened a clue meanwhile stays there.
    history.replaceState(null, "", location.pathname + location.hash);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (!error.retryable) joinAnew();
    problem.value = error.status === 0 ? t("notJoined") : error.message;
  } finally {
    busy.value = false;
  }
}

/** Joins; while too many join from this address it waits as long as the engine asks, and tries again. */
async function joinInTurn(joining: JoinBody): Promise<void> {
  while (true) {
    try {
      await join(joining);
      return;
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 429) throw error;
      const wait = (error.retryAfter ?? WAIT) * 1_000;
      again.value = now.value + wait;
      await new Promise((done) => setTimeout(done, wait));
      again.value = 0;
    }
  }
}

export function JoinPage({ hunt }: { hunt: Hunt }) {
  const teams = hunt.teams.mode === "teams";
  const begins = hunt.phase === "draft" && hunt.opens ? Date.parse(hunt.opens) - now.value : 0;
  return (
    <main class="join">
      <div class="join-side">
        <Settings language={t("language")} appearance={t("appearance")} />
        <h1>
          <bdi>{hunt.title}</bdi>
        </h1>
        {hunt.description && <Markdown text={hunt.description} />}
        <p class="number">
          {t("clueCount", { count: hunt.clueCount })}
          {teams && ` · ${t("upToPlayers", { count: hunt.teams.maxSize })}`}
        </p>
        {begins > 0 && <p class="join-begins number">{t("beginsIn", { time: countdown(begins) })}</p>}
        {hunt.phase === "ended" && <p class="note">{t("ended")}</p>}
      </div>
      <form class="card stack join-form" onSubmit={(event) => void submit(event as unknown as SubmitEvent)}>
        <h2>{t("join")}</h2>
        <label>
          {t("yourName")}
          <input name="name" required maxLength={80} autocomplete="nickname" enterkeyhint="next" />
        </label>
        {teams && (
          <fieldset class="choice">
            <legend class="visually-hidden">{t("team")}</legend>
            {(["create", "join"] as const).map((each) => (
              <label key={each}>
                <input
                  type="radio"
                  name="mode"
                  checked={mode.value === each}
                  onChange={() => {
                    mode.value = each;
                  }}
                />
                <span>{t(each === "create" ? "newTeam" : "joinTeam")}</span>
              </label>
            ))}
          </fieldset>
        )}
        {teams && mode.value === "create" && (
          <>
            <label>
              {t("teamName")}
              <input name="team" required maxLength={80} autocomplete="off" enterkeyhint="go" />
            </label>
            {hunt.brackets && (
              <label>
                {t("bracket")}
                <select name="bracket">
                  {hunt.brackets.map(({ id, title }) => (
                    <option key={id} value={id}>
                      {title}
                    </option>
                  ))}
                </select>
              </label>
            )}
          </>
        )}
        {teams && mode.value === "join" && (
          <label>
            {t("teamCode")}
            <input
              name="code"
              required
              maxLength={40}
              defaultValue={code}
              autocomplete="off"
              autocapitalize="characters"
              spellcheck={false}
              enterkeyhint="go"
              class="code-input"
              dir="ltr"
            />
            <span class="soft small">{t("joinHint")}</span>
          </label>
        )}
        {again.value > 0 && (
          <p class="note number" role="timer">
            {t("joinsAgain", { time: countdown(again.value - now.value) })}
          </p>
        )}
        {problem.value !== "" && (
          <p class="note bad" role="alert">
            {problem.value}
          </p>
        )}
        <button type="submit" class="wide" disabled={busy.value}>
          {busy.value ? t("joining") : t("joinNow")}
        </button>
      </form>
    </main>
  );
}
