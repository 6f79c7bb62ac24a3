/** What the player page knows, and what it does: one module of signals and actions. */

import { computed, effect, signal } from "@preact/signals";
import { makeId } from "../../../client/src/ids.ts";
import { Outbox } from "../../../client/src/outbox.ts";
import { isDue } from "../../../client/src/token.ts";
import type { Phase } from "../../contract/basics.ts";
import type { Hunt } from "../../contract/hunt.ts";
import type { JoinBody, Joined } from "../../contract/join.ts";
import type { Ticket } from "../../contract/live.ts";
import type { MeApart } from "../../contract/me.ts";
import type { PlayerEvent, Result, Results } from "../../contract/play.ts";
import type { ErrorCode } from "../../contract/problem.ts";
import type { Announcements } from "../../contract/running.ts";
import { opensByCode } from "../../contract/scanned.ts";
import type { ComeBackBody, EndedElsewhere, Renewed } from "../../contract/sessions.ts";
import type { Entry, Leaderboard } from "../../contract/standings.ts";
import { type Call, call, huntPath, Problem } from "../shared/api.ts";
import { device } from "../shared/device.ts";
import { locale, t } from "../shared/i18n.ts";
import { huntLanguages, inLanguage, langQuery, language } from "../shared/language.ts";
import { openLive } from "../shared/live.ts";
import { plainText } from "../shared/markdown.tsx";
import { decoded, encoded, objectIn } from "../shared/outside.ts";
import { isOver } from "../shared/over.ts";
import type { Session } from "./kept.ts";
import { type Told, textsOf, wholeOf, withTexts } from "./looked.ts";
import { returnCodeIn } from "./return-link.ts";
import { dropScanned, keepScanned, recallScanned, scanned } from "./scanned.ts";
import { type Heard, reopened } from "./stale.ts";
import {
  dropRows,
  dropTexts,
  forgetSession,
  giveRows,
  type LeftBehind,
  outboxOf,
  readLeftBehind,
  readSeen,
  readSession,
  saveSeen,
  saveSession,
} from "./storage.ts";
import { TextReader, texts } from "./texts.ts";
import { heardThread } from "./threads.ts";

export const hunt = signal<Hunt | undefined>(undefined);
/** The last look, long texts apart, and its ETag. */
const look = signal<{ told: MeApart; etag: string | undefined } | undefined>(undefined);
/** The same with the texts that are here. */
export const me = computed<MeApart | undefined>(() => look.value && withTexts(look.value.told, texts.value));
export const session = signal<Session | undefined>(undefined);
export const missing = signal(false);
export const online = signal(navigator.onLine);
export const live = signal(false);
export const pending = signal<readonly PlayerEvent[]>([]);
/** What others did on this device, and was never sent: offered to who plays now, never sent by itself. */
export const leftBehind = signal<readonly LeftBehind[]>([]);
/** Why whoever played here must join again: the token is no longer good, or the team has this player no more. */
export const turnedAway = signal<"token" | "member" | undefined>(undefined);
/** The join code of a team-mate's link. */
export const invitation = signal(new URLSearchParams(location.search).get("join") ?? "");
/** The return code of the link that led here, or of the form's last try. */
export const returning = signal("");
/** Who plays has just joined, and was not shown its way back yet. */
export const isNewcomer = signal(false);
/** Whoever plays already is joining another team. */
export const switching = signal(false);
/** The last result of what was done, by what it was about: `clue/…`, `prize/…`, `scan`. */
export const verdicts = signal<Readonly<Record<string, Heard>>>({});
export const standings = signal<{ board: Leaderboard; around: Entry[] } | undefined>(undefined);
/** The bracket whose standings are shown; empty: all teams. */
export const shownBracket = signal("");
/** Why the last look at the standings, or at older announcements, came to nothing. */
export const failure = signal<{ standings?: ErrorCode | "offline"; older?: ErrorCode | "offline" }>({});
/** Announcements seen, so that new ones are pointed out. */
export const unread = signal(0);
/** Announcements before those of `/me`, the newest first, as far as they were asked for. */
export const older = signal<{ rows: readonly MeApart["announcements"][number][]; end: boolean }>({
  rows: [],
  end: false,
});
/** What just happened, for everybody to see and for screen readers to say. */
export const toast = signal<Happening | undefined>(undefined);
export type Happening =
  | { kind: "solved" | "won" | "news" | "moved"; text: string }
  | { kind: "clues"; text: string; count: number }
  | { kind: "late"; text: string; heard: Heard };
