/** Running a team in the browser: captain's tools, leaving, being removed, brackets. */
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { manyClues } from "../../contract/hunts.ts";
import { expectAccessible, expectFits, joinAs, noBrowser, Pages, PHONE } from "./browser.ts";

let pages: Pages;

describe.skipIf(noBrowser)("[TE-21] running a team in the player page", { timeout: 720_000 }, () => {
  beforeAll(async () => {
    pages = await Pages.start();
  });
  afterEach(() => pages.closeContexts());
  afterAll(() => pages?.stop());

  async function joined(path: string, name: string, team?: string): Promise<Page> {
    const { page } = await pages.page(path, PHONE);
    // Whatever is asked is meant.
    page.on("dialog", (dialog) => void dialog.accept());
    await joinAs(page, name, team === undefined ? {} : { create: team });
    return page;
  }

  test("the captain renames, makes a code, hands over; a mate leaves and another is removed", async () => {
    const brackets = [
      { id: "young", title: "Young" },
      { id: "old", title: "Old" },
    ];
    await pages.client.publish("run", manyClues(2, { teams: { mode: "teams", maxSize: 4 }, brackets }));
    const captain = await joined("/play/run", "Ann", "Owls");
    await captain.goto("/play/run#team");
    const codeOf = async (): Promise<string> => (await captain.locator(".invite .code").innerText()).trim();
    const code = await codeOf();
    const ben = await joined(`/play/run?join=${code}`, "Ben");
    const cleo = await joined(`/play/run?join=${code}`, "Cleo");
    await captain.getByText("Cleo").waitFor();
    await captain.getByText("Run the team").click();
    await captain.getByLabel("Team's name").fill("Night Owls");
    await captain.getByLabel("Bracket").selectOption("old");
    await captain.getByRole("button", { name: "Save" }).click();
    await captain.getByRole("heading", { name: "Night Owls" }).waitFor();
    await captain.getByRole("button", { name: "Make a new code" }).click();
    await expect.poll(codeOf).not.toBe(code);
    await expectAccessible(captain);
    await captain
      .getByRole("listitem")
      .filter({ hasText: "Cleo" })
      .getByRole("button", { name: "Remove" })
      .click();
    await cleo.locator('input[name="name"]').waitFor();
    await captain
      .getByRole("listitem")
      .filter({ hasText: "Ben" })
      .getByRole("button", { name: "Make captain" })
      .click();
    await ben.goto("/play/run#team");
    await ben.getByText("Run the team").waitFor();
    await captain.getByText("Run the team").waitFor({ state: "detached" });
    await captain.getByRole("button", { name: "Leave the team" }).click();
    await captain.locator('input[name="name"]').waitFor();
    await ben.getByText("Ann").waitFor({ state: "detached" });
    await ben.goto("/play/run#standings");
    await ben.getByText("Young", { exact: true }).click();
    await ben.locator(".standings tbody tr").waitFor({ state: "detached" });
    await ben.getByText("Old", { exact: true }).click();
    await ben.locator(".standings tbody tr").filter({ hasText: "Night Owls" }).waitFor();
    await expectAccessible(ben);
    await expectFits(ben);
    await pages.client.verify("run");
  });
});
