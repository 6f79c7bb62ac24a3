/** Coming back: the return code after joining and under Team, signing out elsewhere, and the form for who has a code. */
import { computed, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Problem } from "../shared/api.ts";
import { t } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";
import { useQrCode } from "../shared/qr-code.ts";
import type { en } from "./messages/en.ts";
import { comeBack, endElsewhere, hunt, isNewcomer, me, returning, session } from "./state.ts";

const SHARES = "share" in navigator && matchMedia("(pointer: coarse)").matches;

const copied = signal(false);
const busy = signal(false);
/** What became of signing out elsewhere; and of coming back. */
const ended = signal<"done" | "failed" | undefined>(undefined);
const problem = signal<keyof typeof en | undefined>(undefined);

/** Behind `#`, which no browser sends: the code stays between the devices. */
const linkOf = (code: string): string => `${location.origin}${location.pathname}#return=${encoded(code)}`;

/**
 * Undefined: an engine of before gave none. The session's own first: its token and its code end together, while a
 * look that was under way when they became others still tells the code of before.
 */
const codeOfPlayer = (): string | undefined => session.value?.returnCode ?? me.value?.player.returnCode;

function Picture({ code }: { code: string }) {
  const picture = useQrCode(linkOf(code));
  return <div class="qr" ref={picture} role="img" aria-label={t("returnPicture")} />;
}

function Code({ code }: { code: string }) {
  const copy = async (): Promise<void> => {
    if (SHARES) {
      await navigator.share({ url: linkOf(code), title: hunt.value?.title ?? "" }).catch(() => undefined);
      return;
    }
    await navigator.clipboard.writeText(linkOf(code));
    copied.value = true;
  };
  return (
    <>
      <p class="code" dir="ltr">
        {code}
      </p>
      <button type="button" class="quiet" onClick={() => void copy()}>
        {copied.value ? t("copied") : t(SHARES ? "shareLink" : "copyLink")}
      </button>
    </>
  );
}

/** Once, to who has just joined: short, because the clues come behind it. */
export function FirstWayBack() {
  const code = codeOfPlayer();
  if (!isNewcomer.value || code === undefined) return null;
  return (
    <section class="card stack way-back">
      <h2>{t("returnFirst")}</h2>
      <p class="soft small">{t("returnText")}</p>
      <Code code={code} />
      <button
        type="button"
        onClick={() => {
          isNewcomer.value = false;
          copied.value = false;
        }}
      >
        {t("returnKept")}
      </button>
    </section>
  );
}

/** Under Team. */
export function WayBack() {
  const code = codeOfPlayer();
  if (code === undefined) return null;
  const end = async (): Promise<void> => {
    if (!confirm(t("endElsewhereSure"))) return;
    busy.value = true;
    try {
      await endElsewhere();
      ended.value = "done";
      copied.value = false;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      ended.value = "failed";
    } finally {
      busy.value = false;
    }
  };
  return (
    <section class="card stack way-back">
      <h2>{t("returnTitle")}</h2>
      <p class="soft">{t("returnText")}</p>
      <Picture code={code} />
      <Code code={code} />
      <p class="soft">{t("endElsewhereText")}</p>
      <button type="button" class="quiet" disabled={busy.value} onClick={() => void end()}>
        {t("endElsewhere")}
      </button>
      <p class={ended.value === undefined ? "visually-hidden" : "note"} role="status">
        {ended.value && t(ended.value === "done" ? "endedElsewhere" : "endFailed")}
      </p>
    </section>
  );
}

function refusalOf({ status }: Problem): keyof typeof en {
  if (status === 404 || status === 422) return "returnUnknown";
  if (status === 429) return "returnTooOften";
  return status === 0 ? "returnOffline" : "returnLater";
}

/** Whether the form for who has a code stands in place of the one for who joins. */
export const comesBack = computed(() => asks.value || returning.value !== "");
const asks = signal(false);

/** The way from the one form to the other. */
export function ComeBackInstead() {
  return (
    <button
      type="button"
      class="quiet wide"
      onClick={() => {
        asks.value = true;
      }}
    >
      {t("haveReturnCode")}
    </button>
  );
}

/** For who played here, or on another device, and has a return code; also for who comes by a link with one. */
export function ComeBack() {
  const field = useRef<HTMLInputElement>(null);
  // Where typing goes on: the button that led here is gone.
  useEffect(() => field.current?.focus(), []);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const typed = String(new FormData(event.currentTarget as HTMLFormElement).get("return") ?? "");
    busy.value = true;
    problem.value = undefined;
    try {
      await comeBack(typed);
      asks.value = false;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      problem.value = refusalOf(error);
    } finally {
      busy.value = false;
    }
  };
  return (
    <form
      class="card stack join-form come-back"
      onSubmit={(event) => void submit(event as unknown as SubmitEvent)}
    >
      <h2>{t("haveReturnCode")}</h2>
      <label>
        {t("returnCode")}
        <input
          ref={field}
          name="return"
          required
          maxLength={96}
          defaultValue={returning.value}
          autocomplete="off"
          autocapitalize="characters"
          spellcheck={false}
          enterkeyhint="go"
          class="code-input"
          dir="ltr"
          aria-describedby="return-hint"
        />
      </label>
      <p id="return-hint" class="soft small">
        {t("returnHint")}
      </p>
      {problem.value !== undefined && (
        <p class="note bad" role="alert">
          {t(problem.value)}
        </p>
      )}
      <button type="submit" class="wide" disabled={busy.value}>
        {t("comeBack")}
      </button>
      <button
        type="button"
        class="quiet wide"
        onClick={() => {
          asks.value = false;
          returning.value = "";
          problem.value = undefined;
        }}
      >
        {t("joinInstead")}
      </button>
    </form>
  );
}
