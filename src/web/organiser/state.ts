/** Who is signed in, which view is shown, and calls with the organiser's token. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { type Call, call, huntPath, Problem } from "../shared/api.ts";
import { device, tab } from "../shared/device.ts";
import { t } from "../shared/i18n.ts";

const STORED = "organiser-token";

export const token = signal<string | undefined>(tab.recall(STORED) ?? device.recall(STORED));
export const route = signal(location.hash.slice(1));
/** What was done last, or why not. */
export const told = signal<{ good: boolean; text: string } | undefined>(undefined);

window.addEventListener("hashchange", () => {
  route.value = location.hash.slice(1);
  told.value = undefined;
});

/** `onDevice`: kept on this device, else until the tab is closed. */
export function signIn(given: string, onDevice: boolean): void {
  token.value = given;
  if (onDevice) device.remember(STORED, given);
  else tab.remember(STORED, given);
}

/** Why nobody is signed in; "": nobody tried. */
export const refused = signal("");

/** Also forgets what was being written. */
export function signOut(): void {
  tab.forgetAll();
  device.forget(STORED);
  token.value = undefined;
}

/** The token is no longer good; what is being written stays in the tab for who signs in again. */
function tokenRefused(): void {
  tab.forget(STORED);
  device.forget(STORED);
  token.value = undefined;
  refused.value = t("badToken");
}

/** Calls with the token; one that is no longer good signs out. Throws `Problem`. */
export async function ask<Answer>(path: string, options: Call = {}): Promise<Answer> {
  try {
    return await call<Answer>(path, { ...options, token: token.value });
  } catch (error) {
    if (error instanceof Problem && error.status === 401) tokenRefused();
    throw error;
  }
}

/** Does something, and says what came of it (nothing to say: ""). Resolves to whether it was done. */
export async function attempt(text: string, action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action();
    if (text !== "") told.value = { good: true, text };
    return true;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    told.value = {
      good: false,
      text: [error.message, ...error.issues.map((issue) => `${issue.path}: ${issue.message}`)].join(" · "),
    };
    return false;
  }
}

/** What a route says, read again every so often (ms; 0: once) while the view is there. */
export interface Loaded<Value> {
  value: Value | undefined;
  problem: string;
}

export function useLoaded<Value>(
  into: { value: Loaded<Value> },
  path: string,
  every: number,
  read = ask<Value>,
): void {
  useEffect(() => {
    let over = false;
    let looking = false;
    into.value = { value: undefined, problem: "" };
    const look = async (): Promise<void> => {
      // A slow answer is waited for: looks do not pile up on an engine that has enough to do.
      if (looking) return;
      looking = true;
      try {
        const value = await read(path);
        if (!over) into.value = { value, problem: "" };
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        if (!over) into.value = { value: into.value.value, problem: error.message };
      } finally {
        looking = false;
      }
    };
    void look();
    const timer =
      every > 0 ? setInterval(() => document.visibilityState === "visible" && void look(), every) : undefined;
    return () => {
      over = true;
      clearInterval(timer);
    };
  }, [path, every]);
}

export const loaded = <Value>(): { value: Loaded<Value> } =>
  signal<Loaded<Value>>({ value: undefined, problem: "" });

export { huntPath };
