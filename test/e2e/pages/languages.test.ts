/** A hunt in two languages, with many clues, and in a look of its own: on players' pages and the board. */
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  expectAccessible,
  expectFits,
  expectQuiet,
  joinAs,
  noBrowser,
  Pages,
  PHONE,
  picturesTogether,
  WALL,
  wantsPictures,
} from "./browser.ts";
import { COVERS, LOOKS, logoOf } from "./looks.ts";

const COUNT = 20;

const HUNT = {
  format: 1,
  title: { en: "The long quay", de: "Der lange Kai" },
  languages: ["en", "de"],
  rounds: [{ id: "r", title: { en: "The quay", de: "Der Kai" } }],
  clues: Array.from({ length: COUNT }, (_, place) => ({
    id: `c${place}`,
    title: { en: `Lamp ${place}`, de: `Lampe ${place}` },
    round: "r",
    kind: "answer",
    points: 10,
    body:
      place === 7 ? { en: "An owl sits here.", de: "Hier sitzt eine Eule." } : { en: "Light.", de: "Licht." },
    tags: [place % 2 === 0 ? "quay" : "tower"],
    answers: ["right"],
  })),
};

let pages: Pages;

const themed = (page: Page, theme: string): Promise<void> =>
  page.evaluate((wanted) => {
    document.documentElement.dataset.theme = wanted;
  }, theme);

/** Publishes the hunt in one of the looks, its pictures first. */
async function worn(hunt: string, place: number, phase: "draft" | "live" = "live"): Promise<void> {
  const { title, description, ...look } = LOOKS[place] as (typeof LOOKS)[number];
  for (const [name, body] of [
    ["logo.svg", logoOf(place)],
    ["cover.svg", COVERS[place] ?? ""],
  ] as const) {
    const path = `/v1/hunts/${hunt}/assets/${name}`;
    const sent = await pages.client.call("PUT", path, {
      ...{ token: pages.token, body, type: "application/octet-stream" },
    });
    expect(sent.status, sent.text).toBe(201);
  }
  const pictures = { logo: "asset:logo.svg", cover: "asset:cover.svg" };
  await pages.client.publish(hunt, { ...HUNT, title, description, look: { ...look, ...pictures } }, phase);
}

