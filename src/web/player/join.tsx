/** Joining: a name, and in team hunts a new team or a code; in hunts for registered players the organisers' own number of them. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Hunt } from "../../contract/hunt.ts";
import type { JoinBody } from "../../contract/join.ts";
import { Problem } from "../shared/api.ts";
import { countdown, t } from "../shared/i18n.ts";
import { Icon } from "../shared/icons.tsx";
import { Picture } from "../shared/look.tsx";
import { Markdown } from "../shared/markdown.tsx";
import { encoded } from "../shared/outside.ts";
import { isOver } from "../shared/over.ts";
import { Settings } from "../shared/settings.tsx";
import { anotherCaptcha, Captcha, captchaIsAway, captchaResponse } from "./captcha.tsx";
import { PageLinks } from "./hunt-page.tsx";
import { Asks, askedOf, inputAt, joiningOf, PROBLEM_ID } from "./join-asks.tsx";
import { broughtNumber, broughtSource, broughtTicket, forgetBrought } from "./join-link.ts";
import { joinRefusal } from "./refusals.ts";
import { scanned } from "./scanned.ts";
import {
  declineInvitation,
  invitation,
  join,
  joinAnew,
  leftBehind,
  now,
  session,
  switching,
  turnedAway,
} from "./state.ts";
import { ComeBack, ComeBackInstead, comesBack } from "./way-back.tsx";

const mode = signal<"create" | "join">(invitation.value === "" ? "create" : "join");
const busy = signal(false);
const problem = signal("");
/** The name of the input that the engine did not take. */
const wrong = signal("");
/** When the page tries again by itself, on the engine's clock, epoch ms; 0: it does not wait. */
const again = signal(0);

/** The engine counts characters of a name, 80 at most, of up to two UTF-16 units each; a field counts units. */
const NAME_UNITS_MAX = 160;

/** How long it waits if the engine does not say, s. */
const WAIT = 5;

async function submit(event: SubmitEvent, hunt: Hunt): Promise<void> {
  event.preventDefault();
  const joining = joiningOf(hunt);
  const inputs = event.currentTarget as HTMLFormElement;
  const form = new FormData(inputs);
  if (joining.siteKey !== undefined && captchaResponse.value === "" && !captchaIsAway.value) {
    problem.value = t("captchaFirst");
    return;
  }
  const text = (name: string): string => String(form.get(name) ?? "").trim();
  const bracket = text("bracket");
  const team =
    text("code") !== ""
      ? { join: text("code").toUpperCase() }
      : text("team") !== ""
        ? { create: text("team"), ...(bracket === "" ? {} : { bracket }) }
        : bracket !== ""
          ? { bracket }
          : undefined;
  const externalId = text("external");
  busy.value = true;
  problem.value = "";
  wrong.value = "";
  try {
    await joinInTurn({
      name: text("name"),
      ...(team ? { team } : {}),
      ...(externalId === "" ? {} : { externalId }),
      ...askedOf(joining, form),
      ...broughtBy(hunt),
      ...(captchaResponse.value === "" ? {} : { check: captchaResponse.value }),
    });
    forgetBrought();
    // Without the join code. Whoever has opened a clue meanwhile stays there.
    declineInvitation();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (!error.retryable) joinAnew();
    const at = error.issues.map(({ path }) => inputAt(path, joining)).find((each) => each !== undefined);
    if (at) {
      wrong.value = at.input;
      const input = inputs.elements.namedItem(at.input);
      if (input instanceof HTMLElement) input.focus();
    }
    problem.value =
      at?.label === undefined
        ? t(joinRefusal(error, hunt.registered === true))
        : t(error.status === 409 ? "fieldTaken" : "fieldRefused", { field: at.label });
  } finally {
    // The response serves once.
    if (joining.siteKey !== undefined) anotherCaptcha();
    busy.value = false;
  }
}

/** What the link brought: a ticket, and what led here. */
function broughtBy(hunt: Hunt): Pick<JoinBody, "entry" | "source"> {
  const [entry, source] = [broughtTicket(), broughtSource()];
  return {
    ...(joiningOf(hunt).require !== "signed" || entry === "" ? {} : { entry }),
    ...(source === "" ? {} : { source }),
  };
}

/** Who asked already whether the ticket's person has joined. */
let asked = "";

/**
 * Comes back as the person of an entry ticket that has joined before. A code that no team has
 * makes sure that nobody joins who has not.
 */
