/** The part of `compile` that checks where links lead and what media are, in every text that is Markdown. */
import type { Definition } from "./definition.ts";
import { type Address, wrongAddresses } from "./markdown.ts";
import type { Report } from "./report.ts";

/** Every text of the definition that is Markdown, with its path. */
export function* markdownOf(definition: Definition): Generator<{ path: string; text: string }> {
  const { description, join, rounds, clues, pages } = definition;
  if (description !== undefined) yield { path: "description", text: description };
  for (const [index, { text }] of (join?.consent ?? []).entries()) {
    yield { path: `join.consent.${index}.text`, text };
  }
  for (const [index, { body }] of pages.entries()) yield { path: `pages.${index}.body`, text: body };
  for (const [index, { body }] of rounds.entries()) {
    if (body !== undefined) yield { path: `rounds.${index}.body`, text: body };
  }
  for (const [index, { body, solution, hints, instead }] of clues.entries()) {
    yield { path: `clues.${index}.body`, text: body };
    if (solution !== undefined) yield { path: `clues.${index}.solution`, text: solution };
    if (instead) yield { path: `clues.${index}.instead.text`, text: instead.text };
    for (const [at, { text }] of hints.entries()) yield { path: `clues.${index}.hints.${at}.text`, text };
  }
}

/** The same in every language. */
function* inAllLanguages(definition: Definition): Generator<{ path: string; text: string }> {
  yield* markdownOf(definition);
  for (const [language, texts] of Object.entries(definition.translations?.texts ?? {})) {
    for (const { path } of markdownOf(definition)) {
      const text = texts[path];
      if (text !== undefined) yield { path: `${path}.${language}`, text };
    }
  }
}

/** A browser runs these, or takes them for a page of their own. */
const UNSAFE = /^(?:javascript|vbscript|data):/i;
/** Blanks and control characters, encoded as the parser does, which a browser may leave out. */
const IGNORED = /%(?:[01][0-9a-f]|20|7f)|[\p{Cc}\p{Zs}]/giu;
const OWN = /^(page|clue):([a-z0-9-]*)/;
/** With a protocol, or with two slashes instead of one: not of this engine. */
const REMOTE = /^(?!asset:)(?:[a-z][a-z0-9+.-]*:|[/\\]{2})/i;

type Wrong = Parameters<Report>[0]["code"];

/** Reports links that lead nowhere, or that no browser should follow, and media of other sites. */
export function checkAddresses(definition: Definition, report: Report): void {
  const clues = new Set(definition.clues.map(({ id }) => id));
  const pages = new Set(definition.pages.map(({ id }) => id));

  function faultOf({ kind, address }: Address): { code: Wrong; message: string } | undefined {
    if (UNSAFE.test(address.replaceAll(IGNORED, ""))) {
      return { code: "unsafe-link", message: "addresses of javascript:, vbscript: and data: are not taken" };
    }
    if (kind === "media") {
      if (!REMOTE.test(address)) return undefined;
      const message = "pictures, sounds and films are the hunt's own: upload it, and name it asset:…";
      return { code: "remote-media", message };
    }
    const [, what, id = ""] = OWN.exec(address) ?? [];
    if (what === "clue" && !clues.has(id)) {
      return { code: "no-such-clue", message: `there is no clue "${id}"` };
    }
    if (what === "page" && !pages.has(id))
      return { code: "no-such-page", message: `there is no page "${id}"` };
    return undefined;
  }

  for (const { path, text } of inAllLanguages(definition)) {
    const told = new Set<string>();
    for (const address of wrongAddresses(text, (each) => faultOf(each) === undefined)) {
      const fault = faultOf(address);
      if (!fault || told.has(fault.message)) continue;
      told.add(fault.message);
      report({ path, ...fault });
    }
  }
}
