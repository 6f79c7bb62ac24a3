/** Every page with an address, a storage and a socket that somebody else wrote. */

import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { DESK, expectQuiet, joinAs, noBrowser, Pages } from "./browser.ts";

const HASHES = [
  "#%",
  "#%E0%A4%A",
  "#%/live",
  "#hostile/teams/%",
  "#hostile/edit/%ff",
  "#code=%",
  "#clue/%",
  "#//",
  "#__proto__",
  "#constructor/live",
];

const TEXTS = [
  "null",
  "[]",
  "7",
  "{",
  '{"text":7}',
  '{"key":{},"body":null}',
  "\ud800",
  "%",
  "\u0000",
  "é\nx",
];

/** What the pages remember, by name. */
const KEYS = [
  "organiser-token",
  "sign-in",
  "locale",
  "theme",
  "last-hunt",
  "joining/hostile",
  "draft/hostile",
];

describe.skipIf(noBrowser)("the pages, with hostile text", { timeout: 720_000 }, () => {
  let pages: Pages;
  beforeAll(async () => {
    pages = await Pages.start();
    await pages.demo("hostile");
  });
  afterEach(() => pages.closeContexts());
  afterAll(() => pages?.stop());

  /** The page has drawn something. */
  const drawn = (page: Page) => page.locator("main").first().waitFor();

  test("[SEC-106] hostile hashes and queries", async () => {
    for (const path of ["/", "/play/hostile", "/board/hostile", "/organise", "/play/%25", "/board/%25%ff"]) {
      const { page, watched } = await pages.page(path, DESK);
      await drawn(page);
      for (const hash of HASHES) {
        await page.goto(`${path}?join=%25&lang=%&x=%ff${hash}`);
        await drawn(page);
        await page.goto(`${path}${hash}`);
        await drawn(page);
      }
      // Of a hunt that is none there is no socket.
      const complaints = watched.complaints.filter((text) => !/^WebSocket .* 404$/.test(text));
      expectQuiet({ ...watched, complaints });
    }
  });

  test("[SEC-106] the console, signed in: every view under hostile hashes", async () => {
    const { page, watched } = await pages.page("/organise", DESK);
    await page.getByLabel("Organiser token").fill(pages.token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Hunts" }).waitFor();
    for (const hash of [...HASHES, "#hostile/data/%", "#%ff/edit", "#a%2Fb/live", "#hostile/prizes/%"]) {
      await page.evaluate((to) => {
        location.hash = to;
      }, hash);
      await drawn(page);
      await page.waitForTimeout(150);
    }
    expectQuiet(watched);
  });

  test("[SEC-106] hostile storage: what was kept by somebody else counts as nothing", async () => {
    for (const path of ["/", "/play/hostile", "/board/hostile", "/organise", "/organise#hostile/edit"]) {
      const { page, watched } = await pages.page(path, DESK);
      await drawn(page);
      for (const text of TEXTS) {
        await page.evaluate(
          ({ keys, value }) => {
            for (const key of keys) {
              localStorage.setItem(key, value);
              sessionStorage.setItem(key, value);
            }
          },
          { keys: KEYS, value: text },
        );
        await page.reload();
        await drawn(page);
        await page.waitForTimeout(150);
      }
      expectQuiet(watched);
    }
  });

  test("[SEC-106] hostile rows in the player's database, then playing goes on", async () => {
    const { page, watched } = await pages.page("/play/hostile", DESK);
    await joinAs(page, "Ann", { create: "Otters" });
    await page.evaluate(async () => {
      const db = await new Promise<IDBDatabase>((resolve) => {
        const asked = indexedDB.open("treasure-hunt");
        asked.onsuccess = () => resolve(asked.result);
      });
      const all = db.transaction(["session", "seen", "outbox"], "readwrite");
      const seen = { hunt: { title: 7 }, me: { clues: "x", team: null } };
      all.objectStore("seen").put(seen, "hostile");
      all.objectStore("outbox").put({ hunt: "hostile", id: "x", event: null });
      all.objectStore("session").put({ hunt: "hostile", token: 7, team: null });
      await new Promise((done) => {
        all.oncomplete = done;
      });
    });
    await page.reload();
    await joinAs(page, "Bea", { create: "Gulls" });
    await page.locator(".clue").first().waitFor();
    expectQuiet(watched);
  });

  test("[SEC-106] hostile frames: the pages go on", async () => {
    for (const path of ["/board/hostile", "/play/hostile"]) {
      const context = await pages.context(DESK);
      const page = await context.newPage();
      const watched = pages.watch(page);
      let sockets = 0;
      await page.routeWebSocket(/\/live/, (socket) => {
        sockets += 1;
        for (const text of [...TEXTS, '{"leaderboard":{}}', '{"leaderboard":{"entries":7}}', "{}"])
          socket.send(text);
        socket.connectToServer();
      });
      await page.goto(path);
      if (path.startsWith("/play")) await joinAs(page, "Cid", { create: "Seals" });
      await drawn(page);
      await expect.poll(() => sockets).toBeGreaterThan(0);
      await page.waitForTimeout(500);
      expectQuiet(watched);
    }
  });
});
