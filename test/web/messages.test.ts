import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import * as board from "../../src/web/board/messages.ts";
import { forms as formsAr } from "../../src/web/organiser/forms/messages/ar.ts";
import { forms as formsDe } from "../../src/web/organiser/forms/messages/de.ts";
import { forms as formsEn } from "../../src/web/organiser/forms/messages/en.ts";
import { ar as organiserAr } from "../../src/web/organiser/messages/ar.ts";
import { de as organiserDe } from "../../src/web/organiser/messages/de.ts";
import { en as organiserEn } from "../../src/web/organiser/messages/en.ts";
import { ar as playerAr } from "../../src/web/player/messages/ar.ts";
import { de as playerDe } from "../../src/web/player/messages/de.ts";
import { en as playerEn } from "../../src/web/player/messages/en.ts";
import type { Message } from "../../src/web/shared/i18n.ts";
import * as start from "../../src/web/start/messages.ts";

type Messages = Record<string, Message>;
const pages: Record<string, { en: Messages; de: Messages; ar: Messages }> = {
  player: { en: playerEn, de: playerDe, ar: playerAr },
  organiser: {
    en: { ...organiserEn, ...formsEn },
    de: { ...organiserDe, ...formsDe },
    ar: { ...organiserAr, ...formsAr },
  },
  board: { en: board.en, de: board.de, ar: board.ar },
  start: { en: start.en, de: start.de, ar: start.ar },
};
const parameters = (message: Message | undefined): string[] => {
  const forms = typeof message === "string" ? [message] : Object.values(message ?? {});
  return [
    ...new Set(forms.flatMap((form) => [...form.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? ""))),
  ].sort();
};

/** The sources of a page, without its messages. */
const sourceOf = (page: string): string => {
  const folder = join(import.meta.dirname, "../../src/web", page);
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/.test(file) && !/^(?:forms\/)?messages/.test(file))
    .map((file) => readFileSync(join(folder, file), "utf8"))
    .join("\n");
};

/** Messages whose names a page puts together: words of codes, of the editor and of the forms' choices, and what is asked before a move. */
const COMPOSED =
  /^(?:as|begin|by|font|on|fold|unit|clock|closes|penalty|worth|tried|teams|section|says|results|require|ranking|kind|help|guesses|field|down|decay|condition|compare|about|action|detail|fact|role|editor|gate|delivery|table|limit|change|issue|located|mode|outcome|phase|problem|roleMay|wanted|where)_|Sure$/;

test("[WEB-7] texts that come with the forms have names of their own", () => {
  expect(Object.keys(formsEn).filter((key) => key in organiserEn)).toEqual([]);
});

describe.each(Object.entries(pages))("[WEB-7] messages of %s", (page, { en, de, ar }) => {
  test("every message that the page names is there, and every one that is there is named", () => {
    const source = sourceOf(page);
    const named = [...source.matchAll(/\bt\(\s*"(\w+)"/g)].map(([, key]) => key ?? "");
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((key) => !(key in en))).toEqual([]);
    expect(Object.keys(en).filter((key) => !COMPOSED.test(key) && !source.includes(`"${key}"`))).toEqual([]);
  });

  test.each([
    ["en", en],
    ["de", de],
    ["ar", ar],
  ])(
    "%s has every message, with the same parameters, and every plural form that its counts need",
    (language, other) => {
      expect(Object.keys(other).sort()).toEqual(Object.keys(en).sort());
      for (const [key, message] of Object.entries(en)) {
        const translated = other[key];
        expect(
          parameters(translated).filter((name) => !parameters(message).includes(name)),
          key,
        ).toEqual([]);
        if (typeof message === "string") expect(parameters(translated), key).toEqual(parameters(message));
        else expect(typeof translated, key).toBe("object");
      }
      const categories = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
      for (const [key, message] of Object.entries(other)) {
        if (typeof message === "string") {
          expect(parameters(message), `${key} counts, so it needs plural forms`).not.toContain("count");
          continue;
        }
        expect(Object.keys(message).sort(), key).toEqual([...categories].sort());
      }
    },
  );
});
