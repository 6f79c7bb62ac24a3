/**
 * A look at `/me`: first the fingerprint of all that it shows (`glance`), which is its
 * ETag and mostly enough; then its JSON text. Whatever of a clue is the same
 * for all teams is made into text once a version; a look puts the texts together. PURE.
 *
 * Beside its time, an ETag does not cover what others move: values of clues and scores in
 * a hunt where they move, places, units left. A look at what changed has these anyway.
 */
import { ASSET_SCHEME } from "../contract/asset-types.ts";
import { ANNOUNCEMENTS_TOLD, type ClueView, type Me } from "../contract/me.ts";
import type { Announcement } from "../protocol.ts";
import { type AddressOf, assetsIn } from "./asset-references.ts";
import { cooldownUntil, triesAt, triesOfClue } from "./attempts.ts";
import type { CompiledClue } from "./compiled.ts";
import type { Context } from "./context.ts";
import type { IndexedHunt } from "./indexed.ts";
import { kindOf } from "./kinds/all.ts";
import { lookTold } from "./look-told.ts";
import { iso } from "./moment.ts";
import { ownTimeOf } from "./own-clock.ts";
import { Print } from "./print.ts";
import { seenOf } from "./seen.ts";
import { captainOf, generationOf, hintKey, type Member, type Team } from "./team.ts";
import { asSeen, broughtBy, scoreOf, worthOf } from "./team-score.ts";
import { closesAt, openingsOf } from "./unlock.ts";
import { prizesOf, roundsOf } from "./view.ts";
import { takenOf, withdrawnViews } from "./withdrawn.ts";

/** Goes up when the text of the same state changes: an ETag of before then stands for another text. */
const FORM = 2;

/** In the place of a player, for who looks as the team. */
export const NOBODY = "";

/** Texts of more characters stand apart, for those who ask for that: a request for less costs more than the text. */
export const APART_OVER = 400;

/** What others know of a player's hunt: the standings, the vault, the organisers. */
export interface Known {
  /** Of the published hunt. */
  version: number;
  /** Units of a prize left when the vault last said so. */
  left(prize: string): number | undefined;
  announcements: readonly Announcement[];
  /** Whether the team is told of it, if it sees the clue that it is about. Absent: of all. */
  isTo?(announcement: Announcement, team: Team): boolean;
  /** By what the member comes back. */
  returnCodeOf(team: Team, member: Member): string;
  /** What the team gave that solved the clue; undefined: nothing that is typed, or nobody knows any more. */
  answerOf?(team: Team, clue: string): string | undefined;
}

/** Where long texts stand apart: by their content, readable with a ticket for some time. */
export interface Apart {
  /** Another value: other addresses. */
  period: number;
  of(text: string): { digest: string; url: string };
}

/** Where the hunt's files are shown, for some time. */
export interface Addresses {
  /** Another value: other addresses. */
  period: number;
  /** The text with addresses where it refers to files. */
  of(text: string): string;
  addressOf: AddressOf;
}

/** What was shown in a look, to tell what changed since. */
export interface Glimpse {
  hunt: IndexedHunt;
  /** By the clues' places: the fingerprint of what is shown of it; 0: the team does not see it. */
  prints: Float64Array;
  /** Of the clues and hints that versions dropped. */
  withdrawn: number;
  announced: number;
}

/** What a player of a team sees at `now` (epoch ms). It holds until something is awaited. */
export interface Glance extends Glimpse {
  etag: string;
  context: Context;
  team: Team;
  player: string;
  now: number;
  openings: readonly number[];
  known: Known;
  /** JSON text. */
  announcements: string;
  /** By clue, what was corrected of it: JSON text. */
  errata: ReadonlyMap<string, string>;
}

