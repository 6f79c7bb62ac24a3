/** A request for help, in the browser: asked on the clue's page, answered in the console, heard at once. */
import type { BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, test } from "vitest";
import { manyClues } from "../../contract/hunts.ts";
import { answer, DESK, expectAccessible, expectQuiet, joinAs, noBrowser, Pages, PHONE } from "./browser.ts";

const HUNT = "helped";

let pages: Pages;
const contexts: BrowserContext[] = [];

describe.skipIf(noBrowser)("the help desk", { timeout: 720_000 }, () => {
  beforeAll(async () => {
    pages = await Pages.start({ SHARDS_PER_REGION: "2" });
    const help = { perTeam: 2, about: "anything" };
    await pages.client.publish(HUNT, manyClues(2, { help, teams: { mode: "teams", maxSize: 4 } }));
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });
  afterAll(() => pages?.stop());

  test("[WEB-91] a team asks on the clue's page; the console has a badge and answers; the solve closes it", async () => {
    const { page, watched: played } = await pages.page(`/play/${HUNT}`, PHONE);
    contexts.push(page.context());
    await joinAs(page, "Ada", { create: "Lanterns" });
    await page.getByRole("button", { name: "I have kept it" }).click();
    await page.goto(`/play/${HUNT}#clues`);
    await page.getByRole("link", { name: /Clue 0/ }).click();
    await page.getByLabel("What do you need help with here?").fill("The lamp is dark.");
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByText("Waiting for an answer.").waitFor();
    await expectAccessible(page);

    const { page: console, watched } = await pages.page("/organise", DESK);
    contexts.push(console.context());
    await console.locator("input[name=token]").fill(pages.token);
    await console.locator("form.card button[type=submit]").click();
    await console.locator(".hunt-cards").waitFor({ state: "attached" });
    await console.goto(`/organise#${HUNT}/live`);
    await console.getByText("one request waits").waitFor();
    await console.goto(`/organise#${HUNT}/help`);
    await console.getByRole("button", { name: /Lanterns/ }).click();
    await console.getByRole("button", { name: "Take it" }).click();
    await console.getByRole("button", { name: "Give it back" }).waitFor();
    await console.getByLabel("Your answer").fill("Somebody is on the way.");
    await expectAccessible(console);
    await console.getByRole("button", { name: "Answer", exact: true }).click();
    await page.locator(".toasts").getByText("Somebody is on the way.").waitFor();
    await page.getByText("Answered.").waitFor();
    await console.locator(".badge").waitFor({ state: "detached" });

    await page.getByLabel("Say more").fill("It is still dark.");
    await page.locator(".help").getByRole("button", { name: "Send" }).first().click();
    await page.getByText("Waiting for an answer.").waitFor();
    await answer(page, "Clue 0", "right 0");
    await page.getByText("Closed.").waitFor();
    expectQuiet(watched);
    expectQuiet(played);
  });
});
