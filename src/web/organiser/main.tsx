/** The organiser console: `/organise`, signed in with an organiser's token. */
import "../shared/theme.css";
import "./organiser.css";
import { render } from "preact";
import { startI18n } from "../shared/i18n.ts";
import { startTheme } from "../shared/settings.tsx";
import { App } from "./app.tsx";
import { en } from "./messages/en.ts";

startTheme();
await startI18n(en, {
  de: async () => (await import("./messages/de.ts")).de,
  ar: async () => (await import("./messages/ar.ts")).ar,
});
const root = document.getElementById("app");
if (!root) throw new Error("the page has no place for the console");
render(<App />, root);
