/** The hunt played beforehand in the console, and the real one held beside it. */
import type { BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { manyClues } from "../../contract/hunts.ts";
import { DESK, expectAccessible, expectQuiet, noBrowser, Pages, PHONE } from "./browser.ts";

const HUNT = "foretold";

let pages: Pages;
const contexts: BrowserContext[] = [];

describe.skipIf(noBrowser)("organisers simulate", { timeout: 720_000 }, () => {
  beforeAll(async () => {
    pages = await Pages.start();
    await pages.client.publish(HUNT, manyClues(3, { teams: { mode: "teams", maxSize: 4 } }));
  }, 540_000);
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });
  afterAll(() => pages?.stop());

  test("[SIM-8] a hunt is simulated in the page's worker; a clue that all real teams solve at once is named", async () => {
    const { page, watched } = await pages.page("/organise", DESK);
    contexts.push(page.context());
    await page.locator("input[name=token]").fill(pages.token);
    await page.locator("form.card button[type=submit]").click();
    await page.locator(".hunt-cards").waitFor({ state: "attached" });
    for (let team = 0; team < 6; team += 1) {
      const player = await pages.client.team(HUNT, `Team ${team}`);
      await pages.client.playOne(player, { id: "e1", type: "answer", clue: "c0", answer: "right 0" });
    }
    await page.goto(`/organise#${HUNT}/simulate`);
    await page.getByLabel("Minutes a middling team needs for a clue").fill("60");
    await page.getByLabel("Teams", { exact: true }).fill("30");
    await page.getByRole("button", { name: "Simulate", exact: true }).click();
    await page.getByRole("heading", { name: "20 times 30 teams" }).waitFor({ timeout: 180_000 });
    await page.getByRole("row").filter({ hasText: "Come and play" }).waitFor();
    await page.locator(".strays li").filter({ hasText: "Clue 0" }).filter({ hasText: "100%" }).waitFor();
    expect(await page.locator(".strays li").filter({ hasText: "Clue 1" }).count()).toBe(0);
    await page.getByRole("img", { name: "Solves of Clue 0 over time" }).waitFor();
    await expectAccessible(page);
    await page.setViewportSize(PHONE.viewport);
    await expectAccessible(page);
    expectQuiet(watched);
  });
});
