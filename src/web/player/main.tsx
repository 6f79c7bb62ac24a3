/** The player page: `/play/{hunt}`, `?join=CODE` from a team-mate's link or QR code. */
import "../shared/theme.css";
import "./player.css";
import "./frame.css";
import { render } from "preact";
import { huntOfPage } from "../shared/api.ts";
import { startI18n } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";
import { startTheme } from "../shared/settings.tsx";
import { App } from "./app.tsx";
import { en } from "./messages/en.ts";
import { startPush } from "./push.tsx";
import { start } from "./state.ts";
import { lastSession } from "./storage.ts";
import { warmParts } from "./warm.ts";
import "./ways.ts";

startTheme();
await startI18n(en, {
  de: async () => (await import("./messages/de.ts")).de,
  ar: async () => (await import("./messages/ar.ts")).ar,
});
const root = document.getElementById("app");
if (!root) throw new Error("the page has no place for the app");
const hunt = huntOfPage();
if (hunt === "") {
  // The installed app begins here: on with the hunt that this device plays.
  const played = await lastSession();
  location.replace(played === undefined ? "/" : `/play/${encoded(played)}`);
} else {
  // The page came with something to see, which ends here.
  root.replaceChildren();
  render(<App />, root);
  startPush();
  await start(hunt);
  // The shell is kept on the device, so that the page opens without a network.
  await navigator.serviceWorker
    ?.register("/play/service-worker.js", { scope: "/play/" })
    .catch(() => undefined);
  warmParts();
}