export function glance(present: Context, team: Team, player: string, known: Known, now: number): Glance {
  const context = asSeen(present);
  const { hunt, phase } = context;
  const { clues } = hunt.compiled;
  const prints = new Float64Array(clues.length);
  const own = team.members.find(({ id }) => id === player);
  const all = new Print().number(FORM).number(known.version).text(phase).text(player);
  if (hunt.changed !== "") all.text(hunt.changed);
  if (context.solutionsTold) all.text("solutions");
  if (hunt.files !== 0) all.number(hunt.files);
  all.number(own ? generationOf(own) : 0);
  printTeam(all, context, team);
  const isOpen = phase !== "draft";
  const openings = isOpen ? openingsOf(hunt, team, context.openedAt, now) : clues.map(() => 0);
  const told = announcementsOf(context, team, known, now);
  if (isOpen) {
    const isNew = hasNothing(team);
    // Most clues opened in the same moment, and most of them nobody touched.
    let lastOpened = Number.NaN;
    let untouched = 0;
    for (let place = 0; place < clues.length; place += 1) {
      const clue = clues[place] as CompiledClue;
      const openedAt = openings[place] ?? Number.POSITIVE_INFINITY;
      if (openedAt > now && !team.solves.has(clue.id)) continue;
      let print: number;
      if ((isNew && !clue.closes) || isUntouched(hunt, team, clue)) {
        if (openedAt !== lastOpened) {
          lastOpened = openedAt;
          untouched = new Print().number(openedAt).value;
        }
        print = untouched;
      } else print = printOf(context, team, clue, openedAt, now);
      const errata = told.errata.get(clue.id);
      if (errata !== undefined) print = new Print().number(print).text(errata).value;
      if (context.solutionsTold && clue.solution !== undefined)
        print = new Print().number(print).number(1).value;
      prints[place] = print;
      all.word(place).number(print);
    }
  }
  const withdrawn = isOpen && hunt.withdrawn.size > 0 ? printOfWithdrawn(hunt, team) : 0;
  if (hunt.compiled.prizes.length > 0) {
    const prizes = prizesOf(context, team, player, seenOf(context, team, now), nobodyKnows, now);
    all.text(JSON.stringify(prizes));
  }
  all.number(withdrawn).number(told.print);
  return {
    etag: all.hex,
    context,
    team,
    player,
    now,
    hunt,
    prints,
    openings,
    withdrawn,
    announced: told.print,
    announcements: told.text,
    errata: told.errata,
    known,
  };
}

const nobodyKnows = (): undefined => undefined;

function printTeam(print: Print, { hunt }: Context, team: Team): void {
  print
    .text(team.id)
    .text(team.name)
    .text(team.bracket ?? "")
    .text(team.joinCode ?? "");
  print.text(captainOf(team) ?? "").number(team.members.length);
  for (const { id, name } of team.members) print.text(id).text(name);
  print.number(team.solves.size).number(team.banned ? 1 : 0);
  if (team.startedAt !== undefined) print.number(team.startedAt);
  // A score that others move is no state of this team's; what it did to its own is.
  print.number(hunt.dynamic ? team.adjusted : team.earned + team.adjusted);
}

function printOf(context: Context, team: Team, clue: CompiledClue, openedAt: number, now: number): number {
  const print = new Print().number(openedAt);
  const solve = team.solves.get(clue.id);
  const bucket = team.attempts.get(clue.id);
  print.number(bucket?.wrong ?? 0);
  if (solve) print.number(solve.at).number(context.hunt.dynamic ? 0 : solve.points);
  else {
    const { attemptsLeft, attemptsOfClue = -1 } = triesLeft(context, team, clue, now);
    print
      .number(attemptsLeft)
      .number(attemptsOfClue)
      .number(cooldownUntil(clue.attempts, bucket, now) ?? -1);
    if (clue.closes) print.number(closesAt(clue, openedAt) <= now ? 1 : 0);
  }
  if (team.hints.size === 0) return print.value;
  for (const { id } of clue.hints) print.number(team.hints.has(hintKey(clue.id, id)) ? 1 : 0);
  const dropped = context.hunt.withdrawn.get(clue.id);
  if (dropped) print.text(JSON.stringify(takenOf(dropped, team)));
  return print.value;
}

/** The team did nothing yet that a clue shows. */
const hasNothing = ({ solves, attempts, hints, codes }: Team): boolean =>
  solves.size === 0 && attempts.size === 0 && hints.size === 0 && codes === undefined;