/** The engine's clock minus this device's, ms. */
const skew = signal(0);
/** A second hand for countdowns, in the engine's time, epoch ms. */
export const now = signal(Date.now());
export const phase = computed<Phase>(() => me.value?.phase ?? hunt.value?.phase ?? "draft");

/** Time between looks at `/me` while no socket tells what happened, ms. */
const POLL = 20_000;

/** And while one does: a frame may get lost, ms. */
const LIVE_POLL = 60_000;

/** Waits before the hunt is asked for again when a first look failed, ms. */
const HUNT_RETRY = { first: 1_000, most: 30_000 };

/** Longest a page waits with looking again after it was told of something, ms: crowds are told at once. */
const SPREAD = 400;

let id = "";

/** Printed sheets carry `/play/{hunt}#code=…`; an app that opens it may have encoded the marks in it. */
function takeCode(): void {
  const address = location.href;
  if (!opensByCode(address)) return;
  history.replaceState(null, "", `/play/${encoded(id)}${location.search}#clues`);
  window.dispatchEvent(new HashChangeEvent("hashchange"));
  // The address itself: the engine reads it, as it does where the page's camera found it.
  keepScanned(id, address);
  void sendCodes();
}

/** Before the hunt begins and in a pause codes would come to nothing: they wait until it goes on. */
const takesCodes = (): boolean => phase.value === "live" || isOver(phase.value);

/** Links for coming back carry `#return=…`: taken out of the address at once, so that nobody reads it there. */
function takeReturn(): void {
  const code = returnCodeIn(location.href);
  if (code === undefined) return;
  history.replaceState(null, "", `/play/${encoded(id)}${location.search}`);
  returning.value = decoded(code);
}

/** By a link while the page is open. */
function followReturn(): void {
  takeReturn();
  if (returning.value === "" || session.value?.returnCode === returning.value) return;
  if (session.value) switching.value = true;
  else void comeBack(returning.value).catch(tellsItself);
}

/** The form is open with the code, and whoever came sends it again. */
function tellsItself(error: unknown): void {
  if (!(error instanceof Problem)) throw error;
}

let sendingCodes = false;

/** Hands what was scanned to the outbox of who plays. */
async function sendCodes(): Promise<void> {
  if (sendingCodes) return;
  sendingCodes = true;
  try {
    while (outbox && takesCodes()) {
      const [code] = scanned.value;
      if (code === undefined) return;
      await act({ type: "scan", code });
      dropScanned(id, code);
    }
  } finally {
    sendingCodes = false;
  }
}

let outbox: Outbox | undefined;
let reader: TextReader | undefined;
/** Ends what runs for who plays now: the socket, the looks, the sending. */
let endPlaying = (): void => undefined;
let refreshing: Promise<void> | undefined;
let lookAgain = false;

export async function start(of: string): Promise<void> {
  id = of;
  device.remember("last-hunt", of);
  recallScanned(id);
  takeCode();
  takeReturn();
  effect(() => {
    if (takesCodes() && session.value) queueMicrotask(() => void sendCodes());
  });
  let spoken = locale.value;
  effect(() => {
    if (locale.value === spoken) return;
    spoken = locale.value;
    void refreshHunt();
    void refresh();
  });
  window.addEventListener("hashchange", takeCode);
  window.addEventListener("hashchange", followReturn);
  window.addEventListener("online", () => {
    online.value = true;
    outbox?.wake();
    void refresh();
    if (!hunt.value) void refreshHunt();
  });
  window.addEventListener("offline", () => {
    online.value = false;
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    void refresh();
    if (!hunt.value) void refreshHunt();
  });
  setInterval(() => {
    now.value = Date.now() + skew.value;
  }, 1_000);
  // Asked before the device's own store is open: who comes for the first time waits for this alone.
  const fresh = refreshHunt();
  const [known, seen] = await Promise.all([readSession(id), readSeen(id)]);
  hunt.value ??= seen.hunt;
  if (known) {
    // What somebody else saw here is not this player's.
    if (seen.me?.player.id === known.player.id) look.value = { told: seen.me, etag: seen.etag };
    session.value = known;
    // Earlier releases kept one outbox a hunt: it was the outbox of who plays.
    await giveRows("", known);
    await enter(known);
  } else leftBehind.value = await readLeftBehind(id);
  await fresh;
  followReturn();
}

