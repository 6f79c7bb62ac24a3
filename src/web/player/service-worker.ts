/**
 * Keeps the player page's files on the device. Calls of the engine pass: what
 * the page knows of the hunt is in its own store. A new release is a new cache
 * and a new worker, which waits until the pages of the old one are closed: they
 * find their parts in the old cache.
 */
declare const PRECACHE: readonly string[];
const worker = self as unknown as ServiceWorkerGlobalScope;

const SHELL = "/play/";
const CACHE = `player-${PRECACHE.join(" ")}`;

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

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate" && url.pathname.startsWith(SHELL)) {
    // The newest page while there is a network, the kept one without.
    event.respondWith(fetch(request).catch(async () => (await caches.match(SHELL)) ?? Response.error()));
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
