/** Who is signed in, which view is shown, and calls with the organiser's token. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { OrganiserMe } from "../../contract/organisers.ts";
import { closedBy } from "../../contract/role-table.ts";
import { type Call, call, huntPath, Problem } from "../shared/api.ts";
import { tab } from "../shared/device.ts";
import { t } from "../shared/i18n.ts";
import { forgetToken, keepToken, keptToken } from "../shared/organiser-token.ts";
import { issueLine, LOST, problemText } from "./engine.ts";

export const token = signal<string | undefined>(keptToken());
export const route = signal(location.hash.slice(1));

/** Who is signed in and what it may do; undefined: the engine has not said it yet. */
export const me = signal<OrganiserMe | undefined>(undefined);

/** Whether who is signed in may call the route (`METHOD /path`, as it is declared), in this hunt. */
export const may = (route: string, hunt?: string): boolean =>
  me.value !== undefined && closedBy(me.value, route, hunt) === undefined;

/** Learns who is signed in. An engine before roles has no such route: its tokens may do all. Throws `Problem`. */
export async function learnMe(): Promise<void> {
  const asking = token.value;
  if (asking === undefined || me.value) return;
  let told: OrganiserMe;
  try {
    told = await ask<OrganiserMe>("/v1/organisers/me");
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 404) throw error;
    told = { name: "", roles: ["owner"], hunts: ["*"], expiresAt: "", serverTime: "" };
  }
  if (token.value !== asking) return;
  clockAhead = Date.parse(told.serverTime) - Date.now() || 0;
  me.value = told;
}

/** How far the engine's clock is ahead of this device's, ms. */
let clockAhead = 0;

/** Now, by the engine's clock. */
export const engineNow = (): number => Date.now() + clockAhead;

/** How what was done went. */
export interface Told {
  state: "busy" | "good" | "bad";
  text: string;
  /** More of it, a line each. */
  lines?: readonly string[];
  /** Of what is under way: when it began, epoch ms. */
  since?: number;
}

/** By the place of the page where it was done, and where it is told. */
export const told = signal<ReadonlyMap<string, Told>>(new Map());

export function tell(place: string, result: Told | undefined): void {
  const now = new Map(told.value);
  if (result) now.set(place, result);
  else now.delete(place);
  told.value = now;
}

/** Forgets results; work that goes on is still told where it was begun. */
function forgetTold(): void {
  told.value = new Map([...told.value].filter(([, { state }]) => state === "busy"));
}

/** A call that takes longer than this is told as under way, ms. */
const LONG = 1_500;

window.addEventListener("hashchange", () => {
  route.value = location.hash.slice(1);
  forgetTold();
});

/** `onDevice`: kept on this device, else until the tab is closed. */
export function signIn(given: string, onDevice: boolean): void {
  me.value = undefined;
  token.value = given;
  keepToken(given, onDevice);
}

/** Why nobody is signed in; "": nobody tried. */
export const refused = signal("");

/** Also forgets what was being written. */
export function signOut(): void {
  tab.forgetAll();
  forgetToken();
  me.value = undefined;
  token.value = undefined;
}

/** Signs out; what is being written stays in the tab for who signs in again. */
function letGo(why: string): void {
  forgetToken();
  me.value = undefined;
  token.value = undefined;
  refused.value = why;
}

export const signInAgain = (): void => letGo("");

export const sessionOver = (): void => letGo(t("sessionOver"));

/** The page's notion of the engine's time is this good, ms. */
const CLOCK_ERROR = 5_000;

/** The token is no longer good; told once, though several calls may be refused together. */
function tokenRefused(): void {
  const isOver = engineNow() + CLOCK_ERROR >= Date.parse(me.value?.expiresAt ?? "");
  letGo(t(isOver ? "sessionOver" : "badToken"));
}

/**
 * Calls with the token; one that is no longer good signs out. Throws `Problem`.
 * A change is waited for as long as the browser does, because it happens also
 * when nobody waits; when the response is lost, the problem's code says so.
 */
export async function ask<Answer>(path: string, options: Call = {}): Promise<Answer> {
  const isSent = options.json !== undefined || options.body !== undefined;
  const method = options.method ?? (isSent ? "POST" : "GET");
  const isChange = method !== "GET" && !path.includes("dryRun=true");
  const used = token.value;
  try {
    return await call<Answer>(path, { patient: isChange, ...options, token: used });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    // A late refusal says nothing of who has signed in since.
    if (error.status === 401 && used !== undefined && token.value === used) tokenRefused();
    if (isChange && error.status === 0) throw new Problem(0, LOST, error.message);
    throw error;
  }
}

/** Does something, and tells at `place` how it went (nothing to say: ""). Resolves to whether it was done. */
export async function attempt(place: string, text: string, action: () => Promise<unknown>): Promise<boolean> {
  if (text !== "") forgetTold();
  const since = Date.now();
  const busy = window.setTimeout(() => tell(place, { state: "busy", text: t("underWay"), since }), LONG);
  try {
    await action();
    if (text !== "") tell(place, { state: "good", text });
    else if (told.value.get(place)?.since === since) tell(place, undefined);
    return true;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    tell(place, { state: "bad", text: problemText(error), lines: error.issues.map(issueLine) });
    return false;
  } finally {
    window.clearTimeout(busy);
  }
}

/** What a route says, read again every so often (ms; 0: once) while the view is there. */
export interface Loaded<Value> {
  value: Value | undefined;
  problem: string;
}

interface Looking<Value> {
  read?: (path: string) => Promise<Value>;
  /** No looks while this is false. */
  active?: boolean;
  /** The wait doubles after each look that tells the same, up to this, ms. */
  upTo?: number;
  isSame?: (before: Value, now: Value) => boolean;
}

export function useLoaded<Value>(
  into: { value: Loaded<Value> },
  path: string,
  every: number,
  { read = ask<Value>, active = true, upTo = every, isSame = () => true }: Looking<Value> = {},
): void {
  useEffect(() => {
    into.value = { value: undefined, problem: "" };
  }, [path]);
  useEffect(() => {
    if (!active) return;
    let over = false;
    let wait = every;
    let timer = 0;
    /** The time has come while nobody saw the page. */
    let isDue = false;
    // A slow response is waited for: looks do not pile up on an engine that has enough to do.
    const look = async (): Promise<void> => {
      isDue = false;
      const before = into.value.value;
      try {
        const value = await read(path);
        if (over) return;
        into.value = { value, problem: "" };
        wait = before !== undefined && isSame(before, value) ? Math.min(upTo, wait * 2) : every;
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        if (over) return;
        into.value = { value: into.value.value, problem: problemText(error) };
      }
      if (every > 0) timer = window.setTimeout(due, wait);
    };
    const due = (): void => {
      if (document.visibilityState === "visible") void look();
      else isDue = true;
    };
    const seen = (): void => {
      if (isDue && document.visibilityState === "visible") void look();
    };
    document.addEventListener("visibilitychange", seen);
    void look();
    return () => {
      over = true;
      window.clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [path, every, active]);
}

export const loaded = <Value>(): { value: Loaded<Value> } =>
  signal<Loaded<Value>>({ value: undefined, problem: "" });

export { huntPath };