let huntTimer = 0;

async function refreshHunt(wait = HUNT_RETRY.first): Promise<void> {
  window.clearTimeout(huntTimer);
  try {
    const read = (): Promise<Hunt> =>
      inLanguage(`${huntPath(id)}${langQuery("?")}`, (address) => call<Hunt>(address));
    let told = await read();
    const before = language();
    huntLanguages.value = told.languages;
    // Now it is known which languages there are.
    if (language() !== before) told = await read();
    hunt.value = told;
    missing.value = false;
    skew.value = Date.parse(told.serverTime) - Date.now();
    await saveSeen(id, { hunt: told });
  } catch (error) {
    if (error instanceof Problem && error.code === "not_found") missing.value = true;
    else if (!(error instanceof Problem)) throw error;
    else if (!hunt.value) {
      // Who comes first finds a crowd, or no network: asked again until there is a hunt.
      const pause = Math.max(wait, (error.retryAfter ?? 0) * 2_000) * (0.5 + Math.random() / 2);
      huntTimer = window.setTimeout(() => void refreshHunt(Math.min(HUNT_RETRY.most, wait * 2)), pause);
    }
  }
}

/** Tells texts apart, and keeps nothing of them: 32 bits. */
function markOf(text: string): number {
  let mark = 0;
  for (let at = 0; at < text.length; at += 1) mark = (Math.imul(mark, 31) + text.charCodeAt(at)) | 0;
  return mark;
}

/** Kept on the device until the joining succeeds or is refused: trying again, also after a reload, does not join twice. */
function joiningKey(joining: JoinBody): string {
  // Nothing personal is kept beside the key; the ticket and the captcha's response may be others next time.
  const { entry: _, check: __, locale: ___, ...same } = joining;
  const body = markOf(JSON.stringify(same));
  const kept = objectIn(device.recall(`joining/${id}`));
  // A header takes no other text, and the engine no longer one.
  if (kept?.body === body && typeof kept.key === "string" && /^[\w-]{1,64}$/.test(kept.key)) return kept.key;
  const key = makeId();
  device.remember(`joining/${id}`, JSON.stringify({ key, body }));
  return key;
}

export async function join(joining: JoinBody): Promise<void> {
  const joined = await call<Joined>(huntPath(id, "/players"), {
    json: { ...joining, locale: language() ?? locale.value },
    headers: { "idempotency-key": joiningKey(joining) },
  });
  joinAnew();
  isNewcomer.value = true;
  await begin(joined);
}

/** Comes back by a return code: the same player, here as well. */
export async function comeBack(returnCode: string): Promise<void> {
  returning.value = returnCode;
  const joined = await call<Joined>(huntPath(id, "/sessions"), {
    json: { returnCode } satisfies ComeBackBody,
  });
  isNewcomer.value = false;
  await begin(joined);
  declineInvitation();
}

/** Plays here from now on. */
async function begin(joined: Joined): Promise<void> {
  const own: Session = { hunt: id, ...joined };
  forgetPlaying();
  device.forget(endingKey());
  await saveSession(own);
  turnedAway.value = undefined;
  returning.value = "";
  session.value = own;
  await enter(own);
}

const endingKey = (): string => `ending/${id}`;

/** Signs this player out on all other devices; here it goes on with a new token and a new return code. */
export async function endElsewhere(): Promise<void> {
  // Kept until there is a response: without it this device would be signed out, too.
  if (device.recall(endingKey()) === undefined) device.remember(endingKey(), makeId());
  await freshToken();
  void refresh();
}

let freshening: Promise<string> | undefined;

/** Another token for who plays. Throws `Problem`: 401 when the player is signed out for good. */
function freshToken(): Promise<string> {
  freshening ??= askForToken().finally(() => {
    freshening = undefined;
  });
  return freshening;
}