/** Nothing of the clue is the team's own but when it opened, and nothing of it changes with time. */
function isUntouched(hunt: IndexedHunt, team: Team, clue: CompiledClue): boolean {
  const { id, hints, closes } = clue;
  if (closes || team.solves.has(id) || team.attempts.has(id)) return false;
  if (team.codes && kindOf(clue).draws === "codes") return false;
  if (team.hints.size === 0) return true;
  return !hunt.withdrawn.has(id) && !hints.some((hint) => team.hints.has(hintKey(id, hint.id)));
}

const printOfWithdrawn = (hunt: IndexedHunt, team: Team): number => {
  const views = withdrawnViews(hunt.withdrawn.values(), team);
  return views.length === 0 ? 0 : new Print().text(JSON.stringify(views)).value;
};

interface Told {
  announcement: Announcement;
  text: string;
  print: number;
}

/** Announcements as text, by the list that control told. */
const tellings = new WeakMap<readonly Announcement[], Told[]>();

function tellingOf(announcement: Announcement): Told {
  const { at, edited, to: _, ...rest } = announcement;
  const text = JSON.stringify({
    ...rest,
    at: iso(at),
    ...(edited === undefined ? {} : { edited: iso(edited) }),
  } satisfies Me["announcements"][number]);
  return { announcement, text, print: new Print().text(text).value };
}

const NO_ERRATA: ReadonlyMap<string, string> = new Map();

/** The announcements that the team may see, as text, and the errata of its clues. */
function announcementsOf(
  context: Context,
  team: Team,
  { announcements, isTo }: Pick<Known, "announcements" | "isTo">,
  now: number,
): { text: string; print: number; errata: ReadonlyMap<string, string> } {
  if (announcements.length === 0) return { text: "[]", print: 0, errata: NO_ERRATA };
  let all = tellings.get(announcements);
  if (!all) {
    all = announcements.map(tellingOf);
    tellings.set(announcements, all);
  }
  let told = all;
  if (all.some(({ announcement: { clue, to } }) => clue !== undefined || to !== undefined)) {
    const visible = new Set(seenOf(context, team, now).map(({ id }) => id));
    told = all.filter(
      ({ announcement }) =>
        (announcement.clue === undefined || visible.has(announcement.clue)) &&
        (announcement.to === undefined || isTo === undefined || isTo(announcement, team)),
    );
  }
  const newest = told.slice(-ANNOUNCEMENTS_TOLD);
  const print = new Print();
  for (const each of newest) print.number(each.print);
  const text = `[${newest.map((each) => each.text).join(",")}]`;
  return { text, print: print.value, errata: errataOf(told) };
}

function errataOf(told: readonly Told[]): ReadonlyMap<string, string> {
  let errata: Map<string, object[]> | undefined;
  for (const { announcement } of told) {
    const { clue, erratum, at, text, edited } = announcement;
    if (!erratum || clue === undefined) continue;
    errata ??= new Map();
    const one = { at: iso(at), text, ...(edited === undefined ? {} : { edited: iso(edited) }) };
    errata.set(clue, [...(errata.get(clue) ?? []), one]);
  }
  if (!errata) return NO_ERRATA;
  return new Map([...errata].map(([clue, each]) => [clue, JSON.stringify(each)]));
}

/** How a look is told. */
export interface Form {
  /** Long texts stand apart; absent: they are in it. */
  apart?: Apart | undefined;
  /** Of the hunt's files; absent: it has none. */
  addresses?: Addresses | undefined;
  /** Only what changed since then. */
  since?: { etag: string; glimpse: Glimpse } | undefined;
}

/** Whether what changed can be told: the same version was shown, and nothing that it dropped moved. */
export const isComparable = (glanced: Glance, before: Glimpse): boolean =>
  before.hunt === glanced.hunt && before.withdrawn === glanced.withdrawn;

/** Where a team stands among all, and among those of its bracket. */
export interface Place {
  rank: number;
  inBracket?: number;
}

