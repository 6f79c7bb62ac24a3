/** Ways into the player page, and what must not be lost on them: [WEB-2], [WEB-20] to [WEB-25] of SPEC.md. */
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  DESK,
  expectAccessible,
  expectFits,
  expectQuiet,
  joinAs,
  noBrowser,
  Pages,
  PHONE,
} from "./browser.ts";
import { type Network, networkTo } from "./network.ts";

const CODE = "QR-OF-THE-CHEST";
const SMALL = { ...PHONE, viewport: { width: 320, height: 640 } } as const;

const scanHunt = (more: object = {}): object => ({
  format: 1,
  title: "Sheets & <Codes>",
  teams: { mode: "teams", maxSize: 4 },
  rounds: [{ id: "r", title: "R" }],
  clues: [
    { id: "chest", round: "r", title: "Chest", kind: "scan", points: 10, code: CODE },
    { id: "word", round: "r", title: "Word", kind: "answer", points: 5, answers: ["tug"] },
    {
      id: "pier",
      round: "r",
      title: "Pier",
      kind: "place",
      points: 20,
      place: { lat: 53.5436, lng: 9.9669, radius: 60 },
    },
  ],
  ...more,
});

describe.skipIf(noBrowser)("the ways in", { timeout: 720_000 }, () => {
  let pages: Pages;
  let network: Network;
  beforeAll(async () => {
    pages = await Pages.start();
    network = await networkTo(pages.engine.url);
    await pages.client.publish("found", scanHunt());
  });
  afterEach(async () => {
    await pages.closeContexts();
    network.mode = "passes";
    network.gone = undefined;
  });
  afterAll(async () => {
    await network?.close();
    await pages?.stop();
  });

  /** Answers of the hunt as the engine has them: whose, and what came of them. */
  const answersOf = async (hunt: string) =>
    (await pages.client.export(hunt)).filter(({ type }) => type === "answer");

  const refuseEvents = (page: Page, hunt: string, status: number) =>
    page.route(`**/v1/hunts/${hunt}/events`, (route) =>
      route.fulfill({
        status,
        contentType: "application/problem+json",
        body: JSON.stringify({ code: status === 401 ? "unauthenticated" : "forbidden", detail: "x" }),
      }),
    );

  async function answerWord(page: Page): Promise<void> {
    await page.getByRole("link", { name: /Word/ }).click();
    await page.getByLabel("Your answer").fill("tug");
    await page.getByRole("button", { name: "Check" }).click();
  }

  test("[WEB-2] what waits belongs to its player: another is told why, offered it, and sends it only by choice", async () => {
    await pages.client.publish("owners", scanHunt());
    // Requests that a service worker lets pass are not always the test's to answer.
    const { page, watched } = await pages.page("/play/owners", { ...PHONE, serviceWorkers: "block" });
    await joinAs(page, "Uma", { create: "Turnstones" });
    await refuseEvents(page, "owners", 401);
    await answerWord(page);
    await page.getByText("You are signed out on this device").waitFor();
    await page.getByText("1 thing that was not sent is kept on this device").waitFor();
    await expectAccessible(page);
    await page.unroute("**/v1/hunts/owners/events");
    await joinAs(page, "Vic", { create: "Gulls" });
    await page.getByText("1 thing that Uma (Turnstones) did on this device was not sent.").waitFor();
    await page.waitForTimeout(1_500);
    expect(await answersOf("owners")).toEqual([]);
    await page.reload();
    const offer = page.locator(".offer");
    await offer.getByText("1 thing that Uma (Turnstones)").waitFor();
    await expectAccessible(page);
    await expectFits(page);
    await page.waitForTimeout(1_000);
    expect(await answersOf("owners")).toEqual([]);
    await offer.getByRole("button", { name: "Send for Gulls" }).click();
    await page.locator(".masthead", { hasText: "5 Points" }).waitFor();
    await offer.waitFor({ state: "detached" });
    expect(await answersOf("owners")).toHaveLength(1);
    await page.reload();
    await page.locator(".masthead", { hasText: "5 Points" }).waitFor();
    expect(await page.locator(".offer").count()).toBe(0);
    expectQuiet(watched);
  });

  test("[WEB-2] a player who is no member any more is told so; what was left can be deleted", async () => {
    await pages.client.publish("removed", scanHunt());
    const { page } = await pages.page("/play/removed", { ...SMALL, locale: "de-DE" });
    await page.locator('input[name="name"]').fill("Uma");
    await page.locator('input[name="team"]').fill("Turnstones");
    await page.locator('button[type="submit"]').click();
    await refuseEvents(page, "removed", 403);
    await page.getByRole("link", { name: /Word/ }).click();
    await page.locator("form.answer input").fill("tug");
    await page.locator("form.answer button").click();
    await page.getByText("Du gehörst nicht mehr zu deinem Team.").waitFor();
    await page.getByText("1 Eingabe, die noch nicht gesendet ist").waitFor();
    await expectFits(page);
    await page.unroute("**/v1/hunts/removed/events");
    await page.locator('input[name="name"]').fill("Vic");
    await page.locator('input[name="team"]').fill("Gulls");
    await page.locator('button[type="submit"]').click();
    await page.locator(".offer").waitFor();
    await expectFits(page);
    page.once("dialog", (dialog) => void dialog.accept());
    await page.locator(".offer").getByRole("button", { name: "Löschen" }).click();
    await page.locator(".offer").waitFor({ state: "detached" });
    await page.reload();
    await page.locator(".masthead").waitFor();
    await page.waitForTimeout(500);
    expect(await page.locator(".offer").count()).toBe(0);
    expect(await answersOf("removed")).toEqual([]);
  });

  test("[WEB-2] rows of an earlier release, which named no player, are the signed-in player's", async () => {
    await pages.client.publish("earlier", scanHunt());
    const { page } = await pages.page("/play/earlier");
    await joinAs(page, "Uma", { create: "Turnstones" });
    await page.evaluate(async () => {
      const db = await new Promise<IDBDatabase>((resolve) => {
        const asked = indexedDB.open("treasure-hunt");
        asked.onsuccess = () => resolve(asked.result);
      });
      const all = db.transaction(["outbox"], "readwrite");
      const event = { id: "old", type: "answer", clue: "word", answer: "tug" };
      all.objectStore("outbox").put({ hunt: "earlier", id: "old", event });
      await new Promise((done) => {
        all.oncomplete = done;
      });
    });
    await page.reload();
    await page.locator(".masthead", { hasText: "5 Points" }).waitFor();
  });

  test.each([
    ["en-GB", PHONE, "A code was read."],
    ["de-DE", SMALL, "Ein Code wurde gelesen."],
    ["ar", SMALL, "قُرئ رمز."],
  ])(
    "[WEB-20] a scan link in a fresh browser: said, kept over a reload and the joining, then sent: %s",
    async (locale, device, words) => {
      const hunt = `sheet-${locale.slice(0, 2)}`;
      await pages.client.publish(hunt, scanHunt());
      const { page, watched } = await pages.page(`/play/${hunt}#code=${CODE}`, { ...device, locale });
      await page.getByText(words).waitFor();
      await expectFits(page);
      await expectAccessible(page);
      await page.goto(`/play/${hunt}`);
      await page.getByText(words).waitFor();
      await page.reload();
      await page.getByText(words).waitFor();
      await page.locator('input[name="name"]').fill("Camera");
      await page.locator('input[name="team"]').fill(`Team ${locale}`);
      await page.locator('button[type="submit"]').click();
      await page.locator(".clue-solved", { hasText: "Chest" }).waitFor();
      await page.reload();
      await page.locator(".clue-solved", { hasText: "Chest" }).waitFor();
      const scans = (await pages.client.export(hunt)).filter(({ type }) => type === "scan");
      expect(scans).toHaveLength(1);
      expectQuiet(watched);
    },
  );

  test("[WEB-20] with a session a scan link is sent, also one opened without a network or before the beginning", async () => {
    await pages.client.publish("again", scanHunt(), "draft");
    const { page, watched } = await pages.page("/play/again");
    await joinAs(page, "Uma", { create: "Turnstones" });
    await page.goto(`/play/again#code=${CODE}`);
    await page.getByText("A code was read. It is sent when the hunt goes on.").waitFor();
    await page.waitForTimeout(500);
    expect((await pages.client.export("again")).filter(({ type }) => type === "scan")).toEqual([]);
    await pages.client.setPhase("again", "live");
    await page.locator(".clue-solved", { hasText: "Chest" }).waitFor();
    expectQuiet(watched);
  });

  test("[WEB-21] an invitation opened by who plays already says so, and lets choose", async () => {
    await pages.client.publish("invite", scanHunt());
    const ann = await pages.page("/play/invite");
    await joinAs(ann.page, "Ann", { create: "Otters" });
    const ben = await pages.page("/play/invite");
    await joinAs(ben.page, "Ben", { create: "Gulls" });
    const codeOf = async (page: Page): Promise<string> => {
      await page.goto("/play/invite#team");
      return (await page.locator(".invite .code").innerText()).trim();
    };
    const [otters, gulls] = [await codeOf(ann.page), await codeOf(ben.page)];
    await ben.page.goto(`/play/invite?join=${gulls}`);
    await ben.page.getByText("This link leads to your own team").waitFor();
    await ben.page.goto(`/play/invite?join=${otters}`);
    await ben.page
      .getByText("You play as Ben in Gulls. The link you opened leads to another team.")
      .waitFor();
    await expectAccessible(ben.page);
    await ben.page.getByRole("button", { name: "Stay with Gulls" }).click();
    expect(new URL(ben.page.url()).search).toBe("");
    await ben.page.locator(".offer").waitFor({ state: "detached" });
    await ben.page.goto(`/play/invite?join=${otters}`);
    await ben.page.getByRole("button", { name: "Join the other team" }).click();
    await ben.page.getByText("You still play in Gulls.").waitFor();
    await expectAccessible(ben.page);
    await joinAs(ben.page, "Ben", { code: otters });
    await ben.page.goto("/play/invite#team");
    await ben.page.locator("h1", { hasText: "Otters" }).waitFor();
    await expect.poll(() => ben.page.locator(".members li").allInnerTexts()).toEqual(["Ann\nCaptain", "Ben"]);
    for (const { watched } of [ann, ben]) expectQuiet(watched);
  });

  test("[WEB-22] a team-mate who joins is on an open team page within 3 s", async () => {
    await pages.client.publish("mates", scanHunt());
    const { page } = await pages.page("/play/mates");
    await joinAs(page, "Ann", { create: "Otters" });
    await page.goto("/play/mates#team");
    const code = (await page.locator(".invite .code").innerText()).trim();
    await page.waitForTimeout(1_500);
    await pages.client.join("mates", { name: "Ben", team: { join: code } });
    await page.locator(".members li", { hasText: "Ben" }).waitFor({ timeout: 9_000 });
  });

  test("[WEB-23] a page that waits to send moves nothing", async () => {
    await pages.client.publish("still", scanHunt());
    for (const [device, locale] of [
      [PHONE, "en-GB"],
      [SMALL, "de-DE"],
      [SMALL, "ar"],
    ] as const) {
      const { page } = await pages.page("/play/still", { ...device, locale });
      await page.locator('input[name="name"]').fill("Ann");
      await page.locator('input[name="team"]').fill(`Still ${locale} ${device.viewport.width}`);
      await page.locator('button[type="submit"]').click();
      await page.getByRole("link", { name: /Word/ }).click();
      const field = page.locator("form.answer input");
      await field.fill("tug");
      const top = async () => (await field.boundingBox())?.y;
      const before = await top();
      await page.context().setOffline(true);
      await page.locator("form.answer button").click();
      await page.locator(".waits p").nth(1).waitFor();
      expect(await top()).toBe(before);
      await expectFits(page);
      // The end of the page can be read above what waits.
      await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
      const foot = await page.locator(".foot").boundingBox();
      const last = await page.locator("main.page > :last-child").boundingBox();
      expect((last?.y ?? 0) + (last?.height ?? 0)).toBeLessThanOrEqual(foot?.y ?? 0);
      await expectAccessible(page);
    }
  });

  test.each([
    ["en-GB", "There is no such hunt.", "There is no such page."],
    ["de-DE", "Diese Schatzsuche gibt es nicht.", "Diese Seite gibt es nicht."],
    ["ar", "لا توجد مسابقة كهذه.", "لا توجد صفحة كهذه."],
  ])("[WEB-24] addresses that name nothing are 404 and show a way on: %s", async (locale, hunt, nothing) => {
    for (const [path, words] of [
      ["/play/no-such-hunt", hunt],
      ["/play/NO_such", hunt],
      ["/nix", nothing],
      ["/play/found/nix", nothing],
    ] as const) {
      const told = await fetch(new URL(path, pages.engine.url), { headers: { accept: "text/html" } });
      expect([told.status, told.headers.get("content-type")], path).toEqual([
        404,
        "text/html; charset=utf-8",
      ]);
      expect(told.headers.get("content-security-policy"), path).toContain("default-src 'self'");
      expect(told.headers.get("x-content-type-options"), path).toBe("nosniff");
      const { page, watched } = await pages.page(path, { ...SMALL, locale });
      await page.getByRole("heading", { name: words }).waitFor();
      await expectFits(page);
      await expectAccessible(page);
      await page.locator('input[name="hunt"]').fill("found");
      await page.locator('.way-in button[type="submit"]').click();
      await page.locator('input[name="name"]').waitFor();
      expect(new URL(page.url()).pathname).toBe("/play/found");
      expectQuiet(watched);
    }
    const json = await fetch(new URL("/nix", pages.engine.url));
    expect([json.status, json.headers.get("content-type")]).toEqual([404, "application/problem+json"]);
  });

  test("[WEB-24] the first paint comes with the HTML: style, title, no script needed", async () => {
    await pages.client.publish("paint", scanHunt());
    const told = await fetch(new URL("/play/paint", pages.engine.url));
    const html = await told.text();
    expect(told.status).toBe(200);
    expect(html).toContain("<title>Sheets &amp; &lt;Codes&gt;</title>");
    expect(html).toContain("<h1><bdi>Sheets &amp; &lt;Codes&gt;</bdi></h1>");
    expect(html).not.toContain('rel="stylesheet"');
    // An app encoded the marks of a printed address.
    const marked = await fetch(new URL("/play/paint%23code%3DSHEET", pages.engine.url));
    expect([marked.status, await marked.text()]).toEqual([200, html]);
    const context = await pages.context({ ...PHONE, serviceWorkers: "block" });
    const page = await context.newPage();
    const watched = pages.watch(page);
    await page.route("**/assets/**", () => new Promise(() => undefined));
    await page.goto("/play/paint", { waitUntil: "commit" });
    const title = page.locator("h1", { hasText: "Sheets & <Codes>" });
    await title.waitFor();
    await expect
      .poll(() => page.evaluate(() => performance.getEntriesByName("first-contentful-paint").length))
      .toBe(1);
    const ground = await page.locator("main").evaluate((main) => getComputedStyle(main).backgroundColor);
    expect(ground).toBe("rgb(15, 42, 61)");
    expectQuiet(watched);
  });

  test("[WEB-25] the kept page opens when the network answers 503, hangs, or is away", async () => {
    await pages.client.publish("kept-shell", scanHunt());
    const context = await pages.context({ ...PHONE, baseURL: network.origin });
    const page = await context.newPage();
    await page.goto("/play/kept-shell");
    await joinAs(page, "Ann", { create: "Otters" });
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await page.reload();
    await page.locator(".clue").first().waitFor();
    for (const mode of ["down", "hangs"] as const) {
      network.mode = mode;
      const began = Date.now();
      await page.goto("/play/kept-shell", { waitUntil: "commit" });
      await page.locator(".clue", { hasText: "Word" }).waitFor();
      expect(Date.now() - began, mode).toBeLessThan(20_000);
    }
    network.mode = "passes";
    await page.reload();
    await page.locator(".clue").first().waitFor();
    // What the network says of a hunt that is none is shown.
    await page.goto("/play/nothing-of-it");
    await page.getByText("There is no such hunt.").waitFor();
  });

  test("[WEB-25] after a release an open page finds the scanner and the map that it never used", async () => {
    await pages.client.publish("released", scanHunt());
    const context = await pages.context({
      ...PHONE,
      baseURL: network.origin,
      serviceWorkers: "block",
      permissions: ["geolocation", "camera"],
      geolocation: { latitude: 53.5446, longitude: 9.9669, accuracy: 12 },
    });
    await context.addInitScript(() => {
      // Without a detector of the browser's own the WebAssembly one is needed.
      Reflect.deleteProperty(window, "BarcodeDetector");
      // No time to load anything ahead.
      Object.defineProperty(navigator, "connection", { value: { saveData: true } });
    });
    const page = await context.newPage();
    await page.goto("/play/released");
    await joinAs(page, "Ann", { create: "Otters" });
    network.gone = /^\/assets\/(?:map|detector)-/;
    await page.goto(`${network.origin}/play/released#clue/pier`);
    await page.getByRole("button", { name: "I am here" }).click();
    await page.getByRole("button", { name: "Show me on a map" }).click();
    await page.locator(".map .leaflet-interactive").first().waitFor();
    const wasm = page.waitForResponse(/zxing_reader.*\.wasm$/);
    await page.goto(`${network.origin}/play/released#clue/chest`);
    await page.getByRole("button", { name: "Scan the code" }).click();
    expect((await wasm).status()).toBe(200);
  });

  test("[WEB-26] a hunt for registered players is joined from the page, by a field or by a link", async () => {
    const players = { require: "registered", whenOriginDown: "refuse" };
    await pages.client.publish("members", scanHunt({ players }));
    const shown = await pages.client.call<{ registered?: boolean }>("GET", "/v1/hunts/members");
    expect(shown.body.registered).toBe(true);
    const { page, watched } = await pages.page("/play/members#id=C-10442");
    expect(await page.getByLabel("Your number or id").inputValue()).toBe("C-10442");
    expect(page.url()).not.toContain("10442");
    await page.reload();
    expect(await page.getByLabel("Your number or id").inputValue()).toBe("C-10442");
    await expectAccessible(page);
    const sent: unknown[] = [];
    let told = { status: 503, code: "unavailable", detail: "registered players cannot be looked up now" };
    await page.route("**/v1/hunts/members/players", async (route) => {
      sent.push(route.request().postDataJSON());
      const body = JSON.stringify({ code: told.code, detail: told.detail });
      await route.fulfill({ status: told.status, contentType: "application/problem+json", body });
    });
    await page.getByLabel("Your name").fill("Ann");
    await page.getByLabel("New team's name").fill("Otters");
    const refused = async (next: typeof told, words: string): Promise<void> => {
      told = next;
      await page.getByRole("button", { name: "Join", exact: true }).click();
      await page.getByText(words).waitFor();
    };
    await refused(told, "Just now it cannot be checked who is registered");
    const forbidden = { status: 403, code: "forbidden", detail: "this hunt is for registered players" };
    await refused(forbidden, "This number is not registered");
    await refused(
      { status: 409, code: "conflict", detail: "a team of this name exists already" },
      "Choose another name",
    );
    await refused({ status: 422, code: "invalid", detail: "x" }, "You could not join like this.");
    expect(sent[0]).toEqual({
      name: "Ann",
      team: { create: "Otters" },
      externalId: "C-10442",
      locale: "en",
    });
    // And from the engine itself: nobody of this number.
    await page.unroute("**/v1/hunts/members/players");
    await page.getByRole("button", { name: "Join", exact: true }).click();
    await page.getByText("This number is not registered").waitFor();
    const german = await pages.page("/play/members?id=C-7", { ...SMALL, locale: "de-DE" });
    expect(await german.page.locator('input[name="external"]').inputValue()).toBe("C-7");
    await german.page.locator('input[name="name"]').fill("Ann");
    await german.page.locator('input[name="team"]').fill("Otters");
    await german.page.locator('button[type="submit"]').click();
    await german.page.getByText("Diese Nummer ist nicht angemeldet.").waitFor();
    await expectFits(german.page);
    for (const each of [watched, german.watched]) expectQuiet(each);
    // Elsewhere nobody is asked for a number.
    const anyone = await pages.page("/play/found", DESK);
    await anyone.page.getByLabel("Your name").waitFor();
    expect(await anyone.page.locator('input[name="external"]').count()).toBe(0);
  });
});