async function askForToken(): Promise<string> {
  const playing = session.value;
  if (!playing) throw new Problem(401, "unauthenticated", "nobody plays here");
  const { token } = playing;
  const key = device.recall(endingKey());
  const told = key === undefined ? await renew(token) : await signOutElsewhere(token, key);
  if (session.value?.player.id !== playing.player.id) return told.token;
  const returnCode = "returnCode" in told ? { returnCode: told.returnCode } : {};
  const own: Session = { ...session.value, token: told.token, ...returnCode };
  session.value = own;
  await saveSession(own);
  device.forget(endingKey());
  return told.token;
}

const renew = (token: string): Promise<Renewed> =>
  call<Renewed>(huntPath(id, "/sessions/renew"), { token, method: "POST" });

async function signOutElsewhere(token: string, key: string): Promise<EndedElsewhere> {
  const end = (by: string): Promise<EndedElsewhere> =>
    call<EndedElsewhere>(huntPath(id, "/sessions/end"), {
      token: by,
      method: "POST",
      headers: { "idempotency-key": key },
    });
  try {
    return await end(token);
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) throw error;
    // Whoever was moved to another team signs out there.
    return await end((await renew(token)).token);
  }
}

/** Calls the engine for who plays. A token that has ended is renewed, and the call made again. */
async function callAs<Told>(
  { token }: Pick<Session, "token">,
  path: string,
  options: Call = {},
): Promise<Told> {
  try {
    return await call<Told>(huntPath(id, path), { ...options, token });
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) throw error;
    const present = session.value?.token;
    // Another call was faster.
    const fresh = present === undefined || present === token ? await freshToken() : present;
    return await call<Told>(huntPath(id, path), { ...options, token: fresh });
  }
}

/** Calls the engine for who plays here. Throws `Problem`, also when nobody does. */
export async function askAsPlayer<Told>(path: string, options: Call = {}): Promise<Told> {
  const playing = session.value;
  if (!playing) throw new Problem(401, "unauthenticated", "nobody plays here");
  return callAs<Told>(playing, path, options);
}

/** Renews a token in time, so that nobody waits for it later. */
function renewInTime(): void {
  const token = session.value?.token;
  // A rehearsal has a clock of its own, by which no token ends.
  const ahead = hunt.value?.rehearsalOf === undefined ? skew.value : 0;
  if (token !== undefined && isDue(token, Date.now() + ahead)) void freshToken().catch(tellsItself);
}

export async function leave(): Promise<void> {
  await forgetSession(id);
  location.reload();
}

/** Whoever plays stays: the link's code is taken out of the address. */
export function declineInvitation(): void {
  switching.value = false;
  invitation.value = "";
  history.replaceState(null, "", location.pathname + location.hash);
}

/** Nobody plays here now, or somebody else: nothing of the player before is shown. */
function forgetPlaying(): void {
  endPlaying();
  endPlaying = () => undefined;
  switching.value = false;
  session.value = undefined;
  look.value = undefined;
  texts.value = new Map();
  verdicts.value = {};
  pending.value = [];
  older.value = { rows: [], end: false };
}

/** A joining that was refused for good is another one next time. */
export function joinAnew(): void {
  device.forget(`joining/${id}`);
}

/** The engine takes nothing from this player any more, who must join again. What is not sent stays on the device. */
async function signedOut(why: "token" | "member"): Promise<void> {
  forgetPlaying();
  turnedAway.value = why;
  leftBehind.value = await readLeftBehind(id);
}

/** What is meant by a refusal of all that a player sends; undefined: it is about something else. */
function turnedAwayBy(error: unknown): "token" | "member" | undefined {
  if (!(error instanceof Problem)) return undefined;
  return error.status === 401 ? "token" : error.status === 403 ? "member" : undefined;
}

/** Sends as one's own what somebody else left behind on this device. */
export async function takeOver({ player }: LeftBehind): Promise<void> {
  if (!session.value) return;
  await giveRows(player, session.value);
  leftBehind.value = await readLeftBehind(id, session.value.player.id);
  await outbox?.start();
}

/** Throws away what somebody else left behind on this device. */
export async function drop({ player }: LeftBehind): Promise<void> {
  await dropRows(id, player);
  leftBehind.value = await readLeftBehind(id, session.value?.player.id);
}

