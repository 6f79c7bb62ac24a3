/** Signing in: by a token, by the issuer that the engine trusts, or through Cloudflare Access. */
import { useEffect, useState } from "preact/hooks";
import type { Pages } from "../../contract/ops.ts";
import type { Session } from "../../contract/organisers.ts";
import { call, Problem } from "../shared/api.ts";
import { t } from "../shared/i18n.ts";
import { problemText } from "./engine.ts";
import { arrive, brought, canSignIn, leaveForIssuer } from "./oidc.ts";
import { loaded, refused, route, signIn, useLoaded } from "./state.ts";

const settings = loaded<Pages>();

/** Tries to sign in; `own`: what is said when the engine knows the proof and lets nobody in by it. */
async function trying(own: string, action: () => Promise<void>): Promise<void> {
  refused.value = "";
  try {
    await action();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    refused.value = error.status === 401 || error.status === 403 ? own : problemText(error);
  }
}

const throughAccess = (): Promise<void> =>
  trying(t("notOrganiser"), async () => {
    signIn((await call<Session>("/v1/session", { json: {} })).token, false);
  });

export function SignIn() {
  useLoaded(settings, "/v1/pages", 0, { read: (path) => call<Pages>(path) });
  const { access, oidc } = settings.value.value ?? {};
  const submit = (event: Event): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const given = String(form.get("token") ?? "").trim();
    void trying(t("badToken"), async () => {
      await call("/v1/hunts", { token: given });
      signIn(given, form.get("remember") === "on");
    });
  };
  if (brought.value) return <Arriving />;
  return (
    <main class="sign-in">
      <form class="card stack" onSubmit={submit}>
        <h1>{t("signIn")}</h1>
        {refused.value !== "" && (
          <p class="note bad" role="alert">
            {refused.value}
          </p>
        )}
        {oidc !== undefined && canSignIn() && (
          <button
            type="button"
            onClick={() => void trying(t("signInOff"), () => leaveForIssuer(route.value))}
          >
            {t("signInOidc", { issuer: oidc })}
          </button>
        )}
        {access && (
          <button type="button" onClick={() => void throughAccess()}>
            {t("signInAccess")}
          </button>
        )}
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
        <button type="submit" class={oidc !== undefined || access ? "quiet" : ""}>
          {t("signIn")}
        </button>
      </form>
    </main>
  );
}

/** Back from the issuer: the code is changed for a token. */
function Arriving() {
  const [begun, setBegun] = useState(false);
  useEffect(() => {
    const back = brought.value;
    if (!back || begun) return;
    setBegun(true);
    const arriving = trying(t("notOrganiser"), async () => {
      const result = await arrive(back);
      if (result === "stray" || result === "refused") {
        refused.value = t(result === "stray" ? "signInStray" : "signInRefused");
        return;
      }
      signIn(result.token, false);
      location.hash = result.route;
    });
    void arriving.finally(() => {
      brought.value = undefined;
    });
  }, [begun]);
  return (
    <main class="sign-in">
      <p class="soft" role="status">
        {t("signingIn")}
      </p>
    </main>
  );
}