/** The JSON text of what the player sees. `standing`: the team's place, if it has one. */
export function lookText(
  glanced: Glance,
  standing: Place | undefined,
  { apart, addresses, since }: Form = {},
): string {
  const { context, team, player, now, hunt, prints, openings, known } = glanced;
  const { compiled, dynamic } = hunt;
  const before = since?.glimpse;
  const texts = textsOf(hunt);
  let clues = "";
  let hasOthers = before === undefined;
  let moved = "";
  let values = "";
  for (let place = 0; place < prints.length; place += 1) {
    const print = prints[place] ?? 0;
    const earlier = before?.prints[place] ?? 0;
    if ((print === 0) !== (earlier === 0)) hasOthers = true;
    if (print === 0) continue;
    const clue = compiled.clues[place] as CompiledClue;
    if (before && earlier === print) {
      if (dynamic) moved += `${moved === "" ? "" : ","}"${clue.id}":${pointsOf(context, team, clue)}`;
      if (fallsAlone(context, team, clue)) {
        const value = worthOf(context, team, clue, openings[place] ?? 0, now).points;
        values += `${values === "" ? "" : ","}"${clue.id}":${value}`;
      }
      continue;
    }
    const whole = clueText(context, team, clue, texts[place] as ClueText, openings[place] ?? 0, now, {
      apart,
      addresses,
    });
    const text = withMore(whole, moreOf(glanced, clue, { apart, addresses }));
    clues += clues === "" ? text : `,${text}`;
  }
  const seen = hasOthers || compiled.prizes.length > 0 ? seenOf(context, team, now) : [];
  if (!before && glanced.withdrawn !== 0) {
    for (const view of withdrawnViews(hunt.withdrawn.values(), team)) {
      const text = JSON.stringify(dropped(view, { apart, addresses }));
      clues += clues === "" ? text : `,${text}`;
    }
  }
  const own = team.members.find(({ id }) => id === player);
  let text = since ? `{"since":${JSON.stringify(since.etag)},` : "{";
  const returnCode = own && { returnCode: known.returnCodeOf(team, own) };
  if (player !== NOBODY) {
    text += `"player":${JSON.stringify({ id: player, name: own?.name ?? "", ...returnCode })},`;
  }
  text += `"team":${teamText(context, team, standing)},"phase":"${context.phase}"`;
  if (!before && compiled.languages) text += `,"languages":${JSON.stringify(compiled.languages)}`;
  if (!before && compiled.look) {
    text += `,"look":${JSON.stringify(lookTold(compiled.look, addresses?.addressOf))}`;
  }
  if (!before && compiled.pages) text += `,"pages":${JSON.stringify(compiled.pages)}`;
  if (hasOthers) text += `,"rounds":${JSON.stringify(roundsOf(hunt, seen, addresses?.of))}`;
  text += `,"clues":[${clues}]`;
  if (before && hasOthers) text += `,"order":${JSON.stringify(seen.map(({ id }) => id))}`;
  if (before && dynamic) text += `,"points":{${moved}}`;
  if (values !== "") text += `,"values":{${values}}`;
  if (compiled.prizes.length > 0) {
    text += `,"prizes":${JSON.stringify(prizesOf(context, team, player, seen, known.left, now))}`;
  }
  if (before?.announced !== glanced.announced) text += `,"announcements":${glanced.announcements}`;
  const asOf = dynamic ? (context.word?.asOf ?? now) : now;
  return `${text},"serverTime":"${isoOf(now)}","asOf":"${isoOf(asOf)}"}`;
}

/** What few clues show: what was corrected of it, what solves it. */
function moreOf(
  { context, team, errata, known }: Glance,
  clue: CompiledClue,
  form: Where,
): string | undefined {
  const corrected = errata.get(clue.id);
  const isSolved = team.solves.has(clue.id);
  // What was scanned or checked in is no text: the log need not be read for it.
  const isTyped = isSolved && kindOf(clue).event.type === "answer";
  const answer = isTyped ? known.answerOf?.(team, clue.id) : undefined;
  const solution = isSolved || context.solutionsTold ? clue.solution : undefined;
  if (corrected === undefined && answer === undefined && solution === undefined) return undefined;
  const solved = {
    ...(solution === undefined ? {} : told(solution, form, "solution")),
    ...(answer === undefined ? {} : { answer }),
  };
  const text = JSON.stringify(solved).slice(1, -1);
  if (corrected === undefined) return text;
  return `${text}${text === "" ? "" : ","}"errata":${corrected}`;
}