async function enter(playing: Session): Promise<void> {
  /** Whether this player still plays here: what comes late for another is nobody's. */
  const plays = (): boolean => session.value?.player.id === playing.player.id;
  /** With the token of now. */
  const present = (): Session => (plays() ? session.value : undefined) ?? playing;
  const own = new Outbox({
    store: outboxOf(playing),
    send: async (events) => {
      const { results } = await callAs<Results>(present(), "/events", { json: { events } });
      return results;
    },
    result: (result, event) => {
      if (!plays()) return;
      heard(result, event);
      void refresh();
    },
    pending: (events) => {
      if (plays()) pending.value = events;
    },
    refused: (error) => {
      const why = turnedAwayBy(error);
      if (why && plays()) void signedOut(why);
    },
    wait: (ms) => new Promise((done) => setTimeout(done, ms)),
  });
  outbox = own;
  const socket = openLive({
    path: async () => {
      const { ticket } = await callAs<Ticket>(present(), "/tickets", { method: "POST" });
      return huntPath(id, `/live?ticket=${encoded(ticket)}`);
    },
    state: (open) => {
      live.value = open;
      if (open) void refresh();
    },
    gone: () => void refreshHunt(),
    frame: ({ announcement, phase: changed, team, thread, error }) => {
      // Whether the token has ended or is void, a look finds out.
      if (error?.code === "unauthenticated") void refresh();
      if (announcement) hearOf(announcement);
      const answer = thread && heardThread(thread);
      if (answer !== undefined) toast.value = { kind: "news", text: `${t("helpAnswer")} ${answer}` };
      const solved = team?.solved ?? [];
      if (solved.length > 0) void refresh().then(() => tellSolved(solved));
      if (announcement || team || (changed && changed !== me.value?.phase)) {
        setTimeout(() => void refresh(), Math.random() * SPREAD);
      }
      if (changed) void refreshHunt();
    },
  });
  let looked = Date.now() + Math.random() * POLL;
  const looks = setInterval(() => {
    if (document.visibilityState !== "visible") return;
    if (live.value && Date.now() - looked < LIVE_POLL) return;
    looked = Date.now();
    void refresh();
  }, POLL);
  const ownReader = new TextReader(id, renewAddresses);
  reader = ownReader;
  endPlaying = () => {
    own.stop();
    ownReader.end();
    reader = undefined;
    socket.close();
    clearInterval(looks);
    outbox = undefined;
    live.value = false;
  };
  leftBehind.value = await readLeftBehind(id, playing.player.id);
  // Without a network these are what there is to read.
  if (look.value) await ownReader.recall(look.value.told);
  await Promise.all([own.start(), refresh()]);
  if (look.value) await dropTexts(id, new Set(textsOf(look.value.told).map(({ digest }) => digest)));
  await sendCodes();
}

/** Looks at `/me` again; several wishes at the same time are one look. */
export function refresh(): Promise<void> {
  if (refreshing) {
    // What is on its way may be older than what was just told.
    lookAgain = true;
    return refreshing;
  }
  refreshing = (async () => {
    try {
      do {
        lookAgain = false;
        await lookOnce();
      } while (lookAgain);
    } finally {
      // At once: a wish between the last look and this would be lost.
      refreshing = undefined;
    }
  })();
  return refreshing;
}

async function lookOnce(): Promise<void> {
  const playing = session.value;
  if (!playing) return;
  const plays = (): boolean => session.value?.player.id === playing.player.id;
  try {
    const before = look.value;
    const { told, etag } = await askWhatChanged(playing, before);
    if (!plays()) return;
    skew.value = Date.parse(told.serverTime) - Date.now();
    now.value = Date.now() + skew.value;
    online.value = true;
    keepOlder(me.value?.announcements ?? [], told.announcements);
    if (told.team.id === session.value?.team.id) forgetSolves(reopened(look.value?.told, told));
    else await goOnIn(told);
    look.value = { told, etag };
    await saveSeen(id, { me: told, etag });
    void reader?.read(told);
    outbox?.wake();
    renewInTime();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const why = turnedAwayBy(error);
    if (why && plays()) await signedOut(why);
    if (error.status === 404) void refreshHunt();
    if (error.status === 0) online.value = false;
    // A crowd was refused for a moment: who waited for the next look would see the hunt open a minute late.
    else if (error.retryable && plays()) {
      const seconds = (error.retryAfter ?? 1) * (1 + Math.random());
      window.clearTimeout(lookTimer);
      lookTimer = window.setTimeout(() => void refresh(), seconds * 1_000);
    }
  }
}

