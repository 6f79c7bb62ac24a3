/** The organiser console: `/organise`, signed in by a token, a link, an issuer or Cloudflare Access. */
import "../shared/theme.css";
import "./organiser.css";
import { render } from "preact";
import { startI18n } from "../shared/i18n.ts";
import { startTheme } from "../shared/settings.tsx";
import { App } from "./app.tsx";
import { en } from "./messages/en.ts";
import { takeBrought } from "./oidc.ts";
import { route, signIn } from "./state.ts";

/** Signs in with the token of a link (`#token=…`, as `npm start` prints one) and takes it out of the address and the history at once. */
function takeToken(): void {
  const [, given] = /^#token=([\w.-]+)$/.exec(location.hash) ?? [];
  if (given === undefined) return;
  history.replaceState(null, "", location.pathname + location.search);
  route.value = "";
  signIn(given, false);
}

if (takeBrought()) route.value = "";
takeToken();
window.addEventListener("hashchange", takeToken);
startTheme();
await startI18n(en, {
  de: async () => (await import("./messages/de.ts")).de,
  ar: async () => (await import("./messages/ar.ts")).ar,
});
const root = document.getElementById("app");
if (!root) throw new Error("the page has no place for the console");
render(<App />, root);
