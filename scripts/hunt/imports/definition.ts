/** A hunt of CTFd's as a definition of this engine's: pure, but for the answers that nobody can know. */
import { extname } from "node:path";
import { ASSETS_MAX, assetTypeOf } from "../../../src/contract/asset-types.ts";
import { parseDefinition } from "../../../src/hunt/definition.ts";
import { slugSchema } from "../../../src/hunt/fields.ts";
import { refused } from "../failure.ts";
import { compiledHere } from "../source.ts";
import { plural } from "../text.ts";
import { type Answers, answersOf } from "./answers.ts";
import type { Fate } from "./fates.ts";
import type { Findings } from "./findings.ts";
import { toMarkdown, withoutLinks, withTargets } from "./markup.ts";
import type { Challenge, Page, Source, SourceFile } from "./source.ts";
import { type DefinitionText, writeDefinition } from "./yaml-text.ts";

// The format's own limits (docs/hunt-format.md), as far as what is read may be beyond them.
const TITLE_MAX = 200;
const TEXT_MAX = 20_000;
/** Longer texts are cut before they are read: what is behind that is in no hunt. */
const READ_MAX = 4 * TEXT_MAX;
const POINTS_MAX = 1_000_000;
const TAG_MAX = 40;
const TAGS_MAX = 20;
const HINTS_MAX = 20;
const ATTACHMENTS_MAX = 20;
const FIELDS_MAX = 20;
const PAGES_MAX = 50;
const TEAM_MAX = 100;
const BRACKETS_MAX = 50;
const TRIES_MAX = 1_000_000_000;
/** Rounds of texts that publishing would refuse, each mended once. */
const MENDINGS_MAX = 3;

/** A file to be written: `asset` under assets/, else beside it. */
export interface OutFile {
  path: string;
  file: SourceFile;
  /** Its content goes into a zip, as no hunt has files of its kind. */
  zipped: boolean;
}

export interface Clue {
  id: string;
  challenge: Challenge;
  answers: Answers;
  isManual: boolean;
  /** Clues whose solves open it. */
  requires: readonly string[];
  /** What a solve is worth at least, for what a team can pay. */
  least: number;
  /** Ids of hints by the source's own. */
  hints: ReadonlyMap<number, { id: string; cost: number }>;
}

export interface Imported {
  hunt: string;
  text: string;
  clues: Clue[];
  files: OutFile[];
  /** Texts that no key of the definition has, by the path of their file. */
  texts: { path: string; text: string }[];
  /** Ids of brackets by the source's keys. */
  brackets: ReadonlyMap<string, string>;
}

/** A slug of the text; a Latin one, as far as it has letters that are. */
export function slugOf(text: string, otherwise: string): string {
  const slug = text
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll(/ß/g, "ss")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 57)
    .replaceAll(/^-+|-+$/g, "");
  return slug === "" ? otherwise : slug;
}

/** Gives each a name that no other has. */
export class Names {
  readonly #taken = new Set<string>();

  take(wanted: string, joined = (name: string, number: number): string => `${name}-${number}`): string {
    let name = wanted;
    for (let number = 2; this.#taken.has(name); number += 1) name = joined(wanted, number);
    this.#taken.add(name);
    return name;
  }
}

const iso = (at: number): string => new Date(at).toISOString().replace(".000Z", "Z");

/** One line, as a title is. */
export function lineOf(text: string, most: number): string {
  const line = text
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069\ufffd]+/gu, " ")
    .trim()
    .replaceAll(/ {2,}/g, " ");
  return [...line.toWellFormed()].slice(0, most).join("").trim();
}

const wellFormed = (text: string): string => text.toWellFormed().replaceAll(/[^\P{Cc}\n\t]/gu, "");