/** The organisers moved this player to another team, where it goes on: what it heard was about the old one. */
async function goOnIn({
  team: { id: team, name, joinCode },
  player: { returnCode },
}: MeApart): Promise<void> {
  const playing = session.value;
  if (!playing) return;
  const now = { id: team, name, ...(joinCode === undefined ? {} : { joinCode }) };
  const own: Session = { ...playing, team: now, returnCode };
  session.value = own;
  verdicts.value = {};
  standings.value = undefined;
  toast.value = { kind: "moved", text: name };
  await saveSession(own);
}

let lookTimer = 0;

/** The look of now: what changed since the one before, if the engine remembers that. */
async function askWhatChanged(
  playing: Session,
  before: { told: MeApart; etag: string | undefined } | undefined,
): Promise<{ told: MeApart; etag: string | undefined }> {
  let etag: string | undefined;
  const ask = (query: string): Promise<Told> =>
    callAs<Told>(playing, `/me${query}`, {
      tagged: (tag) => {
        etag = tag;
      },
    });
  const since = before?.etag === undefined ? "" : `&since=${encoded(before.etag)}`;
  const told = await ask(`?bodies=apart${since}${langQuery("&")}`).catch((error: unknown) => {
    // In a release the page may be newer than the engine, which knows no such query.
    if (error instanceof Problem && error.code === "invalid") return ask("");
    throw error;
  });
  return { told: wholeOf(told, before?.told), etag };
}

/** When the page last took new addresses because old ones opened nothing, epoch ms. */
let renewedAt = 0;

/** An address of a text opened nothing: it was told too long ago, or the text is another one now. */
function renewAddresses(): void {
  if (!look.value || Date.now() - renewedAt < POLL) return;
  renewedAt = Date.now();
  look.value = { ...look.value, etag: undefined };
  void refresh();
}

/** Announcements that were taken back while the page is open. */
const takenBack = new Set<string>();

/** A new announcement is pointed out, and so is another text of one; what was taken back goes without a word. */
function hearOf(announcement: AnnouncementTold): void {
  const { rows } = older.value;
  if ("removed" in announcement) {
    takenBack.add(announcement.id);
    older.value = { ...older.value, rows: rows.filter((each) => each.id !== announcement.id) };
    return;
  }
  older.value = {
    ...older.value,
    rows: rows.map((each) => (each.id === announcement.id ? announcement : each)),
  };
  unread.value += 1;
  void plainText(announcement.text).then((text) => {
    toast.value = { kind: "news", text };
  });
}

type AnnouncementTold = MeApart["announcements"][number] | { id: string; removed: true };

/** What new announcements push out of `/me` goes to the older ones, if those are shown; after a gap they are read again. */
function keepOlder(before: MeApart["announcements"], after: MeApart["announcements"]): void {
  if (older.value.rows.length === 0) return;
  const isIn = (each: string): boolean => after.some((still) => still.id === each);
  // Where one was taken back, one of these comes in again.
  if (older.value.rows.some((row) => isIn(row.id))) {
    older.value = { ...older.value, rows: older.value.rows.filter((row) => !isIn(row.id)) };
  }
  const pushed = before.filter(({ id: each }) => !isIn(each) && !takenBack.has(each));
  if (pushed.length === 0) return;
  const overlaps = pushed.length < before.length;
  older.value = overlaps
    ? { ...older.value, rows: [...pushed.toReversed(), ...older.value.rows] }
    : { rows: [], end: false };
}

/** Reads the announcements before the oldest one shown. */
export async function readOlder(): Promise<void> {
  const playing = session.value;
  const before = older.value.rows.at(-1) ?? me.value?.announcements[0];
  if (!playing || !before) return;
  try {
    const path = `/announcements?cursor=${encoded(before.id)}`;
    const page = await callAs<Announcements>(playing, path);
    // A second click was faster, or more came into `/me` meanwhile.
    const known = new Set([...older.value.rows, ...(me.value?.announcements ?? [])].map((each) => each.id));
    const rows = [...older.value.rows, ...page.announcements.filter((each) => !known.has(each.id))];
    older.value = { rows, end: page.cursor === undefined };
    failure.value = {};
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    failure.value = { older: error.code as ErrorCode };
    if (error.status === 0) online.value = false;
  }
}

