/** What the player page knows, and what it does: one module of signals and actions. */
import { computed, signal } from "@preact/signals";
import type { Phase } from "../../contract/basics.ts";
import type { Hunt } from "../../contract/hunt.ts";
import type { JoinBody, Joined } from "../../contract/join.ts";
import type { Ticket } from "../../contract/live.ts";
import type { Me } from "../../contract/me.ts";
import type { PlayerEvent, Result, Results } from "../../contract/play.ts";
import type { Announcements } from "../../contract/running.ts";
import type { Entry, Leaderboard } from "../../contract/standings.ts";
import { call, huntPath, Problem } from "../shared/api.ts";
import { device } from "../shared/device.ts";
import { openLive } from "../shared/live.ts";
import { decoded, encoded, objectIn } from "../shared/outside.ts";
import type { Session } from "./kept.ts";
import { makeId, Outbox } from "./outbox.ts";
import { forgetSession, outboxOf, readSeen, readSession, saveSeen, saveSession } from "./storage.ts";

export const hunt = signal<Hunt | undefined>(undefined);
export const me = signal<Me | undefined>(undefined);
export const session = signal<Session | undefined>(undefined);
export const missing = signal(false);
export const online = signal(navigator.onLine);
export const live = signal(false);
export const pending = signal<readonly PlayerEvent[]>([]);
/** The last result of what was done, by what it was about: `clue/…`, `prize/…`, `scan`. */
export const verdicts = signal<Readonly<Record<string, Result>>>({});
export const standings = signal<{ board: Leaderboard; around: Entry[] } | undefined>(undefined);
/** Announcements seen, so that new ones are pointed out. */
export const unread = signal(0);
/** Announcements before those of `/me`, the newest first, as far as they were asked for. */
export const older = signal<{ rows: readonly Me["announcements"][number][]; end: boolean }>({
  rows: [],
  end: false,
});
/** What just happened, for everybody to see and for screen readers to say. */
export const toast = signal<{ kind: "solved" | "won" | "news"; text: string } | undefined>(undefined);
/** The engine's clock minus this device's, ms. */
const skew = signal(0);
/** A second hand for countdowns, in the engine's time, epoch ms. */
export const now = signal(Date.now());
export const phase = computed<Phase>(() => me.value?.phase ?? hunt.value?.phase ?? "draft");

/** Time between looks at `/me` while no socket tells what happened, ms. */
const POLL = 20_000;

/** And while one does: what opens by time is told by no frame, ms. */
const LIVE_POLL = 60_000;

/** Waits before the hunt is asked for again when a first look failed, ms. */
const HUNT_RETRY = { first: 1_000, most: 30_000 };

/** Longest a page waits with looking again after it was told of something, ms: crowds are told at once. */
const SPREAD = 400;

let id = "";
/** The code of a printed sheet that a phone's own camera opened the page with; sent once somebody plays. */
let scanned: string | undefined;

/** Printed sheets carry `/play/{hunt}#code=…`. */
function takeCode(): void {
  const code = /^#code=(.+)$/.exec(location.hash)?.[1];
  if (code === undefined) return;
  history.replaceState(null, "", "#clues");
  window.dispatchEvent(new HashChangeEvent("hashchange"));
  scanned = decoded(code);
  void sendCode();
}

async function sendCode(): Promise<void> {
  if (scanned === undefined || !outbox) return;
  const code = scanned;
  scanned = undefined;
  await act({ type: "scan", code });
}

let outbox: Outbox | undefined;
/** Ends what runs for who plays now: the socket, the looks, the sending. */
let endPlaying = (): void => undefined;
let refreshing: Promise<void> | undefined;
let lookAgain = false;

export async function start(of: string): Promise<void> {
  id = of;
  device.remember("last-hunt", of);
  takeCode();
  window.addEventListener("hashchange", takeCode);
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
    me.value = seen.me;
    session.value = known;
    await enter(known);
  }
  await fresh;
}

let huntTimer = 0;