class Builder {
  readonly #source: Source;
  readonly #findings: Findings;
  readonly files: OutFile[] = [];
  readonly texts: { path: string; text: string }[] = [];
  readonly #assetNames = new Names();
  readonly #otherNames = new Names();
  /** Names of assets by the place that the source's texts name. */
  readonly #assets = new Map<string, string>();
  #assetCount = 0;
  readonly #fates: ReadonlyMap<SourceFile, Fate>;

  constructor(source: Source, fates: ReadonlyMap<SourceFile, Fate>, findings: Findings) {
    this.#source = source;
    this.#fates = fates;
    this.#findings = findings;
  }

  build(hunt: string): { definition: DefinitionText; clues: Clue[]; brackets: Map<string, string> } {
    const source = this.#source;
    const findings = this.#findings;
    if (source.challenges.length === 0)
      throw refused("there are no challenges in it: a hunt has one at least");
    const ids = new Names();
    const rounds = new Map<string, string>();
    const roundIds = new Names();
    for (const { category } of source.challenges) {
      if (!rounds.has(category)) rounds.set(category, roundIds.take(slugOf(category, "round")));
    }
    const keys = new Map(
      source.challenges.map((challenge) => [challenge.key, ids.take(slugOf(challenge.name, "clue"))]),
    );
    const cyclic = inCircles(source.challenges);
    const decay = this.#decay();
    const clues = source.challenges.map((challenge) =>
      this.#clue(challenge, keys, cyclic, decay !== undefined),
    );
    // Before any text, which may name a file of another.
    const attachments = clues.map((clue) => this.#filesOf(clue));
    for (const file of source.files) this.#takeFile(file, "uploads", `file ${file.place}`);
    const written = clues.map((clue, index) =>
      this.#writeClue(clue, rounds, decay !== undefined, attachments[index] ?? []),
    );
    const brackets = new Map<string, string>();
    const bracketIds = new Names();
    for (const { key, name } of source.brackets.slice(0, BRACKETS_MAX)) {
      brackets.set(key, bracketIds.take(slugOf(name, "bracket")));
    }
    for (const { name } of source.brackets.slice(BRACKETS_MAX)) {
      findings.add("left", `bracket ${name}`, `a hunt has ${BRACKETS_MAX} brackets at most`);
    }
    const pages = this.#pages();
    const fields = this.#fields();
    const description = this.#markdown("the description", source.description, "description");
    return {
      clues,
      brackets,
      definition: {
        comments: {
          opens:
            source.opens === undefined
              ? undefined
              : `as in ${source.from}; take these times out, or change them, for another evening`,
        },
        clueComments: clues.map(({ isManual, answers }) =>
          isManual || answers.isUnknown ? "see report.md" : undefined,
        ),
        value: {
          format: 1,
          hunt,
          title: lineOf(source.title, TITLE_MAX) || hunt,
          ...(description === "" ? {} : { description }),
          ...this.#times(),
          teams:
            source.mode === "solo"
              ? { mode: "solo" }
              : { mode: "teams", maxSize: Math.min(TEAM_MAX, Math.max(1, source.teamSize)) },
          ...(brackets.size === 0
            ? {}
            : {
                brackets: source.brackets.slice(0, BRACKETS_MAX).map(({ key, name }) => ({
                  id: brackets.get(key) ?? "",
                  title: lineOf(name, TITLE_MAX) || "–",
                })),
              }),
          ...(fields.length === 0 ? {} : { join: { fields } }),
          attempts: {
            burst: Math.min(TRIES_MAX, Math.max(1, source.triesPerMinute)),
            refillPerMinute: Math.min(TRIES_MAX, Math.max(1, source.triesPerMinute)),
            perClue: 0,
          },
          ...(decay === undefined ? {} : { scoring: { decay } }),
          rounds: [...rounds].map(([category, id]) => ({
            id,
            title: lineOf(category, TITLE_MAX) || "Challenges",
          })),
          clues: written,
          ...(pages.length === 0 ? {} : { pages }),
        },
      },
    };
  }

  #times(): { opens?: string; closes?: string; freeze?: string } {
    const { opens, closes, freeze, from } = this.#source;
    if (opens === undefined || closes === undefined || opens >= closes) {
      if (opens !== undefined) {
        this.#findings.add(
          "left",
          "the start",
          `${iso(opens)}: without an end after it, a hunt with this start would be live as soon as it is published`,
        );
      }
      if (closes !== undefined)
        this.#findings.add("left", "the end", `${iso(closes)}: there is no start before it in ${from}`);
      if (freeze !== undefined)
        this.#findings.add(
          "left",
          "the freeze",
          `${iso(freeze)}: without a start and an end there is none here`,
        );
      return {};
    }
    const isBetween = freeze !== undefined && freeze > opens && freeze <= closes;
    if (freeze !== undefined && !isBetween) {
      this.#findings.add("left", "the freeze", `${iso(freeze)} is not between start and end`);
    }
    return { opens: iso(opens), closes: iso(closes), ...(isBetween ? { freeze: iso(freeze) } : {}) };
  }

  /** The one decay that all clues have; undefined: there is none, so that values are fixed. */
  #decay(): { kind: "linear" | "log"; minimum: number; solves: number } | undefined {
    const worth = this.#source.challenges.filter(({ value, falling }) => falling !== undefined || value > 0);
    const all = worth.map(({ falling }) => (falling ? decayOf(falling) : undefined));
    const [first] = all;
    if (!first) return undefined;
    const isOne = all.every(
      (each) =>
        each !== undefined &&
        each.kind === first.kind &&
        each.minimum === first.minimum &&
        each.solves === first.solves,
    );
    if (!isOne) return undefined;
    if (worth.some(({ falling }) => falling && !isExact(falling))) {
      this.#findings.add(
        "changed",
        "values that fall",
        `they fall to ${first.minimum} within ${first.solves} solves, by steps that are not the same to the point`,
      );
    }
    return first;
  }

  #clue(
    challenge: Challenge,
    keys: ReadonlyMap<string, string>,
    cyclic: ReadonlySet<string>,
    decays: boolean,
  ): Clue {
    const { name, falling, state } = challenge;
    const findings = this.#findings;
    const id = keys.get(challenge.key) ?? "";
    const about = `clue ${id}`;
    const answers = answersOf(challenge);
    for (const message of answers.unsaid) findings.add("manual", about, message);
    for (const message of answers.changed) findings.add("changed", about, message);
    if (answers.isUnknown) {
      findings.add(
        "manual",
        about,
        "its answer is a stand-in that nobody can know: write the right one in its place",
      );
    }
    if (state === "hidden") findings.add("manual", about, "it was hidden");
    else if (state === "locked") findings.add("manual", about, "it was locked: seen, and not to be solved");
    else if (state !== "visible") findings.add("manual", about, `its state was "${state}"`);
    if (cyclic.has(challenge.key)) findings.add("manual", about, "it waits for itself by way of others");
    const requires = cyclic.has(challenge.key)
      ? []
      : [...new Set(challenge.requires.flatMap((key) => keys.get(key) ?? []))];
    for (const key of challenge.requires) {
      if (!keys.has(key)) findings.add("left", about, `it requires a challenge "${key}" that there is not`);
    }
    if (lineOf(name, TITLE_MAX) !== name.trim())
      findings.add("changed", about, "its title is one line of 200 characters at most");
    if (falling && !decays) {
      findings.add(
        "changed",
        about,
        `it is worth ${challenge.value} for good: its value fell (${falling.kind}, from ${falling.initial} to ${falling.minimum}, decay ${falling.decay}), and a hunt has one decay for all of its clues`,
      );
    }
    const isManual = state !== "visible" || answers.unsaid.length > 0 || cyclic.has(challenge.key);
    const hints = new Map<number, { id: string; cost: number }>();
    for (const [index, hint] of this.#hintsOf(challenge).entries()) {
      if (hint.key !== undefined) hints.set(hint.key, { id: `hint-${index + 1}`, cost: hint.cost });
    }
    const points = this.#points(challenge, decays);
    const least = decays && falling ? Math.min(points, Math.max(0, Math.ceil(falling.minimum))) : points;
    return { id, challenge, answers, isManual, requires, least, hints };
  }

  #hintsOf({ hints }: Challenge) {
    return hints
      .filter(({ text, title }) => text.trim() !== "" || (title ?? "").trim() !== "")
      .slice(0, HINTS_MAX);
  }

  #points({ value, falling }: Challenge, decays: boolean): number {
    const points = decays && falling ? falling.initial : value;
    return Math.min(POINTS_MAX, Math.max(0, Math.ceil(points)));
  }

  #writeClue(
    clue: Clue,
    rounds: ReadonlyMap<string, string>,
    decays: boolean,
    attachments: readonly string[],
  ): Record<string, unknown> {
    const { id, challenge, answers, isManual } = clue;
    const findings = this.#findings;
    const about = `clue ${id}`;
    const points = this.#points(challenge, decays);
    if (!decays && points !== challenge.value) {
      findings.add("changed", about, `it is worth ${points} points, not ${challenge.value}`);
    }
    const tags = [...new Set(challenge.tags.map((tag) => lineOf(tag, TAG_MAX)).filter((tag) => tag !== ""))];
    for (const tag of challenge.tags) {
      if (!tags.slice(0, TAGS_MAX).includes(tag.trim()))
        findings.add("changed", about, `its tag ${JSON.stringify(tag)} is cut, or one too many`);
    }
    for (const topic of challenge.topics)
      findings.add("left", about, `its topic "${topic}", which players did not see`);
    if (challenge.next !== undefined)
      findings.add("left", about, `after it "${challenge.next}" was recommended`);
    if (challenge.module !== undefined)
      findings.add("left", about, `it was in the module "${challenge.module}"`);
    if (challenge.anonymised)
      findings.add(
        "changed",
        about,
        "while it is locked players see nothing of it; there they saw that there was one",
      );
    if (!["standard", "dynamic"].includes(challenge.type)) {
      findings.add(
        "left",
        about,
        `it was of the kind "${challenge.type}", of a plugin: here it is a clue with an answer`,
      );
    }
    return {
      id,
      round: rounds.get(challenge.category),
      title: lineOf(challenge.name, TITLE_MAX) || id,
      ...(tags.length === 0 ? {} : { tags: tags.slice(0, TAGS_MAX) }),
      ...this.#body(clue),
      ...(attachments.length === 0 ? {} : { attachments }),
      kind: "answer",
      points,
      answers: answers.answers,
      compare: answers.compare,
      ...this.#hints(clue),
      ...(this.#opens(clue, isManual) ?? {}),
      ...this.#tries(challenge, about),
      ...this.#solution(clue),
    };
  }

  #body({ id, challenge }: Clue): { body?: string } {
    const parts = [this.#markdown(`clue ${id}`, challenge.description, `clues/${id}`)];
    const connection = challenge.connection?.trim() ?? "";
    if (connection !== "") {
      parts.push(
        /^https?:\/\/\S+$/i.test(connection)
          ? `<${connection}>`
          : `\`\`\`\n${wellFormed(connection).replaceAll("```", "'''")}\n\`\`\``,
      );
    }
    const attribution = this.#markdown(`clue ${id}`, challenge.attribution ?? "", `clues/${id}-attribution`);
    if (attribution !== "") parts.push(attribution);
    const body = parts.filter((part) => part !== "").join("\n\n");
    return body === "" ? {} : { body: this.#cut(body, `clue ${id}`, `clues/${id}`) };
  }

  #hints({ id, challenge }: Clue): { hints?: object[] } {
    const findings = this.#findings;
    const about = `clue ${id}`;
    const kept = this.#hintsOf(challenge);
    const empty = challenge.hints.filter(
      ({ text, title }) => text.trim() === "" && (title ?? "").trim() === "",
    );
    if (empty.length > 0) findings.add("left", about, `${plural(empty.length, "hint")} without a text`);
    const over = challenge.hints.length - empty.length - kept.length;
    if (over > 0) findings.add("left", about, `${plural(over, "hint")}: a clue has ${HINTS_MAX} at most`);
    const hints = kept.map((hint, index) => {
      const title = hint.title?.trim() ?? "";
      const text = [
        title === "" ? "" : `**${lineOf(title, TITLE_MAX)}**`,
        this.#markdown(about, hint.text, `clues/${id}-hint-${index + 1}`),
      ]
        .filter((part) => part !== "")
        .join("\n\n");
      if (hint.waits) findings.add("left", about, `hint ${index + 1} could be had only after another`);
      const cost = Math.min(POINTS_MAX, Math.max(0, Math.ceil(hint.cost)));
      if (cost !== hint.cost)
        findings.add("changed", about, `hint ${index + 1} costs ${cost}, not ${hint.cost}`);
      return { id: `hint-${index + 1}`, text: text || "–", ...(cost === 0 ? {} : { cost }) };
    });
    return hints.length === 0 ? {} : { hints };
  }

  #opens({ id, challenge, requires }: Clue, isManual: boolean): { opens: unknown } | undefined {
    const conditions: object[] = requires.map((clue) => ({ solved: clue }));
    if (challenge.scheduledAt !== undefined) conditions.push({ at: iso(challenge.scheduledAt) });
    if (isManual) {
      if (conditions.length > 0) {
        this.#findings.add(
          "manual",
          `clue ${id}`,
          `put its condition back when it may open by itself: ${JSON.stringify(conditions.length === 1 ? conditions[0] : { all: conditions })}`,
        );
      }
      return { opens: "manual" };
    }
    if (conditions.length === 0) return undefined;
    return { opens: conditions.length === 1 ? conditions[0] : { all: conditions } };
  }

  #tries({ attempts }: Challenge, about: string): { attempts?: object } {
    if (attempts <= 0) return {};
    const { triesBackAfter } = this.#source;
    const tries = Math.min(TRIES_MAX, Math.ceil(attempts));
    if (triesBackAfter === undefined) return { attempts: { perClue: tries } };
    this.#findings.add(
      "changed",
      about,
      `its ${plural(tries, "try", "tries")} came back all at once after ${triesBackAfter} s; here they come back one by one in that time`,
    );
    const refillPerMinute = Math.round((tries * 60_000) / Math.max(1, triesBackAfter)) / 1_000;
    return { attempts: { burst: tries, refillPerMinute } };
  }

  #solution({ id, challenge }: Clue): { solution?: string } {
    if (!challenge.solution || challenge.solution.text.trim() === "") return {};
    const { text, state } = challenge.solution;
    const about = `clue ${id}`;
    if (state !== "visible" && state !== "solved") {
      const path = this.#other(`clues/${id}-solution.md`);
      this.texts.push({ path, text });
      this.#findings.add("left", about, `its solution, which players never saw: it is in ${path}`);
      return {};
    }
    if (state === "visible")
      this.#findings.add(
        "changed",
        about,
        "its solution is told to who solved it; there everybody could read it",
      );
    return {
      solution: this.#cut(this.#markdown(about, text, `clues/${id}-solution`), about, `clues/${id}-solution`),
    };
  }

  #filesOf({ id, challenge }: Clue): string[] {
    const about = `clue ${id}`;
    for (const place of challenge.lost) this.#findings.add("left", about, `its file ${place} is not there`);
    const names: string[] = [];
    for (const file of challenge.files) {
      const name = this.#takeFile(file, id, about);
      if (name !== undefined) names.push(`asset:${name}`);
    }
    if (names.length > ATTACHMENTS_MAX) {
      this.#findings.add(
        "changed",
        about,
        `${ATTACHMENTS_MAX} of its ${names.length} files are attached, all are in assets/`,
      );
    }
    return names.slice(0, ATTACHMENTS_MAX);
  }

  /** Plans the file; gives its name as an asset to attach, or undefined where it is none. */
  #takeFile(file: SourceFile, folder: string, about: string): string | undefined {
    const safe = safeName(file.name);
    const fate = this.#fates.get(file) ?? "left";
    if (fate === "left" || this.#assetCount >= ASSETS_MAX - 1) {
      const path = this.#other(`${folder}/${safe}`);
      this.files.push({ path, file, zipped: false });
      this.#findings.add(
        "left",
        about,
        `its file ${file.name} is larger than a hunt's files may be, or one too many: it is in ${path}`,
      );
      return undefined;
    }
    const own = fate === "zipped" ? undefined : this.#asset(file, `${folder}/${safe}`, false);
    const whole = fate === "kept" ? undefined : this.#asset(file, `${folder}/${safe.slice(0, 90)}.zip`, true);
    this.#assets.set(file.place, own ?? whole ?? "");
    if (fate === "zipped") {
      const why = assetTypeOf(safe) ? "it is not of its ending's form" : "a hunt has no files of its kind";
      this.#findings.add("changed", about, `its file ${file.name} is in ${whole}: ${why}`);
    }
    if (fate === "cleaned") {
      this.#findings.add(
        "changed",
        about,
        `its file ${file.name} loses what is not seen of it (where and by what it was made, what is behind its end) when it is published: ${whole} has the whole`,
      );
    }
    return whole ?? own;
  }

  #asset(file: SourceFile, wanted: string, zipped: boolean): string {
    const name = this.#assetNames.take(wanted, (given, number) =>
      given.replace(/(\.[a-z0-9]+)?$/, `-${number}$1`),
    );
    this.#assetCount += 1;
    this.files.push({ path: `assets/${name}`, file, zipped });
    return name;
  }

  #other(wanted: string): string {
    return `left/${this.#otherNames.take(wanted, (given, number) => given.replace(/(\.[a-z0-9]+)?$/, `-${number}$1`))}`;
  }

  /** A text of the source's as our Markdown. */
  #markdown(about: string, given: string, path: string): string {
    const written = given.length > READ_MAX ? this.#cut(given, about, path) : given;
    const { text, stays, looks } = toMarkdown(wellFormed(written));
    if (stays.length > 0) {
      this.#findings.add(
        "left",
        about,
        `HTML that players see as it is written: ${stays.map((tag) => `<${tag}>`).join(" ")}`,
      );
    }
    if (looks.length > 0) {
      this.#findings.add(
        "left",
        about,
        `how its text looked: ${looks.map((tag) => (tag === "comment" ? "<!-- -->" : `<${tag}>`)).join(" ")}`,
      );
    }
    const told = withTargets(text, (address, isMedia) => this.#retold(about, address, isMedia));
    return this.#cut(told, about, path);
  }

  #retold(about: string, address: string, isMedia: boolean): { address?: string; asMedia: boolean } {
    if (
      /^(?:javascript|vbscript|data):/i.test(address.replaceAll(/[\p{Cc}\p{Z}]|%[01][0-9a-f]|%20/giu, ""))
    ) {
      this.#findings.add("left", about, `a link that begins with ${JSON.stringify(address.slice(0, 11))}`);
      return { asMedia: false };
    }
    const asset = this.#assetAt(address);
    if (asset !== undefined) {
      const kind = assetTypeOf(asset)?.kind;
      const isShown = kind === "image" || kind === "audio" || kind === "video";
      return { address: `asset:${asset}`, asMedia: isMedia && isShown };
    }
    if (/^(?:https?:|mailto:|#)/i.test(address)) {
      if (isMedia) this.#findings.add("changed", about, `a picture of another site is a link: ${address}`);
      return { address, asMedia: false };
    }
    this.#findings.add("left", about, `a link to ${address}, which is not here`);
    return { asMedia: false };
  }

  /** The asset that an address of the source's names: `/files/hash/name.png`, or a path beside the text. */
  #assetAt(address: string): string | undefined {
    const [bare = ""] = address.split(/[?#]/);
    const path = decoded(bare).replace(/^\.?\//, "");
    const direct = this.#assets.get(path) ?? this.#assets.get(path.replace(/^files\//, ""));
    if (direct !== undefined) return direct;
    const within = /\/files\/([0-9a-f]{16,64}\/[^/]+)$/i.exec(decoded(bare));
    return within?.[1] === undefined ? undefined : this.#assets.get(within[1]);
  }

  #cut(text: string, about: string, path: string): string {
    if (text.length <= TEXT_MAX) return text;
    const whole = this.#other(`${path}.md`);
    this.texts.push({ path: whole, text });
    this.#findings.add(
      "changed",
      about,
      `its text is cut at ${TEXT_MAX} characters: all of it is in ${whole}`,
    );
    return text
      .slice(0, TEXT_MAX - 1)
      .toWellFormed()
      .replace(/\ufffd$/, "");
  }

  #fields(): object[] {
    const ids = new Names();
    for (const { name } of this.#source.fields.slice(FIELDS_MAX)) {
      this.#findings.add("left", `field ${name}`, `joining asks for ${FIELDS_MAX} fields at most`);
    }
    return this.#source.fields.slice(0, FIELDS_MAX).map(({ name, kind, required }) => ({
      id: ids.take(slugOf(name, "field")),
      label: lineOf(name, TITLE_MAX) || "–",
      kind,
      ...(required ? { required } : {}),
    }));
  }

  #pages(): object[] {
    const ids = new Names();
    const kept: object[] = [];
    for (const page of this.#source.pages) {
      const about = `page ${page.route}`;
      const closed =
        page.closed ?? (kept.length < PAGES_MAX ? undefined : `a hunt has ${PAGES_MAX} pages at most`);
      if (closed !== undefined || page.text.trim() === "") {
        const path = this.#other(`pages/${slugOf(page.route, "page")}.${page.isHtml ? "html" : "md"}`);
        this.texts.push({ path, text: page.text });
        this.#findings.add("left", about, `${closed ?? "it has no text"}: it is in ${path}`);
        continue;
      }
      kept.push(this.#page(page, ids.take(slugOf(page.route, "page")), about));
    }
    return kept;
  }

  #page(page: Page, id: string, about: string): object {
    if (page.isHtml)
      this.#findings.add("changed", about, "it was written in HTML: look at what became of it");
    return {
      id,
      title: lineOf(page.title, TITLE_MAX) || id,
      body: this.#markdown(about, page.text, `pages/${id}`) || "–",
    };
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A name that a file of a hunt may have, if its ending allows it. */
export function safeName(given: string): string {
  const ending = extname(given)
    .toLowerCase()
    .replaceAll(/[^.a-z0-9]/g, "")
    .slice(0, 12);
  const stem = slugOf(given.slice(0, given.length - extname(given).length).replaceAll("_", "-"), "file");
  return stem + (ending === "." ? "" : ending);
}

/** As `scoring.decay` has it: both fall by one step less than there are solves. */
function decayOf({ kind, initial, minimum, decay }: NonNullable<Challenge["falling"]>) {
  const least = Math.min(POINTS_MAX, Math.max(0, Math.ceil(minimum)));
  if (kind === "logarithmic")
    return { kind: "log" as const, minimum: least, solves: Math.max(1, Math.round(decay)) };
  if (decay <= 0) return undefined;
  return {
    kind: "linear" as const,
    minimum: least,
    solves: Math.max(1, Math.ceil((initial - minimum) / decay)),
  };
}

const isExact = ({ kind, initial, minimum, decay }: NonNullable<Challenge["falling"]>): boolean =>
  Number.isInteger(minimum) &&
  minimum >= 0 &&
  Number.isInteger(kind === "linear" ? (initial - minimum) / decay : decay);

/** The keys of challenges that wait for themselves by way of others. */
function inCircles(challenges: readonly Challenge[]): Set<string> {
  const requires = new Map(challenges.map(({ key, requires: keys }) => [key, keys]));
  // What waits for nothing that still waits is taken away, until nothing more can be.
  const waiting = new Map(
    [...requires].map(([key, keys]) => [key, new Set(keys.filter((each) => requires.has(each)))]),
  );
  const ready = [...waiting].filter(([, keys]) => keys.size === 0).map(([key]) => key);
  const waiters = new Map<string, string[]>();
  for (const [key, keys] of waiting) {
    for (const each of keys) waiters.set(each, [...(waiters.get(each) ?? []), key]);
  }
  for (let key = ready.pop(); key !== undefined; key = ready.pop()) {
    waiting.delete(key);
    for (const waiter of waiters.get(key) ?? []) {
      const left = waiting.get(waiter);
      left?.delete(key);
      if (left?.size === 0) ready.push(waiter);
    }
  }
  // The rest stands in a circle or behind one; those behind are kept by the circle's being opened by hand.
  return new Set([...waiting.keys()].filter((key) => reaches(key, key, requires)));
}

function reaches(from: string, to: string, requires: ReadonlyMap<string, readonly string[]>): boolean {
  const seen = new Set<string>();
  const next = [...(requires.get(from) ?? [])];
  for (let key = next.pop(); key !== undefined; key = next.pop()) {
    if (key === to) return true;
    if (seen.has(key)) continue;
    seen.add(key);
    next.push(...(requires.get(key) ?? []));
  }
  return false;
}

/** The definition as text, which publishing takes. Throws a refusal when it would not. */
export function importedFrom(
  source: Source,
  hunt: string,
  fates: ReadonlyMap<SourceFile, Fate>,
  findings: Findings,
): Imported {
  const builder = new Builder(source, fates, findings);
  const { definition, clues, brackets } = builder.build(hunt);
  for (let mending = 0; ; mending += 1) {
    const text = writeDefinition(definition);
    const parsed = parseDefinition(text, "yaml");
    const compiled = parsed.definition ? compiledHere(parsed.definition, hunt) : undefined;
    const issues = parsed.issues ?? compiled?.issues;
    if (!issues) {
      const { files, texts } = builder;
      return { hunt, text, clues, files, texts, brackets };
    }
    const isMended =
      mending < MENDINGS_MAX && issues.some(({ path }) => mend(definition.value, path, findings));
    if (isMended) continue;
    const told = issues.slice(0, 10).map(({ path, message }) => `${path}: ${message}`);
    throw refused(`it makes no hunt:\n${told.join("\n")}`);
  }
}

/** Takes the links out of the text at this path; false: there is none. */
function mend(value: unknown, path: string, findings: Findings): boolean {
  const keys = path.split(".");
  const last = keys.pop();
  if (last === undefined || !["body", "text", "solution", "description"].includes(last)) return false;
  let holder: unknown = value;
  for (const key of keys) holder = (holder as Record<string, unknown> | undefined)?.[key];
  const found = holder as Record<string, unknown> | undefined;
  const text = found?.[last];
  if (!found || typeof text !== "string" || withoutLinks(text).length > TEXT_MAX) return false;
  found[last] = withoutLinks(text);
  findings.add("changed", path, "no link in it is one any more: publishing would refuse one of them");
  return true;
}

/** Whether the text can be the id of a hunt. */
export const isSlug = (text: string): boolean => slugSchema.safeParse(text).success;