export async function refreshStandings(): Promise<void> {
  const team = session.value?.team.id;
  const of = shownBracket.value;
  const within = of === "" ? "" : `&bracket=${encoded(of)}`;
  try {
    const [board, own] = await Promise.all([
      call<Leaderboard>(huntPath(id, `/leaderboard?limit=20${within}`)),
      team === undefined
        ? undefined
        : call<Leaderboard>(huntPath(id, `/leaderboard?limit=7&around=${encoded(team)}${within}`)).catch(
            () => undefined,
          ),
    ]);
    // Another bracket was chosen meanwhile.
    if (of !== shownBracket.value) return;
    standings.value = { board, around: own?.entries ?? [] };
    failure.value = {};
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    failure.value = { standings: error.code as ErrorCode };
  }
}

/** What a verdict is about. */
function aboutOf(event: PlayerEvent): string {
  if (event.type === "claim") return `prize/${event.prize}`;
  if (event.type === "scan") return "scan";
  if (event.type === "start") return "start";
  if (event.type === "hint") return `hint/${event.clue}/${event.hint}`;
  return `clue/${event.clue}`;
}

/** Whether something about this is kept or sent, and has no result yet. */
export const isUnderWay = (about: string): boolean => pending.value.some((event) => aboutOf(event) === about);

/** Whether the page shows, where it is now, the verdict about this. */
function isInView(about: string): boolean {
  const [view = "", of] = location.hash.slice(1).split("/");
  const [what, which] = about.split("/");
  if (what === "prize") return view === "prizes";
  if (view === "clue") return what === "scan" || of === which;
  return (what === "scan" || what === "start") && (view === "" || view === "clues");
}

/** Clues that this page solved: they were told with their results. */
const ownSolves = new Set<string>();

function heard(result: Result, event: PlayerEvent): void {
  const about = aboutOf(event);
  const told: Heard = { ...result, event, known: me.value };
  verdicts.value = { ...verdicts.value, [about]: told };
  if (result.outcome === "correct" && result.clue !== undefined) ownSolves.add(result.clue);
  if (isInView(about)) return;
  const named = result.clue ?? ("clue" in event ? event.clue : undefined);
  const text =
    (event.type === "claim"
      ? me.value?.prizes?.find(({ id: each }) => each === event.prize)
      : me.value?.clues.find(({ id: each }) => each === named)
    )?.title ?? "";
  if (result.outcome === "correct") {
    if (!result.duplicate) toast.value = { kind: "solved", text };
  } else if (result.outcome === "won") toast.value = { kind: "won", text };
  else toast.value = { kind: "late", text, heard: told };
}

/** These were taken back: solved again, they are news again. */
function forgetSolves(clues: readonly string[]): void {
  for (const clue of clues) ownSolves.delete(clue);
  forgetVerdicts((about) => clues.includes(verdicts.value[about]?.clue ?? ""));
}

/** Verdicts that were read: of what the page leaves. */
export function forgetVerdicts(isLeft: (about: string) => boolean): void {
  const kept = Object.entries(verdicts.value).filter(([about]) => !isLeft(about));
  if (kept.length < Object.keys(verdicts.value).length) verdicts.value = Object.fromEntries(kept);
}

/** A team-mate's solve is news; one's own was told with its result. */
function tellSolved(solved: readonly string[]): void {
  const other = solved.find((clue) => !ownSolves.has(clue));
  const title = me.value?.clues.find(({ id: each }) => each === other)?.title;
  if (title !== undefined) toast.value = { kind: "solved", text: title };
}

type WithoutId<Event> = Event extends unknown ? Omit<Event, "id" | "at"> : never;
/** What a player does, before it has an id. */
type Doing = WithoutId<PlayerEvent>;

/** Does something in the hunt: kept on the device first, then sent. */
export async function act(event: Doing): Promise<void> {
  const own: PlayerEvent = { id: makeId(), at: new Date().toISOString(), ...event };
  const { [aboutOf(own)]: _, ...others } = verdicts.value;
  verdicts.value = others;
  await outbox?.add(own);
}
