/** A hunt in two languages, with many clues: [TEXT-9] of SPEC.md. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { expectFits, expectQuiet, joinAs, noBrowser, Pages, PHONE } from "./browser.ts";

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
  },
);
