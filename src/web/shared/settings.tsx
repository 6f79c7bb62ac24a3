/** Language and light or dark: the same on every page. */
import { signal } from "@preact/signals";
import { device } from "./device.ts";
import { LOCALES, type Locale, locale, setLocale } from "./i18n.ts";
import { Icon } from "./icons.tsx";

type Theme = "light" | "dark";
const STORED = "theme";

const system = (): Theme => (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
const stored = device.recall(STORED);
const theme = signal<Theme>(stored === "light" || stored === "dark" ? stored : system());

export function startTheme(): void {
  document.documentElement.dataset.theme = theme.value;
}

function setTheme(to: Theme): void {
  theme.value = to;
  device.remember(STORED, to);
  document.documentElement.dataset.theme = to;
}

export function Settings({ language, appearance }: { language: string; appearance: string }) {
  return (
    <div class="settings">
      <label>
        <span class="visually-hidden">{language}</span>
        <select
          value={locale.value}
          onChange={(event) => void setLocale(event.currentTarget.value as Locale)}
        >
          {Object.entries(LOCALES).map(([id, name]) => (
            <option key={id} value={id} lang={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        class="quiet square"
        aria-label={appearance}
        aria-pressed={theme.value === "dark"}
        onClick={() => setTheme(theme.value === "dark" ? "light" : "dark")}
      >
        <Icon name="theme" />
      </button>
    </div>
  );
}