const withMore = (whole: string, more: string | undefined): string =>
  more === undefined ? whole : `${whole.slice(0, -1)},${more}}`;

function teamText(context: Context, team: Team, place: Place | undefined): string {
  const captain = captainOf(team);
  return JSON.stringify({
    id: team.id,
    name: team.name,
    ...(team.bracket === undefined ? {} : { bracket: team.bracket }),
    ...(team.joinCode === undefined ? {} : { joinCode: team.joinCode }),
    ...(captain === undefined ? {} : { captain }),
    members: team.members.map(({ id, name }) => ({
      id,
      name,
      ...(id === captain ? { captain: true as const } : {}),
    })),
    score: scoreOf(context, team),
    solves: team.solves.size,
    ...(place === undefined ? {} : { rank: place.rank }),
    ...(place?.inBracket === undefined ? {} : { bracketRank: place.inBracket }),
    ...ownTimeOf(context.hunt, team),
    ...(team.banned ? { banned: true as const } : {}),
  } satisfies Me["team"]);
}

/** What of a clue is the same for all teams, as text. */
interface ClueText {
  /** From the brace to the key of the points; the one with the body in it. */
  head: string;
  /** The same with the body apart, once asked for; and the period of its address. */
  apart?: { period: number; head: string };
  /** The same with addresses of files, of whose period; null: its body names none. */
  shown?: { period: number; head: string } | null;
  /** The whole text as it was last told of one that nobody touched: most teams have the same. */
  last?: { head: string; points: number; value: string; openedAt: number; text: string };
  /** The state of one that nobody touched, cut where times stand: after so many ms since it opened. */
  state: { before: string; after: number }[];
  end: string;
}

const preparedTexts = new WeakMap<IndexedHunt, ClueText[]>();

function textsOf(hunt: IndexedHunt): ClueText[] {
  const known = preparedTexts.get(hunt);
  if (known) return known;
  const made = hunt.compiled.clues.map((clue) => clueTextOf(hunt, clue));
  preparedTexts.set(hunt, made);
  return made;
}

const headOf = (hunt: IndexedHunt, clue: CompiledClue, body: object): string => {
  const { id, round, title, tags, kind, meta } = clue;
  const shown = {
    id,
    ...(round === undefined ? {} : { round }),
    title,
    kind,
    ...(meta ? { meta: true as const } : {}),
    ...(tags === undefined ? {} : { tags }),
    ...(hunt.closed.has(id) ? { withdrawn: true as const } : {}),
  } satisfies Partial<ClueView>;
  return `${JSON.stringify({ ...shown, ...body, ...kindOf(clue).view?.(clue) }).slice(0, -1)},"points":`;
};

function clueTextOf(hunt: IndexedHunt, clue: CompiledClue): ClueText {
  const { attempts, hints } = clue;
  const draws = kindOf(clue).draws === "codes";
  const ofClue = triesOfClue(attempts, undefined);
  const tries = triesAt(draws ? hunt.compiled.attempts : attempts, undefined, 0);
  // No slug and no number looks like these: so the text can be cut at them.
  const state = {
    state: "open",
    attempts: 0,
    attemptsLeft: draws ? tries : Math.min(tries, ofClue ?? tries),
    ...(ofClue === undefined ? {} : { attemptsOfClue: ofClue }),
    openedAt: "@0",
    hints: hints.map((hint) => ({
      id: hint.id,
      cost: hint.cost,
      availableAt: `@${hint.after}`,
      taken: false,
    })),
  };
  const parts = JSON.stringify(state).slice(1).split("@");
  const cut: ClueText["state"] = [];
  for (let index = 0; index + 1 < parts.length; index += 1) {
    const before = parts[index] ?? "";
    const after = Number.parseInt(parts[index + 1] ?? "", 10);
    cut.push({ before: index === 0 ? before : before.slice(before.indexOf('"')), after });
  }
  const last = parts.at(-1) ?? "";
  return { head: headOf(hunt, clue, { body: clue.body }), state: cut, end: last.slice(last.indexOf('"')) };
}