describe.skipIf(noBrowser)(
  "[TEXT-9] the player page of a hunt in several languages",
  { timeout: 540_000 },
  () => {
    beforeAll(async () => {
      pages = await Pages.start();
    });
    afterEach(() => pages.closeContexts());
    afterAll(() => pages?.stop());

    test("asks in its own language, reads anew when that changes, and finds a clue by words and by tags", async () => {
      await pages.client.publish("lamps", HUNT);
      const { page, watched } = await pages.page("/play/lamps", { ...PHONE, locale: "de-DE" });
      await page.getByRole("heading", { name: "Der lange Kai" }).waitFor();
      await joinAs(page, "Ada");
      const links = page.locator("main a").filter({ hasText: /Lamp/ });
      await page.getByRole("link", { name: /Lampe 7/ }).waitFor();
      await expect.poll(() => links.count()).toBe(COUNT);
      await expectFits(page);
      await page.getByRole("button", { name: "tower" }).click();
      await expect.poll(() => links.count()).toBe(COUNT / 2);
      await page.getByRole("searchbox").fill("lampe 17");
      await expect.poll(() => links.count()).toBe(1);
      await page.getByRole("button", { name: "quay" }).click();
      await expect.poll(() => links.count()).toBe(0);
      await page.getByRole("searchbox").fill("");
      await expect.poll(() => links.count()).toBe(COUNT / 2);
      await page.goto("/play/lamps#team");
      await page.locator(".settings select").selectOption("en");
      await page.goto("/play/lamps#clues");
      await page.getByRole("link", { name: /Lamp 6/ }).waitFor();
      await page.goto("/play/lamps#clue/c7");
      await page.getByText("An owl sits here.").waitFor();
      expectQuiet(watched);
    });

    test("[WEB-141] the board tells it in the language of its address, and of its setting", async () => {
      await pages.client.publish("told", HUNT);
      const { page, watched } = await pages.page("/board/told?lang=de", WALL);
      await page.getByRole("heading", { name: "Der lange Kai" }).waitFor();
      await page.locator(".settings select").selectOption("en");
      await page.getByRole("heading", { name: "The long quay" }).waitFor();
      expectQuiet(watched);
    });

    test("[WEB-135] the pages have the hunt's look, in light and dark, and can be read", async () => {
      await worn("worn", 0);
      const { page, watched } = await pages.page("/play/worn", PHONE);
      await page.getByRole("heading", { name: "Harbour Nights" }).waitFor();
      for (const name of ["logo", "cover"]) {
        const image = page.locator(`.join-side img.${name}`);
        await expect.poll(() => image.evaluate((of: HTMLImageElement) => of.naturalWidth)).toBeGreaterThan(0);
      }
      const join = page.locator('form.join-form button[type="submit"]');
      const colour = () => join.evaluate((button) => getComputedStyle(button).backgroundColor);
      expect(await colour()).toBe("rgb(11, 92, 138)");
      await expectAccessible(page);
      await expectFits(page);
      await joinAs(page, "Ada");
      expect(await page.locator(".masthead img.logo").isVisible()).toBe(true);
      await expectAccessible(page);
      // Without the page's own HTML, as where there is no network, it is the same.
      expect(await page.evaluate(() => document.adoptedStyleSheets.length)).toBe(1);
      const board = await pages.page("/board/worn", WALL);
      await board.page.locator(".board-head img.logo").waitFor();
      await expectAccessible(board.page);
      expectQuiet(watched);
      expectQuiet(board.watched);
    });

    test("[WEB-201] before the start the board has the cover above the way in, on a wall and on a tablet", async () => {
      await worn("covered", 1, "draft");
      const { page, watched } = await pages.page("/board/covered", WALL);
      const cover = page.locator(".board-cover img.cover");
      await expect.poll(() => cover.evaluate((of: HTMLImageElement) => of.naturalWidth)).toBeGreaterThan(0);
      for (const viewport of [WALL.viewport, { width: 1_024, height: 600 }, { width: 820, height: 1_180 }]) {
        await page.setViewportSize(viewport);
        expect((await cover.boundingBox())?.height).toBeGreaterThan(60);
        const code = await page.locator(".board-qr").boundingBox();
        expect((code?.y ?? 0) + (code?.height ?? 0)).toBeLessThan(viewport.height);
        await expectFits(page);
      }
      await page.setViewportSize(WALL.viewport);
      await expectAccessible(page);
      expectQuiet(watched);
    });

    test.runIf(wantsPictures)("[WEB-11] three looks, in light and dark", async () => {
      for (const place of LOOKS.keys()) {
        const hunt = `look-${place}`;
        await worn(hunt, place);
        const { page } = await pages.page(`/play/${hunt}`, PHONE);
        await page.locator(".join-form").waitFor();
        const shots: Buffer[] = [];
        const shoot = async (of: Page): Promise<void> => {
          for (const theme of ["light", "dark"]) {
            await themed(of, theme);
            shots.push(await of.screenshot({ animations: "disabled" }));
          }
        };
        await page.waitForLoadState("networkidle");
        await shoot(page);
        await joinAs(page, "Ada");
        await page.locator("a[href='#clue/c7']").click();
        await page.getByText("An owl sits here.").waitFor();
        await shoot(page);
        for (const [index, name] of ["Night Owls", "Die Möwen", "Landratten", "Quay Keepers"].entries()) {
          const player = await pages.client.join(hunt, { name });
          for (let clue = 0; clue < 5 - index; clue += 1) {
            const event = { id: `e${clue}`, type: "answer" as const, clue: `c${clue}`, answer: "right" };
            await pages.client.playOne({ ...player, hunt }, event);
          }
        }
        const board = await pages.page(`/board/${hunt}`, WALL);
        await board.page.getByText("Quay Keepers").first().waitFor();
        await board.page.waitForLoadState("networkidle");
        await shoot(board.page);
        await picturesTogether(pages, shots, `look-${place + 1}`);
      }
    });
  },
);