async function comeBack(hunt: Hunt): Promise<void> {
  const { entry } = broughtBy(hunt);
  if (entry === undefined || entry === asked || session.value) return;
  asked = entry;
  busy.value = true;
  try {
    await join({ name: "–", team: { join: "–" }, entry });
    forgetBrought();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    joinAnew();
    if (error.status === 403) problem.value = t("entryRefused");
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
        <Picture at={hunt.look?.cover} name="cover" />
        <Settings language={t("language")} appearance={t("appearance")} />
        <Picture at={hunt.look?.logo} name="logo" />
        <h1>
          <bdi>{hunt.title}</bdi>
        </h1>
        {hunt.description && <Markdown text={hunt.description} />}
        <p class="number">
          {t("clueCount", { count: hunt.clueCount })}
          {teams && ` · ${t("upToPlayers", { count: hunt.teams.maxSize })}`}
        </p>
        {begins > 0 && <p class="join-begins number">{t("beginsIn", { time: countdown(begins) })}</p>}
        {isOver(hunt.phase) && <p class="note">{t("ended")}</p>}
        <PageLinks hunt={hunt} />
      </div>
      {comesBack.value ? (
        <ComeBack />
      ) : isOver(hunt.phase) ? (
        <div class="card stack join-form">
          <Before />
          <a class="button wide" href={`/board/${encoded(hunt.hunt)}`}>
            <Icon name="trophy" /> {t("standings")}
          </a>
          <ComeBackInstead />
        </div>
      ) : (
        <JoinForm hunt={hunt} />
      )}
    </main>
  );
}

function JoinForm({ hunt }: { hunt: Hunt }) {
  const teams = hunt.teams.mode === "teams";
  const joining = joiningOf(hunt);
  useEffect(() => void comeBack(hunt), [hunt.hunt, location.hash]);
  if (joining.require === "signed" && broughtTicket() === "") {
    return (
      <div class="card stack join-form">
        <Before />
        <h2>{t("join")}</h2>
        <p class="note">{t("entryMissing")}</p>
      </div>
    );
  }
  return (
    <form
      class="card stack join-form"
      onSubmit={(event) => void submit(event as unknown as SubmitEvent, hunt)}
    >
      <Before />
      <h2>{t("join")}</h2>
      <label>
        {t("yourName")}
        <input name="name" required maxLength={NAME_UNITS_MAX} autocomplete="nickname" enterkeyhint="next" />
      </label>
      {hunt.registered && (
        <label>
          {t("externalId")}
          <input
            name="external"
            required
            maxLength={128}
            defaultValue={broughtNumber()}
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            enterkeyhint="next"
            dir="ltr"
          />
          <span class="soft small">{t("externalIdHint")}</span>
        </label>
      )}
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
            <input name="team" required maxLength={NAME_UNITS_MAX} autocomplete="off" enterkeyhint="go" />
          </label>
          <Brackets hunt={hunt} />
        </>
      )}
      {!teams && <Brackets hunt={hunt} />}
      {teams && mode.value === "join" && (
        <label>
          {t("teamCode")}
          <input
            name="code"
            required
            maxLength={64}
            defaultValue={invitation.value}
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
      <Asks joining={joining} wrong={wrong.value} />
      {joining.siteKey !== undefined && <Captcha siteKey={joining.siteKey} />}
      {again.value > 0 && (
        <p class="note number" role="timer">
          {t("joinsAgain", { time: countdown(again.value - now.value) })}
        </p>
      )}
      {problem.value !== "" && (
        <p class="note bad" role="alert" id={PROBLEM_ID}>
          {problem.value}
        </p>
      )}
      <button type="submit" class="wide" disabled={busy.value}>
        {busy.value ? t("joining") : t("joinNow")}
      </button>
      <ComeBackInstead />
    </form>
  );
}

function Brackets({ hunt }: { hunt: Hunt }) {
  if (!hunt.brackets) return null;
  return (
    <label>
      {t("bracket")}
      <select name="bracket">
        {/* Left open, it is the one of the registration. */}
        {hunt.registered && <option value="">{t("asRegistered")}</option>}
        {hunt.brackets.map(({ id, title }) => (
          <option key={id} value={id}>
            {title}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What whoever comes here should know first: why they must join again, what waits, and what their way here brought. */
function Before() {
  const waits = leftBehind.value.reduce((sum, { count }) => sum + count, 0);
  const playing = switching.value ? session.value : undefined;
  return (
    <>
      {turnedAway.value && (
        <p class="note" role="status">
          {t(turnedAway.value === "token" ? "tokenRefused" : "noMember")}
        </p>
      )}
      {waits > 0 && (
        <p class="note" role="status">
          {t("keptForJoining", { count: waits })}
        </p>
      )}
      {scanned.value.length > 0 && (
        <p class="note good" role="status">
          {t("codeRead", { count: scanned.value.length })}
        </p>
      )}
      {playing && (
        <>
          <p class="note">{t("switchText", { team: playing.team.name })}</p>
          <button type="button" class="quiet" onClick={declineInvitation}>
            <Icon name="back" /> {t("stayInTeam", { team: playing.team.name })}
          </button>
        </>
      )}
    </>
  );
}
