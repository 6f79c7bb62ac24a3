/** The language of the hunt's texts: the page's own, where the hunt has it, else what the browser asks for by itself. */
import { signal } from "@preact/signals";
import { Problem } from "./api.ts";
import { locale } from "./i18n.ts";
import { encoded } from "./outside.ts";

/** As the hunt names them; undefined: it does not, or nobody knows yet. */
export const huntLanguages = signal<readonly string[] | undefined>(undefined);

/** What the page's address asks for: a hunt may have languages that the page itself has not. */
const asked = new URLSearchParams(location.search).get("lang") ?? undefined;

const isIn = (language: string, languages: readonly string[]): boolean =>
  languages.some((each) => each.toLowerCase().split("-")[0] === language.toLowerCase().split("-")[0]);

/** Undefined: what the browser says decides. */
export function language(): string | undefined {
  const languages = huntLanguages.value;
  if (!languages) return locale.value;
  return [locale.value, asked].find((each) => each !== undefined && isIn(each, languages));
}

/** The part of a query, behind `sign`; empty: what the browser says decides. */
export function langQuery(sign: "?" | "&"): string {
  const lang = language();
  return lang === undefined ? "" : `${sign}lang=${encoded(lang)}`;
}

/** Reads what has an address with a language. In a release the page may be newer than the engine, which knows no such query. */
export const inLanguage = <Told>(address: string, read: (address: string) => Promise<Told>): Promise<Told> =>
  read(address).catch((error: unknown) => {
    if (!(error instanceof Problem) || error.code !== "invalid") throw error;
    return read(address.replace(/[?&]lang=[^&]*/, ""));
  });
