/** Coming back as a player meets it: a wiped phone, a code read out, a device that is lost, a hunt put off by a month. */
import { SignJWT } from "jose";
import type { BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Me } from "../../../src/contract/me.ts";
import { currentKey } from "../../../src/secrets.ts";
import { manyClues } from "../../contract/hunts.ts";
import {
  answer,
  DESK,
  expectAccessible,
  expectQuiet,
  joinAs,
  noBrowser,
  Pages,
  PHONE,
  type Watched,
} from "./browser.ts";

const DAY = 86_400;

let pages: Pages;

describe.skipIf(noBrowser)("coming back", { timeout: 720_000 }, () => {
  beforeAll(async () => {
    pages = await Pages.start();
  });
  afterEach(() => pages.closeContexts());
  afterAll(() => pages?.stop());

  async function open(
    path: string,
    options?: BrowserContextOptions,
  ): Promise<{ page: Page; watched: Watched; asked: string[] }> {
    const context = await pages.context(options);
    const page = await context.newPage();
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    const watched = pages.watch(page);
    await page.goto(path);
    return { page, watched, asked };
  }

  /** What the first page shows after joining. */
  const firstCode = async (page: Page): Promise<string> =>
    (await page.locator(".way-back .code").innerText()).trim();

  async function comeBack(page: Page, code: string): Promise<void> {
    await page.getByRole("button", { name: "I have a return code" }).click();
    // Typing goes on at once.
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute("name"))).toBe("return");
    await page.keyboard.type(code);
    await page.keyboard.press("Enter");
  }

  const memberIs = (page: Page, name: string) =>
    page.locator(".members").getByText(name, { exact: true }).waitFor();

  test("[WEB-70] a wiped phone comes back by the code that was read out, as the same player", async () => {
    await pages.client.publish("wiped", manyClues(3));
    const { page, watched } = await open("/play/wiped");
    await joinAs(page, "Ada", { create: "Owls" });
    await page.getByRole("heading", { name: "Keep your return code" }).waitFor();
    await expectAccessible(page);
    const code = await firstCode(page);
    await page.getByRole("button", { name: "I have kept it" }).click();
    expect(await page.locator(".way-back").count()).toBe(0);
    expect(await answer(page, "Clue 0", "right 0")).toBe("correct");
    await page.goto("/play/wiped#team");
    expect(await firstCode(page)).toBe(code);
    await expectAccessible(page);
    expectQuiet(watched);
    // The browser has forgotten everything, and somebody reads the code from paper.
    const other = await open("/play/wiped", DESK);
    await comeBack(other.page, "weur0 000000-000000");
    await other.page.getByRole("alert").getByText("Nobody has this code").waitFor();
    await expectAccessible(other.page);
    await other.page
      .getByLabel("Return code")
      .fill(code.toLowerCase().replaceAll("-", " ").replaceAll("0", "o"));
    await other.page.getByRole("button", { name: "Come back" }).click();
    await other.page.getByRole("navigation", { name: "Pages of the hunt" }).waitFor();
    // It did not join: nothing is to be kept for the first time.
    expect(await other.page.locator(".way-back").count()).toBe(0);
    expect(await answer(other.page, "Clue 1", "right 1")).toBe("correct");
    await other.page.goto("/play/wiped#team");
    await memberIs(other.page, "Ada");
    expect(await other.page.locator(".members li").count()).toBe(1);
    for (const url of other.asked) expect(url.toUpperCase()).not.toContain(code.slice(-6));
    expectQuiet(other.watched);
  });

  test("[WEB-70] a phone that forgets everything while the hunt runs is the same player again by its code", async () => {
    await pages.client.publish("forgot", manyClues(3));
    const { page, watched } = await open("/play/forgot");
    await joinAs(page, "Ada", { create: "Owls" });
    const code = await firstCode(page);
    expect(await answer(page, "Clue 0", "right 0")).toBe("correct");
    const browser = await page.context().newCDPSession(page);
    const { origin } = pages.engine.url;
    // Cookies, storage, the kept page and its worker, as "clear browsing data" does it.
    await browser.send("Storage.clearDataForOrigin", { origin, storageTypes: "all" });
    await page.goto("/play/forgot");
    await page.locator("form.join-form").waitFor();
    await comeBack(page, code);
    await page.getByRole("navigation", { name: "Pages of the hunt" }).waitFor();
    await page.locator(".clue-solved", { hasText: "Clue 0" }).waitFor();
    expect(await answer(page, "Clue 1", "right 1")).toBe("correct");
    const { body } = await pages.client.organise<{ teams: { members: object[]; solves: number }[] }>(
      "GET",
      "/v1/hunts/forgot/teams",
    );
    expect(body.teams.map(({ members, solves }) => [members.length, solves])).toEqual([[1, 2]]);
    expectQuiet(watched);
  });

  test("[WEB-70] a link or QR code brings back, leaves no code in the address, and signing out elsewhere ends the others", async () => {
    await pages.client.publish("linked", manyClues(3));
    const { page } = await open("/play/linked");
    await joinAs(page, "Ada", { create: "Owls" });
    const code = await firstCode(page);
    const other = await open(`/play/linked#return=${code}`);
    await other.page.getByRole("navigation", { name: "Pages of the hunt" }).waitFor();
    expect(other.page.url()).not.toContain(code.slice(-6));
    for (const url of other.asked) expect(new URL(url).href.split("#")[0]).not.toContain(code.slice(-6));
    await other.page.goto("/play/linked#team");
    await memberIs(other.page, "Ada");
    other.page.on("dialog", (dialog) => void dialog.accept());
    await other.page.getByRole("button", { name: "Sign out everywhere else" }).click();
    await other.page.getByRole("status").getByText("on this device alone").waitFor();
    const fresh = await firstCode(other.page);
    expect(fresh).not.toBe(code);
    // The first device hears of it by its socket.
    await page.getByText("You are signed out on this device").waitFor({ timeout: 30_000 });
    await comeBack(page, code);
    await page.getByRole("alert").getByText("Nobody has this code").waitFor();
    await page.getByLabel("Return code").fill(fresh);
    await page.getByRole("button", { name: "Come back" }).click();
    await page.getByRole("navigation", { name: "Pages of the hunt" }).waitFor();
    expect(await answer(other.page, "Clue 0", "right 0")).toBe("correct");
    expectQuiet(other.watched);
  });

  test("[WEB-71] a hunt that is put off by a month asks nobody to join again", async () => {
    const closes = (days: number) => new Date(Date.now() + days * DAY * 1_000).toISOString();
    await pages.client.publish("put-off", { ...manyClues(2), closes: closes(1) });
    const { page, watched } = await open("/play/put-off");
    await joinAs(page, "Ada", { create: "Owls" });
    await pages.client.publish("put-off", { ...manyClues(2), closes: closes(31) }, "draft");
    // The month passes, and with it the token's life.
    const key = currentKey("PLAYER_TOKEN_KEYS", pages.engine.secrets.PLAYER_TOKEN_KEYS);
    const now = Math.floor(Date.now() / 1_000);
    const claims = await storedClaims(page, "put-off");
    const lapsed = await new SignJWT({ hunt: "put-off", team: claims.team })
      .setProtectedHeader({ alg: "HS256", typ: "JWT", kid: key.id })
      .setAudience("hunt-player")
      .setSubject(claims.sub)
      .setIssuedAt(now - 32 * DAY)
      .setExpirationTime(now - 30 * DAY)
      .sign(key.bytes);
    await store(page, "put-off", lapsed);
    await page.reload();
    expect(await answer(page, "Clue 0", "right 0")).toBe("correct");
    const { exp } = await storedClaims(page, "put-off");
    expect(exp).toBeGreaterThan(now + 30 * DAY);
    const own = await pages.client.call<Me>("GET", "/v1/hunts/put-off/me", {
      token: await stored(page, "put-off"),
    });
    expect(own.body.player.id).toBe(claims.sub);
    expectQuiet(watched);
  });

  test.each(["de", "ar"])("[WEB-70] the form and the code are there in %s", async (language) => {
    await pages.client.publish(`words-${language}`, manyClues(1));
    const { page, watched } = await open(`/play/words-${language}`, { ...PHONE, locale: language });
    await page.locator("form.join-form button.quiet").click();
    await page.locator('input[name="return"]').fill("x");
    await page.locator('form.come-back button[type="submit"]').click();
    await page.getByRole("alert").waitFor();
    await expectAccessible(page);
    await page.locator("form.come-back button.quiet").click();
    await page.locator('input[name="name"]').fill("Ada");
    await page.locator('input[name="team"]').fill("Owls");
    await page.locator('form button[type="submit"]').click();
    expect(await firstCode(page)).toMatch(/^WEUR0(?:-[0-9A-Z]{6}){3}$/);
    await expectAccessible(page);
    expectQuiet(watched);
  });
});

/** The token that the page keeps. */
const stored = (page: Page, hunt: string): Promise<string> =>
  page.evaluate(
    (of) =>
      new Promise<string>((resolve, reject) => {
        const opening = indexedDB.open("treasure-hunt");
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const asking = opening.result.transaction("session").objectStore("session").get(of);
          asking.onsuccess = () => resolve(asking.result.token);
        };
      }),
    hunt,
  );

async function storedClaims(page: Page, hunt: string): Promise<{ sub: string; team: string; exp: number }> {
  const [, payload = ""] = (await stored(page, hunt)).split(".");
  return JSON.parse(Buffer.from(payload, "base64url").toString());
}

/** Makes the page keep another token. */
const store = (page: Page, hunt: string, token: string): Promise<void> =>
  page.evaluate(
    ([of, another]) =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open("treasure-hunt");
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const kept = opening.result.transaction("session", "readwrite").objectStore("session");
          const asking = kept.get(of as string);
          asking.onsuccess = () => {
            const putting = kept.put({ ...asking.result, token: another });
            putting.onsuccess = () => resolve();
          };
        };
      }),
    [hunt, token] as const,
  );