function clueText(
  context: Context,
  team: Team,
  clue: CompiledClue,
  text: ClueText,
  openedAt: number,
  now: number,
  form: Where,
): string {
  const solve = team.solves.get(clue.id);
  const points = pointsOf(context, team, clue);
  const head = headFor(context.hunt, clue, text, form);
  const value = valueTold(context, team, clue, openedAt, now);
  if (isUntouched(context.hunt, team, clue)) return untouchedText(text, head, points, value, openedAt);
  const bucket = team.attempts.get(clue.id);
  const wait = solve ? undefined : cooldownUntil(clue.attempts, bucket, now);
  const closing = closesAt(clue, openedAt);
  const state = {
    state: solve ? "solved" : closing <= now ? "closed" : "open",
    attempts: bucket?.wrong ?? 0,
    ...(solve ? {} : triesLeft(context, team, clue, now)),
    ...(wait === undefined ? {} : { cooldownUntil: isoOf(wait) }),
    openedAt: isoOf(openedAt),
    ...(solve || closing === Number.POSITIVE_INFINITY ? {} : { closesAt: isoOf(closing) }),
    ...(solve ? { solvedAt: isoOf(solve.at) } : {}),
    hints: hintsOf(context, team, clue, openedAt, form),
  } satisfies Omit<Partial<ClueView>, "hints"> & { hints: object[] };
  return `${head}${points},${value}${JSON.stringify(state).slice(1)}`;
}

/** Points that a solve gives now; of a solved clue, what it gave. */
function pointsOf(context: Context, team: Team, clue: CompiledClue): number {
  if (context.hunt.dynamic) return broughtBy(context, team, clue);
  return team.solves.get(clue.id)?.points ?? clue.points;
}

/** What a solve now would give to the team, where that may not be the clue's points; as text, with its comma. */
function valueTold(context: Context, team: Team, clue: CompiledClue, openedAt: number, now: number): string {
  const { dynamic, compiled } = context.hunt;
  if (!clue.speed && !dynamic && !compiled.scoring.penalty) return "";
  if (team.solves.has(clue.id) || closesAt(clue, openedAt) <= now) return "";
  return `"value":${worthOf(context, team, clue, openedAt, now).points},`;
}

/** Whether its value is another by now although the team did nothing, and not what `points` tells. */
const fallsAlone = ({ hunt }: Context, team: Team, { id, speed }: CompiledClue): boolean =>
  !team.solves.has(id) &&
  (speed !== undefined ||
    (hunt.dynamic && hunt.compiled.scoring.penalty !== undefined && team.attempts.wrongOf(id) > 0));

function untouchedText(
  text: ClueText,
  head: string,
  points: number,
  value: string,
  openedAt: number,
): string {
  const { last } = text;
  const isSame = last?.head === head && last.points === points && last.value === value;
  if (last && isSame && last.openedAt === openedAt) return last.text;
  let whole = `${head}${points},${value}`;
  for (const { before, after } of text.state) whole += before + isoOf(openedAt + after);
  whole += text.end;
  text.last = { head, points, value, openedAt, text: whole };
  return whole;
}

/** How texts are told: apart, with addresses of files. */
type Where = Pick<Form, "apart" | "addresses">;

/** A text that names files never stands apart: its addresses change with time, what stands apart never. */
function headFor(hunt: IndexedHunt, clue: CompiledClue, text: ClueText, { apart, addresses }: Where): string {
  if (addresses && text.shown !== null) {
    if (text.shown?.period === addresses.period) return text.shown.head;
    if (clue.attachments || assetsIn(clue.body).length > 0) {
      const attachments = attachmentsOf(hunt, clue, addresses);
      const head = headOf(hunt, clue, {
        body: addresses.of(clue.body),
        ...(attachments.length === 0 ? {} : { attachments }),
      });
      text.shown = { period: addresses.period, head };
      return head;
    }
    text.shown = null;
  }
  return apart && clue.body.length > APART_OVER ? headApart(hunt, clue, text, apart) : text.head;
}