async function refreshHunt(wait = HUNT_RETRY.first): Promise<void> {
  window.clearTimeout(huntTimer);
  try {
    const told = await call<Hunt>(huntPath(id));
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

/** Kept on the device until the joining is answered: trying again, also after a reload, does not join twice. */
function joiningKey(joining: JoinBody): string {
  const body = JSON.stringify(joining);
  const kept = objectIn(device.recall(`joining/${id}`));
  // A header takes no other text, and the engine no longer one.
  if (kept?.body === body && typeof kept.key === "string" && /^[\w-]{1,64}$/.test(kept.key)) return kept.key;
  const key = makeId();
  device.remember(`joining/${id}`, JSON.stringify({ key, body }));
  return key;
}

export async function join(joining: JoinBody): Promise<void> {
  const joined = await call<Joined>(huntPath(id, "/players"), {
    json: joining,
    headers: { "idempotency-key": joiningKey(joining) },
  });
  joinAnew();
  const own: Session = { hunt: id, ...joined };
  await saveSession(own);
  session.value = own;
  await enter(own);
}

export async function leave(): Promise<void> {
  await forgetSession(id);
  location.reload();
}

/** A joining that was refused for good is another one next time. */
export function joinAnew(): void {
  device.forget(`joining/${id}`);
}

/** The token is no longer good: who plays must join again; what is not sent stays on the device. */
function signedOut(): void {
  endPlaying();
  session.value = undefined;
  older.value = { rows: [], end: false };
}

async function enter({ token }: Session): Promise<void> {
  const own = new Outbox({
    store: outboxOf(id),
    send: async (events) => {
      const { results } = await call<Results>(huntPath(id, "/events"), { token, json: { events } });
      return results;
    },
    result: (result, event) => {
      heard(result, event);
      void refresh();
    },
    pending: (events) => {
      pending.value = events;
    },
    refused: (error) => {
      if (error instanceof Problem && error.status === 401) signedOut();
    },
    wait: (ms) => new Promise((done) => setTimeout(done, ms)),
  });
  outbox = own;
  const socket = openLive({
    path: async () => {
      const { ticket } = await call<Ticket>(huntPath(id, "/tickets"), { token, method: "POST" });
      return huntPath(id, `/live?ticket=${encoded(ticket)}`);
    },
    state: (open) => {
      live.value = open;
      if (open) void refresh();
    },
    frame: ({ announcement, phase: changed, team }) => {
      if (announcement) {
        unread.value += 1;
        toast.value = { kind: "news", text: announcement.text };
      }
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
  endPlaying = () => {
    own.stop();
    socket.close();
    clearInterval(looks);
    outbox = undefined;
    live.value = false;
  };
  await Promise.all([own.start(), refresh()]);
  await sendCode();
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
        await look();
      } while (lookAgain);
    } finally {
      // At once: a wish between the last look and this would be lost.
      refreshing = undefined;
    }
  })();
  return refreshing;
}

async function look(): Promise<void> {
  const token = session.value?.token;
  if (token === undefined) return;
  try {
    const told = await call<Me>(huntPath(id, "/me"), { token });
    skew.value = Date.parse(told.serverTime) - Date.now();
    now.value = Date.now() + skew.value;
    online.value = true;
    keepOlder(me.value?.announcements ?? [], told.announcements);
    me.value = told;
    await saveSeen(id, { me: told });
    outbox?.wake();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.status === 401 || error.status === 403) signedOut();
    if (error.status === 0) online.value = false;
  }
}

/** What new announcements push out of `/me` goes to the older ones, if those are shown; after a gap they are read again. */
function keepOlder(before: Me["announcements"], after: Me["announcements"]): void {
  if (older.value.rows.length === 0) return;
  const pushed = before.filter(({ id: each }) => !after.some((still) => still.id === each));
  if (pushed.length === 0) return;
  const overlaps = pushed.length < before.length;
  older.value = overlaps
    ? { ...older.value, rows: [...pushed.toReversed(), ...older.value.rows] }
    : { rows: [], end: false };
}

/** Reads the announcements before the oldest one shown. */
export async function readOlder(): Promise<void> {
  const token = session.value?.token;
  const before = older.value.rows.at(-1) ?? me.value?.announcements[0];
  if (token === undefined || !before) return;
  try {
    const path = `/announcements?cursor=${encoded(before.id)}`;
    const page = await call<Announcements>(huntPath(id, path), { token });
    // A second click was faster, or more came into `/me` meanwhile.
    const known = new Set([...older.value.rows, ...(me.value?.announcements ?? [])].map((each) => each.id));
    const rows = [...older.value.rows, ...page.announcements.filter((each) => !known.has(each.id))];
    older.value = { rows, end: page.cursor === undefined };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.status === 0) online.value = false;
  }
}

export async function refreshStandings(): Promise<void> {
  const team = session.value?.team.id;
  try {
    const [board, own] = await Promise.all([
      call<Leaderboard>(huntPath(id, "/leaderboard?limit=20")),
      team === undefined
        ? undefined
        : call<Leaderboard>(huntPath(id, `/leaderboard?limit=7&around=${encoded(team)}`)).catch(
            () => undefined,
          ),
    ]);
    standings.value = { board, around: own?.entries ?? [] };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
  }
}

/** What a verdict is about. */
function aboutOf(event: PlayerEvent): string {
  if (event.type === "claim") return `prize/${event.prize}`;
  if (event.type === "scan") return "scan";
  if (event.type === "hint") return `hint/${event.clue}/${event.hint}`;
  return `clue/${event.clue}`;
}

/** Whether something about this is kept or sent, and not answered yet. */
export const isUnderWay = (about: string): boolean => pending.value.some((event) => aboutOf(event) === about);

function heard(result: Result, event: PlayerEvent): void {
  const about = aboutOf(event);
  verdicts.value = { ...verdicts.value, [about]: result };
  const clue = me.value?.clues.find(
    ({ id: each }) => each === (result.clue ?? ("clue" in event ? event.clue : undefined)),
  );
  if (result.outcome === "correct" && !result.duplicate) {
    toast.value = { kind: "solved", text: clue?.title ?? "" };
  }
  if (result.outcome === "won") {
    toast.value = {
      kind: "won",
      text:
        me.value?.prizes?.find(({ id: each }) => event.type === "claim" && each === event.prize)?.title ?? "",
    };
  }
}

/** A team-mate's solve is news; one's own was told with its result. */
function tellSolved(solved: readonly string[]): void {
  const others = solved.filter((clue) => verdicts.value[`clue/${clue}`]?.outcome !== "correct");
  const title = me.value?.clues.find(({ id: each }) => each === others[0])?.title;
  if (title !== undefined && verdicts.value.scan?.clue !== others[0])
    toast.value = { kind: "solved", text: title };
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
