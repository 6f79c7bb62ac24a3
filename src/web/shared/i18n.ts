/** The page's language: messages by key, plurals by the language's own rules, its direction. */
import { signal } from "@preact/signals";
import { device } from "./device.ts";

/** A text, or a form for each plural category the language has; `{name}` stands for a parameter. */
export type Message = string | ({ other: string } & Partial<Record<Intl.LDMLPluralRule, string>>);

/** Every key of English in another language: a missing one is a type error. */
export type Translation<English> = { [Key in keyof English]: Message };

export const LOCALES = { en: "English", de: "Deutsch", ar: "العربية" } as const;
export type Locale = keyof typeof LOCALES;

const RIGHT_TO_LEFT: readonly Locale[] = ["ar"];
const STORED = "locale";

export const locale = signal<Locale>("en");

let messages: Record<string, Message> = {};
let loaders: Partial<Record<Locale, () => Promise<Record<string, Message>>>> = {};
let english: Record<string, Message> = {};

type Texts = Record<string, Message>;
type Loaders = Partial<Record<Locale, () => Promise<Texts>>>;

/** Texts of parts of the page that are loaded on demand. */
const parts: { base: Texts; others: Loaders }[] = [];

/** Adds the texts of a part, in the language of the page and of those it is set to later. */
export async function addTexts(base: Texts, others: Loaders): Promise<void> {
  if (parts.some((part) => part.base === base)) return;
  parts.push({ base, others });
  english = { ...english, ...base };
  messages = { ...(await textsOf(base, others, locale.value)), ...messages };
}

async function textsOf(base: Texts, others: Loaders, to: Locale): Promise<Texts> {
  return to === "en" ? base : ((await others[to]?.()) ?? base);
}

/** `others` are loaded when they are chosen. Resolves when the user's language is there. */
export async function startI18n(
  base: Record<string, Message>,
  others: Partial<Record<Locale, () => Promise<Record<string, Message>>>>,
): Promise<void> {
  english = base;
  loaders = others;
  messages = base;
  await setLocale(preferred(), false);
}

export async function setLocale(to: Locale, keep = true): Promise<void> {
  try {
    const own = to === "en" ? english : ((await loaders[to]?.()) ?? english);
    const more = await Promise.all(parts.map(({ base, others }) => textsOf(base, others, to)));
    messages = more.length === 0 ? own : Object.assign({}, ...more, own);
    locale.value = to;
  } catch {
    // Offline, and not loaded before: the page stays in the language it has.
    return;
  }
  document.documentElement.lang = to;
  document.documentElement.dir = RIGHT_TO_LEFT.includes(to) ? "rtl" : "ltr";
  if (keep) device.remember(STORED, to);
}

function preferred(): Locale {
  const wanted = [
    new URLSearchParams(location.search).get("lang"),
    device.recall(STORED),
    ...navigator.languages,
  ];
  for (const each of wanted) {
    const found = (Object.keys(LOCALES) as Locale[]).find(
      (known) => each?.toLowerCase().split("-")[0] === known,
    );
    if (found) return found;
  }
  return "en";
}

/** The text of a message; the parameter `count` chooses the plural form. */
export function t(key: string, parameters: Record<string, string | number> = {}): string {
  // Read, so that whoever shows the text is drawn again in another language.
  const language = locale.value;
  const message = messages[key] ?? english[key] ?? key;
  const form =
    typeof message === "string"
      ? message
      : (message[new Intl.PluralRules(language).select(Number(parameters.count ?? 0))] ?? message.other);
  return form.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = parameters[name];
    return typeof value === "number" ? new Intl.NumberFormat(language).format(value) : (value ?? "");
  });
}

export const number = (value: number): string => new Intl.NumberFormat(locale.value).format(value);

export const percent = (value: number): string =>
  new Intl.NumberFormat(locale.value, { style: "percent", maximumFractionDigits: 1 }).format(value);

/** A contrast, as WCAG writes it: 4.5 : 1. */
export const ratio = (value: number): string =>
  `${new Intl.NumberFormat(locale.value, { maximumFractionDigits: 1, roundingMode: "floor" } as Intl.NumberFormatOptions).format(value)} : 1`;

/** A file's size, in the unit that fits. */
export function fileSize(bytes: number): string {
  const [unit, size] =
    bytes < 1e6 ? (["kilobyte", bytes / 1e3] as const) : (["megabyte", bytes / 1e6] as const);
  const format = { style: "unit", unit, maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(locale.value, format).format(Math.max(size, 0.1));
}

/** "a, b and c" */
export const list = (of: readonly string[]): string => new Intl.ListFormat(locale.value).format(of);

/** A time of day, with its date unless that is today; "" for what is no time. */
export function clock(at: string | number): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return "";
  const today = date.toDateString() === new Date().toDateString();
  return new Intl.DateTimeFormat(locale.value, {
    ...(today ? {} : { day: "numeric", month: "short" }),
    hour: "2-digit",
    minute: "2-digit",
  }).format(date);
}

/** How long ago something was, in the largest unit that fits: "now", "12 sec. ago". */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const format = new Intl.RelativeTimeFormat(locale.value, { numeric: "auto", style: "short" });
  if (seconds < 60) return format.format(-seconds, "second");
  if (seconds < 3_600) return format.format(-Math.floor(seconds / 60), "minute");
  return format.format(-Math.floor(seconds / 3_600), "hour");
}

/** A duration as 1:02:03 or 4:05; negative ones are 0:00. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, "0"))).join(":");
}
