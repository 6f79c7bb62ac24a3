/** Being told what happens while the page is closed: asked for by a click, and ended by another. */
import { effect, signal, untracked } from "@preact/signals";
import { call, huntPath, Problem } from "../shared/api.ts";
import { device } from "../shared/device.ts";
import { locale, t } from "../shared/i18n.ts";
import { askAsPlayer, hunt, session } from "./state.ts";

/** How long leaving waits for the engine to hear of it, ms: the device ends its subscription anyway. */
const GOODBYE = 3_000;

type State = "off" | "on" | "busy" | "failed";
const state = signal<State>("off");
const permission = signal(typeof Notification === "undefined" ? undefined : Notification.permission);

const isAble = "serviceWorker" in navigator && "PushManager" in window && permission.value !== undefined;

/** An iPhone or iPad has push messages in the installed app alone. */
const isToInstall = !isAble && (navigator as { standalone?: boolean }).standalone === false;

const keyOf = ({ hunt: of, player }: { hunt: string; player: { id: string } }): string =>
  `push/${of}/${player.id}`;

/** Whether the player of this device asked for it. */
const isWanted = (): boolean => {
  const own = session.value;
  return own !== undefined && device.recall(keyOf(own)) === "on";
};

async function present(): Promise<PushSubscription | null> {
  const registration = await navigator.serviceWorker.getRegistration("/play/");
  return (await registration?.pushManager.getSubscription()) ?? null;
}

const bytesOf = (key: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(key.replaceAll("-", "+").replaceAll("_", "/")), (character) =>
    character.charCodeAt(0),
  );

const isKey = (subscription: PushSubscription, key: Uint8Array): boolean => {
  const own = subscription.options.applicationServerKey;
  return own !== null && new Uint8Array(own).join() === key.join();
};

/** Subscribes with the engine's present key, and tells it. Throws where that does not go. */
async function subscribe(): Promise<void> {
  const key = bytesOf(hunt.value?.push?.key ?? "");
  const registration = await navigator.serviceWorker.ready;
  let known = await registration.pushManager.getSubscription();
  if (known && !isKey(known, key)) {
    await known.unsubscribe();
    known = null;
  }
  const subscription =
    known ?? (await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }));
  await askAsPlayer("/me/push", { method: "PUT", json: { ...subscription.toJSON(), lang: locale.value } });
}

async function attempt(work: () => Promise<State>): Promise<void> {
  if (state.value === "busy") return;
  state.value = "busy";
  try {
    state.value = await work();
  } catch {
    // The browser, its push service or the engine says no, or there is no network.
    state.value = "failed";
  }
}

const turnOn = () =>
  attempt(async () => {
    permission.value = await Notification.requestPermission();
    const own = session.value;
    if (permission.value !== "granted" || !own) return "off";
    await subscribe();
    device.remember(keyOf(own), "on");
    return "on";
  });

async function again(): Promise<State> {
  await subscribe();
  return "on";
}

const turnOff = () =>
  attempt(async () => {
    await endPush();
    return "off";
  });

/** The device is told nothing more, whether the engine hears of that or not. */
export async function endPush(): Promise<void> {
  const own = session.value;
  if (!isAble || !own || device.recall(keyOf(own)) === undefined) return;
  device.forget(keyOf(own));
  const subscription = await present().catch(() => null);
  if (!subscription) return;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(subscription.endpoint));
  const name = btoa(String.fromCharCode(...new Uint8Array(digest)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
  // Other hunts of the device subscribe anew when they are opened.
  await subscription.unsubscribe().catch(() => false);
  const told = call(huntPath(own.hunt, `/me/push?device=${name}`), { method: "DELETE", token: own.token });
  await Promise.race([told, new Promise((done) => setTimeout(done, GOODBYE))]).catch((error: unknown) => {
    if (!(error instanceof Problem)) throw error;
  });
}

/** Once a page, player and language: keys change, and push services end subscriptions. */
let told = "";
let player: string | undefined;

export function startPush(): void {
  if (!isAble) return;
  effect(() => {
    const own = session.value;
    const before = player;
    player = own && keyOf(own);
    // Whoever played here before is told nothing on this device any more.
    if (before !== undefined && before !== player && device.recall(before) === "on") {
      device.forget(before);
      void present()
        .then((subscription) => subscription?.unsubscribe())
        .catch(() => undefined);
    }
    const as = `${player} ${hunt.value?.push?.key} ${locale.value}`;
    if (!own || !hunt.value?.push || told === as) return;
    told = as;
    untracked(() => {
      if (isWanted() && permission.value === "granted") void attempt(again);
      else state.value = "off";
    });
  });
}

export function TellMe() {
  if (!hunt.value?.push || !(isAble || isToInstall)) return null;
  return (
    <section class="card stack tell-me" aria-labelledby="tell-me">
      <h2 id="tell-me">{t("tellMe")}</h2>
      {isToInstall ? (
        <p class="soft">{t("tellMeInstall")}</p>
      ) : permission.value === "denied" ? (
        <p class="soft">{t("tellMeDenied")}</p>
      ) : (
        <>
          <p class="soft">{t(state.value === "on" ? "tellMeOn" : "tellMeText")}</p>
          <button
            type="button"
            class="quiet"
            disabled={state.value === "busy"}
            onClick={() => void (state.value === "on" ? turnOff() : turnOn())}
          >
            {t(state.value === "on" ? "tellMeStop" : "tellMeStart")}
          </button>
        </>
      )}
      <p role="status" class={state.value === "failed" ? "note" : "visually-hidden"}>
        {state.value === "failed" && t("tellMeFailed")}
      </p>
    </section>
  );
}
