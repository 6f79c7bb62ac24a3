/** The public half of a hunt in the language that a request asks for. */

import { BoundedMap } from "../bounded-map.ts";
import type { PublicHunt } from "../hunt/compiled.ts";
import { acceptedLanguages, chosen, withTexts } from "../hunt/languages.ts";
import type { Request$ } from "./request.ts";

/** Hunts in other languages that an isolate remembers, by what they were made of. */
const spoken = new WeakMap<PublicHunt, BoundedMap<string, PublicHunt>>();
const LANGUAGES_REMEMBERED = 20;

/** `language`: absent where the hunt does not say which it is in. */
export interface SpokenHunt {
  hunt: PublicHunt;
  spoken: { language: string; byHeader: boolean } | undefined;
}

/** `lang`: as the query has it. */
export function inLanguageOf(
  c: Pick<Request$, "req">,
  hunt: PublicHunt,
  lang: string | undefined,
): SpokenHunt {
  const { languages = [] } = hunt;
  const [first] = languages;
  if (first === undefined) return { hunt, spoken: undefined };
  const asked = lang === undefined ? acceptedLanguages(c.req.header("accept-language")) : [lang];
  const language = chosen(languages, asked) ?? first;
  return { hunt: translated(hunt, language), spoken: { language, byHeader: lang === undefined } };
}

function translated(hunt: PublicHunt, language: string): PublicHunt {
  const texts = hunt.translations?.[language];
  if (!texts) return hunt;
  let known = spoken.get(hunt);
  if (!known) {
    known = new BoundedMap(LANGUAGES_REMEMBERED);
    spoken.set(hunt, known);
  }
  return known.get(language) ?? known.set(language, withTexts(hunt, texts));
}
