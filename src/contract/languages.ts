/** The language that a client asks for. */
import { z } from "zod";
import { slug, told } from "./basics.ts";

/** Characters of a language's tag; longer ones are nobody's. */
const LANG_MAX = 100;

export const lang = z
  .string()
  .max(LANG_MAX)
  .meta({
    description:
      "The language of the texts; `de-AT` is served by `de`, an unknown one by the hunt's first. Default: the player's `locale`, then `Accept-Language`, then the hunt's first",
    examples: ["de"],
  })
  .exactOptional();

export const langQuery = z.strictObject({ lang });

export const acceptLanguage = {
  "accept-language": z
    .string()
    .meta({
      description: "Languages of the reader, where nothing else decides",
      examples: ["de-AT,de;q=0.9"],
    })
    .exactOptional(),
};

export const langHeaders = z.object(acceptLanguage);

/** Pages of a hunt's own, as the hunt and `/me` name them. */
export const pages = z
  .array(
    z.strictObject({
      id: slug.meta({ description: "The page", examples: ["rules"] }),
      title: told("Its title", "Rules"),
    }),
  )
  .meta({
    description: "Pages of the hunt's own; absent: none",
    examples: [[{ id: "rules", title: "Rules" }]],
  })
  .exactOptional();

export const page = z
  .strictObject({
    id: slug.meta({ description: "The page", examples: ["rules"] }),
    title: told("Its title", "Rules"),
    body: told("Its text, Markdown", "Be kind to the swans."),
  })
  .meta({
    id: "Page",
    description: "A page of the hunt's own",
    examples: [{ id: "rules", title: "Rules", body: "Be kind to the swans." }],
  });

export type Page = z.infer<typeof page>;

/** The languages of a hunt. */
export const languages = z
  .array(told("A language", "en"))
  .meta({ description: "Of its texts, the default first; absent: it does not say", examples: [["en", "de"]] })
  .exactOptional();
