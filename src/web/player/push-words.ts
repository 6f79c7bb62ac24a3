/** What a notification says, by what it carries, in the words of the pages' languages. For the service worker. PURE. */
import type { Notification } from "../../contract/push.ts";
import { encoded } from "../shared/outside.ts";

interface Words {
  answered: string;
  answeredAbout(clue: string): string;
  opened(clue: string): string;
  openedMany(count: string, clues: string): string;
  news: string;
}

const WORDS: Record<string, Words> = {
  en: {
    answered: "The organisers answered you.",
    answeredAbout: (clue) => `The organisers answered you: ${clue}`,
    opened: (clue) => `A new clue is open: ${clue}`,
    openedMany: (count, clues) => `${count} new clues are open: ${clues}`,
    news: "There is news.",
  },
  de: {
    answered: "Die Veranstalter haben euch geantwortet.",
    answeredAbout: (clue) => `Die Veranstalter haben euch geantwortet: ${clue}`,
    opened: (clue) => `Ein neues Rätsel ist offen: ${clue}`,
    openedMany: (count, clues) => `${count} neue Rätsel sind offen: ${clues}`,
    news: "Es gibt Neues.",
  },
  ar: {
    answered: "ردّ عليكم المنظمون.",
    answeredAbout: (clue) => `ردّ عليكم المنظمون: ${clue}`,
    opened: (clue) => `فُتح لغز جديد: ${clue}`,
    openedMany: (count, clues) => `ألغاز جديدة مفتوحة (${count}): ${clues}`,
    news: "هناك أخبار.",
  },
};

export interface Shown {
  title: string;
  body: string;
  lang: string;
  dir: "ltr" | "rtl" | "auto";
  tag: string;
  /** Where a click leads to. */
  path: string;
}

/** Anything may have been sent: what is not as it should be is told as news. */
export function shownOf(sent: unknown): Shown {
  const told = (typeof sent === "object" && sent !== null ? sent : {}) as Partial<Notification>;
  const asked = (textOr(told.lang, "en").split("-")[0] ?? "").toLowerCase();
  const lang = Object.hasOwn(WORDS, asked) ? asked : "en";
  const words = WORDS[lang] as Words;
  const hunt = textOr(told.hunt, "");
  const clues = Array.isArray(told.clues) ? told.clues.filter((clue) => typeof clue?.id === "string") : [];
  const [clue] = clues;
  const about = clue && textOr(clue.title, clue.id);
  const count = typeof told.count === "number" ? told.count : clues.length;
  const titles = new Intl.ListFormat(lang, { type: "unit" }).format(
    clues.map(({ title }) => textOr(title, "")),
  );
  const isMany = told.kind === "opened" && count > 1;
  const body = (): string => {
    if (told.kind === "help") return about === undefined ? words.answered : words.answeredAbout(about);
    if (told.kind === "opened" && about !== undefined) {
      return isMany
        ? words.openedMany(
            new Intl.NumberFormat(lang).format(count),
            count > clues.length ? `${titles} …` : titles,
          )
        : words.opened(about);
    }
    const text = textOr(told.text, words.news) + (told.cut === true ? " …" : "");
    return about === undefined ? text : `${about}: ${text}`;
  };
  const place = isMany ? "#clues" : clue ? `#clue/${encoded(clue.id)}` : "#news";
  return {
    title: textOr(told.title, "") || hunt,
    body: body(),
    lang,
    // What organisers write has a direction of its own.
    dir: told.kind === "announcement" ? "auto" : lang === "ar" ? "rtl" : "ltr",
    tag: `${hunt}/${textOr(told.tag, "news")}`,
    path: hunt === "" ? "/play/" : `/play/${encoded(hunt)}${place}`,
  };
}

const textOr = (value: unknown, otherwise: string): string => (typeof value === "string" ? value : otherwise);
