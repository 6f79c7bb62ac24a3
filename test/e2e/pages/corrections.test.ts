/** What organisers correct of teams, in the browser: a solve by hand, one taken back, two teams that become one. */
import type { BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { manyClues } from "../../contract/hunts.ts";
import { answer, DESK, expectAccessible, expectQuiet, joinAs, noBrowser, Pages, PHONE } from "./browser.ts";

const HUNT = "corrected";

let pages: Pages;
const contexts: BrowserContext[] = [];

describe.skipIf(noBrowser)("organisers correct", { timeout: 720_000 }, () => {
  beforeAll(async () => {
    pages = await Pages.start({ SHARDS_PER_REGION: "3" });
    await pages.client.publish(HUNT, manyClues(3, { teams: { mode: "teams", maxSize: 4 } }));
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });
  afterAll(() => pages?.stop());

  async function openConsole() {
    const opened = await pages.page("/organise", DESK);
    contexts.push(opened.page.context());
    await opened.page.locator("input[name=token]").fill(pages.token);
    await opened.page.locator("form.card button[type=submit]").click();
    await opened.page.locator(".hunt-cards").waitFor({ state: "attached" });
    await opened.page.goto(`/organise#${HUNT}/teams`);
    return opened;
  }

  test("[COR-1] [COR-2] [WEB-32] a clue is counted as solved and a solve is taken back in the console; the player's page follows", async () => {
    const { page } = await pages.page(`/play/${HUNT}`, PHONE);
    contexts.push(page.context());
    await joinAs(page, "Ada", { create: "Lanterns" });
    await page.getByRole("button", { name: "I have kept it" }).click();
    expect(await answer(page, "Clue 0", "right 0")).toBe("correct");

    const { page: console, watched } = await openConsole();
    const row = console.getByRole("row").filter({ hasText: "Lanterns" });
    const dialog = console.getByRole("dialog");
    await row.getByRole("button", { name: "Count as solved" }).click();
    await dialog.getByLabel("Clue", { exact: true }).selectOption({ label: "Clue 1" });
    await dialog.getByLabel("Reason (for the audit)").fill("the lamp was off");
    await expectAccessible(console);
    await dialog.getByRole("button", { name: "Count as solved" }).click();
    await row.getByRole("cell", { name: "20", exact: true }).waitFor();
    await row.getByRole("button", { name: "Take a solve back" }).click();
    await dialog.getByLabel("Clue", { exact: true }).selectOption({ label: "Clue 0" });
    await dialog.getByLabel("Reason (for the audit)").fill("another lamp");
    await dialog.getByRole("button", { name: "Take a solve back" }).click();
    await row.getByRole("cell", { name: "10", exact: true }).waitFor();
    expectQuiet(watched);

    // It is open again where it was just told to be right, and can be solved again.
    await page.getByLabel("Your answer").waitFor();
    expect(await page.locator(".verdict").count()).toBe(0);
    expect(await answer(page, "Clue 0", "right 0")).toBe("correct");
    await expect
      .poll(async () => {
        const told = await pages.client.organise<{ teams: { name: string; score: number }[] }>(
          "GET",
          `/v1/hunts/${HUNT}/teams`,
        );
        return told.body.teams.find(({ name }) => name === "Lanterns")?.score;
      })
      .toBe(20);
  });

  test("[WEB-81] two teams are merged in the console, which says before what that does; the players' pages go on", async () => {
    const first = await pages.client.team(HUNT, "First Boat");
    const second = await pages.client.team(HUNT, "Second Boat");
    await pages.client.playOne(second, { id: "1", type: "answer", clue: "c1", answer: "right 1" });
    const { page } = await pages.page(`/play/${HUNT}?join=${first.team.joinCode}`, PHONE);
    contexts.push(page.context());
    await joinAs(page, "Ben", { code: first.team.joinCode ?? "" });
    await page.getByRole("button", { name: "I have kept it" }).click();
    expect(await answer(page, "Clue 0", "right 0")).toBe("correct");

    const { page: console, watched } = await openConsole();
    const row = console.getByRole("row").filter({ hasText: first.team.id });
    await row.getByRole("button", { name: "Merge into another team" }).click();
    const dialog = console.getByRole("dialog");
    await dialog.getByText("This cannot be undone").waitFor();
    await dialog.getByLabel("Into the team").selectOption({ label: "Second Boat" });
    await dialog.getByLabel("Reason (for the audit)").fill("they joined twice");
    await expectAccessible(console);
    await dialog.getByRole("button", { name: "Merge", exact: true }).click();
    await row.waitFor({ state: "detached" });
    const merged = console.getByRole("row").filter({ hasText: second.team.id });
    await merged.filter({ hasText: "Ben" }).waitFor();
    await merged.getByRole("cell", { name: "20", exact: true }).waitFor();
    expectQuiet(watched);

    await page.locator(".toasts").getByText("You are in the team “Second Boat” now.").waitFor();
    await page.goto(`/play/${HUNT}#team`);
    await page.getByRole("heading", { name: "Second Boat" }).waitFor();
    await pages.client.verify(HUNT);
  });
});
