/** A team of six that becomes two, in the browser: an organiser moves three, and their pages go on. */
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { TeamsMade } from "../../../src/contract/team.ts";
import type { Player } from "../../contract/client.ts";
import { manyClues } from "../../contract/hunts.ts";
import { answer, DESK, expectAccessible, expectQuiet, joinAs, noBrowser, Pages, PHONE } from "./browser.ts";

const HUNT = "split";

let pages: Pages;

describe.skipIf(noBrowser)("[WEB-80] a team of six becomes two", { timeout: 720_000 }, () => {
  beforeAll(async () => {
    pages = await Pages.start({ SHARDS_PER_REGION: "3" });
  });
  afterEach(() => pages.closeContexts());
  afterAll(() => pages?.stop());

  async function playing(name: string, code: string) {
    const opened = await pages.page(`/play/${HUNT}?join=${code}`, PHONE);
    await joinAs(opened.page, name, { code });
    await opened.page.getByRole("button", { name: "I have kept it" }).click();
    return { name, ...opened };
  }

  const teamOf = (page: Page): Promise<string> => page.locator("h1 bdi").first().innerText();

  test("three are moved in the console; their pages go on in the new team, without joining again", async () => {
    await pages.client.publish(HUNT, manyClues(3, { teams: { mode: "teams", maxSize: 6 } }));
    const made = await pages.client.call<TeamsMade>("PUT", `/v1/hunts/${HUNT}/teams`, {
      token: pages.token,
      body: "name\nSecond Boat\n",
      type: "text/csv",
    });
    expect(made.body.teams).toHaveLength(1);
    const captain = await pages.client.team(HUNT, "First Boat");
    const code = captain.team.joinCode ?? "";
    const staying: Player[] = [captain];
    for (const name of ["Ben", "Cleo"]) {
      staying.push(await pages.client.join(HUNT, { name, team: { join: code } }));
    }
    const moved = [];
    for (const name of ["Dora", "Eli", "Fay"]) moved.push(await playing(name, code));
    const [dora, eli, fay] = moved as [
      (typeof moved)[number],
      (typeof moved)[number],
      (typeof moved)[number],
    ];
    expect(await answer(dora.page, "Clue 0", "right 0")).toBe("correct");
    const first = await codeOfPlayer(dora.page);
    // What was typed without a network waits, and counts for the team that the player is in then.
    await fay.page.context().setOffline(true);
    await fay.page.goto(fay.page.url().replace(/#.*|$/, "#clues"));
    await fay.page.getByRole("link", { name: /Clue 1/ }).click();
    await fay.page.getByLabel("Your answer").fill("right 1");
    await fay.page.getByRole("button", { name: "Check" }).click();

    const { page: console, watched } = await pages.page("/organise", DESK);
    await console.locator("input[name=token]").fill(pages.token);
    await console.locator("form.card button[type=submit]").click();
    await console.locator(".hunt-cards").waitFor({ state: "attached" });
    await console.goto(`/organise#${HUNT}/teams`);
    for (const { name } of moved) {
      const row = console.getByRole("row").filter({ hasText: captain.team.id });
      await row.getByRole("button", { name: new RegExp(name) }).waitFor();
      await row.getByRole("button", { name: "Move a player", exact: true }).click();
      const dialog = console.getByRole("dialog");
      await dialog.getByLabel("Player", { exact: true }).selectOption({ label: name });
      await dialog.getByLabel("To the team").selectOption({ label: "Second Boat" });
      await dialog.getByLabel("Reason (for the audit)").fill("a team of six becomes two");
      if (name === "Dora") await expectAccessible(console);
      await dialog.getByRole("button", { name: "Move a player", exact: true }).click();
      await dialog.waitFor({ state: "hidden" });
    }
    const rows = console.getByRole("row");
    await rows
      .filter({ hasText: "Second Boat" })
      .filter({ hasText: "Dora" })
      .filter({ hasText: "Fay" })
      .waitFor();
    await rows.filter({ hasText: captain.team.id }).filter({ hasNotText: "Dora" }).waitFor();
    expectQuiet(watched);

    await dora.page.locator(".toasts").getByText("You are in the team “Second Boat” now.").waitFor();
    for (const { page } of [dora, eli]) {
      await page.goto(`/play/${HUNT}#team`);
      await page.getByRole("heading", { name: "Second Boat" }).waitFor();
      await page.locator(".members").getByText("Fay", { exact: true }).waitFor();
    }
    await expectAccessible(dora.page);
    expect(await teamOf(dora.page)).toBe("Second Boat");
    expect(await codeOfPlayer(dora.page)).not.toBe(first);
    await fay.page.context().setOffline(false);
    // What the old team solved is not the new one's; what waited is.
    expect(await answer(eli.page, "Clue 0", "right 0")).toBe("correct");
    await eli.page.goto(`/play/${HUNT}#clues`);
    await expect.poll(async () => (await pages.client.me(captain)).team.solves).toBe(1);
    const { body } = await pages.client.organise<{ teams: { name: string; solves: number }[] }>(
      "GET",
      `/v1/hunts/${HUNT}/teams`,
    );
    await expect
      .poll(async () => {
        const told = await pages.client.organise<typeof body>("GET", `/v1/hunts/${HUNT}/teams`);
        return told.body.teams.find(({ name }) => name === "Second Boat")?.solves;
      })
      .toBe(2);
    // A reload goes on as well.
    await eli.page.reload();
    await eli.page.goto(`/play/${HUNT}#team`);
    await eli.page.getByRole("heading", { name: "Second Boat" }).waitFor();
    for (const each of moved) expectQuiet(each.watched);
    for (const player of staying) {
      expect((await pages.client.me(player)).team.members.map(({ name }) => name)).toEqual([
        captain.name,
        "Ben",
        "Cleo",
      ]);
    }
    await pages.client.verify(HUNT);
  });

  /** The player's way back, as its page shows it. */
  async function codeOfPlayer(page: Page): Promise<string> {
    await page.goto(`/play/${HUNT}#team`);
    return (await page.locator(".way-back .code").innerText()).trim();
  }
});
