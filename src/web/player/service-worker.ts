/**
 * Keeps the player page's files on the device. Calls of the engine pass: what
 * the page knows of the hunt is in its own store. A new release is a new cache
 * and a new worker, which waits until the pages of the old one are closed: they
 * find their parts in the old cache.
 */
import { shownOf } from "./push-words.ts";

declare const PRECACHE: readonly string[];
const worker = self as unknown as ServiceWorkerGlobalScope;

const SHELL = "/play/";
const CACHE = `player-${PRECACHE.join(" ")}`;

/** Longest that the network is waited for, ms, where there is a kept page instead. */
const PATIENCE = 3_000;

worker.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(PRECACHE.map((path) => new Request(path, { cache: "reload" })))),
  );
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) =>
        Promise.all(
          names
            .filter((name) => name.startsWith("player-") && name !== CACHE)
            .map((name) => caches.delete(name)),
        ),
      )
      .then(() => worker.clients.claim()),
  );
});

/** The whole response: one whose body never comes is none. */
async function whole(request: Request): Promise<Response> {
  const told = await fetch(request);
  // A redirection has no body that could be read here.
  if (told.type !== "basic") return told;
  return new Response(await told.arrayBuffer(), told);
}

/** The newest page while there is a network that brings one in time; else, or while the engine is down, the kept one. */
async function open(request: Request): Promise<Response> {
  const newest = whole(request);
  const late = new Promise<undefined>((done) => setTimeout(done, PATIENCE, undefined));
  const told = await Promise.race([newest.catch(() => undefined), late]);
  if (told && told.status < 500 && told.status !== 429) return told;
  const kept = await caches.match(SHELL);
  // Without a kept page whatever comes is the best there is.
  return kept ?? newest.catch(() => Response.error());
}

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate" && url.pathname.startsWith(SHELL)) {
    event.respondWith(open(request));
    return;
  }
  if (!url.pathname.startsWith("/assets/") && !PRECACHE.includes(url.pathname)) return;
  event.respondWith(
    caches.match(request).then(async (kept) => {
      if (kept) return kept;
      const answer = await fetch(request);
      // Parts loaded on demand: languages, the scanner, the map.
      if (answer.ok) void (await caches.open(CACHE)).put(request, answer.clone());
      return answer;
    }),
  );
});

worker.addEventListener("push", (event) => {
  const { title, path, ...options } = shownOf(sentIn(event.data));
  event.waitUntil(
    worker.registration.showNotification(title, { ...options, icon: "/icon.svg", data: { path } }),
  );
});

function sentIn(data: PushMessageData | null): unknown {
  try {
    return data?.json();
  } catch {
    // Whatever it was, browsers want something to be shown.
    return undefined;
  }
}

worker.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { path } = event.notification.data as { path: string };
  event.waitUntil(show(new URL(path, location.origin)));
});

/** In the hunt's page that is open, or in a new one. */
async function show(url: URL): Promise<void> {
  const pages = await worker.clients.matchAll({ type: "window" });
  const page = pages.find((each) => new URL(each.url).pathname === url.pathname);
  try {
    if (page) {
      await (await page.focus()).navigate(url.href);
      return;
    }
  } catch {
    // Not this worker's page, or one that is going away.
  }
  await worker.clients.openWindow(url.href);
}