/** The files that go with the clue, and where they are. */
function attachmentsOf(
  { compiled: { assets = {} } }: IndexedHunt,
  { attachments = [] }: CompiledClue,
  { addressOf }: Addresses,
): NonNullable<ClueView["attachments"]> {
  return attachments.flatMap((reference) => {
    const name = reference.slice(ASSET_SCHEME.length);
    const url = addressOf(name);
    const file = Object.hasOwn(assets, name) ? assets[name] : undefined;
    return url === undefined || !file ? [] : [{ name, type: file.type, size: file.size, url }];
  });
}

function headApart(hunt: IndexedHunt, clue: CompiledClue, text: ClueText, apart: Apart): string {
  if (text.apart?.period !== apart.period) {
    text.apart = { period: apart.period, head: headOf(hunt, clue, { bodyAt: apart.of(clue.body) }) };
  }
  return text.apart.head;
}

function hintsOf({ hunt }: Context, team: Team, clue: CompiledClue, openedAt: number, form: Where): object[] {
  const hints: ClueView["hints"] = clue.hints.map((hint) => {
    const taken = team.hints.size > 0 && team.hints.has(hintKey(clue.id, hint.id));
    return {
      id: hint.id,
      cost: hint.cost,
      availableAt: isoOf(openedAt + hint.after),
      taken,
      ...(taken ? { text: hint.text } : {}),
    };
  });
  const all = [...hints, ...takenOf(hunt.withdrawn.get(clue.id), team)];
  return form.apart || form.addresses ? all.map((hint) => hintTold(hint, form)) : all;
}

function hintTold({ text, ...hint }: ClueView["hints"][number], form: Where): object {
  if (text === undefined) return hint;
  return { ...hint, ...told(text, form, "text") };
}

/** A clue that a version dropped. */
function dropped({ body, solution, hints, ...clue }: ClueView, form: Where): object {
  const solved = solution === undefined ? {} : told(solution, form, "solution");
  return {
    ...clue,
    ...told(body, form, "body"),
    ...solved,
    hints: hints.map((hint) => hintTold(hint, form)),
  };
}

function told(text: string, { apart, addresses }: Where, key: "text" | "body" | "solution"): object {
  const shown = addresses?.of(text) ?? text;
  const isApart = apart && shown === text && text.length > APART_OVER;
  return isApart ? { [`${key}At`]: apart.of(text) } : { [key]: shown };
}

/** The texts of a hunt that may stand apart. */
export function* longTexts({ compiled, withdrawn }: IndexedHunt): Generator<string> {
  for (const { body, solution, hints } of compiled.clues) {
    yield body;
    if (solution !== undefined) yield solution;
    for (const { text } of hints) yield text;
  }
  for (const texts of Object.values(compiled.translations ?? {})) yield* Object.values(texts);
  for (const { clue, hints } of withdrawn.values()) {
    if (clue) yield clue.body;
    if (clue?.solution !== undefined) yield clue.solution;
    for (const { text } of hints) yield text;
  }
}

/** The tries that the team has at an unsolved clue: now, and in all where the clue has a limit. */
function triesLeft(
  { hunt }: Context,
  team: Team,
  clue: CompiledClue,
  now: number,
): { attemptsLeft: number; attemptsOfClue?: number } {
  const bucket = team.attempts.get(clue.id);
  const ofClue = triesOfClue(clue.attempts, bucket);
  const attemptsOfClue = ofClue === undefined ? {} : { attemptsOfClue: ofClue };
  if (kindOf(clue).draws === "codes") {
    return { attemptsLeft: triesAt(hunt.compiled.attempts, team.codes, now), ...attemptsOfClue };
  }
  const left = triesAt(clue.attempts, bucket, now);
  return { attemptsLeft: Math.min(left, ofClue ?? left), ...attemptsOfClue };
}

/** Most clues of a team opened in the same moment: the last time that was told is often the next. */
let lastTold = { at: Number.NaN, text: "" };

function isoOf(at: number): string {
  if (at !== lastTold.at) lastTold = { at, text: iso(at) };
  return lastTold.text;
}

/** What the player sees, as an object: for an edge of before looks were told as text. */
export const meOf = (
  present: Context,
  team: Team,
  player: string,
  { place, ...known }: Known & { place: Place | undefined },
  now: number,
): Me => JSON.parse(lookText(glance(present, team, player, known, now), place)) as Me;
