/** What teams type, in the browser: the team's own list, and what organisers see of it. */
import type { BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, test } from "vitest";
import { manyClues } from "../../contract/hunts.ts";
import { answer, DESK, expectAccessible, expectQuiet, joinAs, noBrowser, Pages, PHONE } from "./browser.ts";

const HUNT = "typed";

let pages: Pages;
const contexts: BrowserContext[] = [];

describe.skipIf(noBrowser)("what teams type", { timeout: 720_000 }, () => {
  beforeAll(async () => {
    pages = await Pages.start({ SHARDS_PER_REGION: "2" });
    await pages.client.publish(HUNT, manyClues(2, { teams: { mode: "teams", maxSize: 4 } }));
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });
  afterAll(() => pages?.stop());

  test("[WEB-90] a team reads what it has tried; the organiser sees it come, by team and by number of teams", async () => {
    const { page, watched: played } = await pages.page(`/play/${HUNT}`, PHONE);
    contexts.push(page.context());
    await joinAs(page, "Ada", { create: "Lanterns" });
    await page.getByRole("button", { name: "I have kept it" }).click();
    await answer(page, "Clue 0", "lighthouse keeper");
    await page.getByText("What your team has tried").click();
    const tried = page.locator(".guesses");
    await tried.getByText("lighthouse keeper").waitFor();
    await tried.getByText("Ada").waitFor();
    await expectAccessible(page);
    const other = await pages.client.team(HUNT, "Rowers");
    await pages.client.playOne(other, { id: "1", type: "answer", clue: "c0", answer: "Lighthouse Keeper" });

    const { page: console, watched } = await pages.page("/organise", DESK);
    contexts.push(console.context());
    await console.locator("input[name=token]").fill(pages.token);
    await console.locator("form.card button[type=submit]").click();
    await console.locator(".hunt-cards").waitFor({ state: "attached" });
    await console.goto(`/organise#${HUNT}/feed`);
    await console
      .getByRole("row")
      .filter({ hasText: "Rowers" })
      .filter({ hasText: "Lighthouse Keeper" })
      .waitFor();
    await console.locator("select[name=clue]").selectOption({ label: "Clue 0" });
    const wrong = console.getByRole("region", { name: /Wrong answers/ });
    await wrong
      .getByRole("row")
      .filter({ hasText: /lighthouse keeper/i })
      .getByText("2")
      .first()
      .waitFor();
    await expectAccessible(console);
    // It goes on by itself.
    await pages.client.playOne(other, { id: "2", type: "answer", clue: "c0", answer: "the moon" });
    const moon = console.getByRole("row").filter({ hasText: "the moon" });
    await moon.first().waitFor();
    await console.getByRole("link", { name: "Lanterns" }).first().click();
    await console.getByRole("heading", { name: "Events of Lanterns" }).waitFor();
    await console.getByRole("button", { name: "Award", exact: true }).waitFor();
    await moon.waitFor({ state: "detached" });
    await console.getByRole("button", { name: "View as team" }).click();
    const dialog = console.getByRole("dialog");
    await dialog.getByLabel("Reason (for the audit)").fill("they say that nothing is open");
    await dialog.getByRole("button", { name: "View as team" }).click();
    const view = console.getByRole("region", { name: "What Lanterns sees" });
    await view.getByText("Clue 1").waitFor();
    await expectAccessible(console);
    await view.getByRole("button", { name: "Close the view" }).click();
    await view.waitFor({ state: "detached" });
    expectQuiet(watched);
    expectQuiet(played);
  });
});
