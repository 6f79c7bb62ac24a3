/** Brackets one can see: chosen at joining, in the standings and on the board, changed by an organiser. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { manyClues } from "../../contract/hunts.ts";
import {
  answer,
  DESK,
  expectAccessible,
  expectFits,
  expectQuiet,
  joinAs,
  noBrowser,
  Pages,
  WALL,
} from "./browser.ts";

const BRACKETS = [
  { id: "young", title: "Under 18" },
  { id: "old", title: "Over 18" },
];

describe.skipIf(noBrowser)("[WEB-65] brackets", { timeout: 360_000 }, () => {
  let pages: Pages;
  beforeAll(async () => {
    pages = await Pages.start({ LOOKUP_NEGATIVE_MS: "1000" });
  });
  afterEach(() => pages.closeContexts());
  afterAll(() => pages?.stop());

  test("who plays alone chooses one, sees its places and the own one in it; an organiser puts it right", async () => {
    await pages.client.publish("alone", manyClues(3, { teams: { mode: "solo" }, brackets: BRACKETS }));
    const { page, watched } = await pages.page("/play/alone");
    await joinAs(page, "Ann", { bracket: "old" });
    const other = await pages.page("/play/alone");
    await joinAs(other.page, "Ben", { bracket: "young" });
    expect(await answer(page, "Clue 0", "right 0")).toBe("correct");
    expect(await answer(page, "Clue 1", "right 1")).toBe("correct");
    expect(await answer(other.page, "Clue 0", "right 0")).toBe("correct");
    await other.page.goto("/play/alone#team");
    await other.page.getByText("Place 1 in Under 18").waitFor();
    await other.page.goto("/play/alone#standings");
    const rows = other.page.locator(".standings tbody tr");
    await rows.filter({ hasText: "Ann" }).waitFor();
    await other.page.getByRole("group", { name: "Bracket" }).getByText("Under 18").click();
    await rows.filter({ hasText: "Ann" }).waitFor({ state: "detached" });
    expect(await rows.allInnerTexts()).toHaveLength(1);
    await expectAccessible(other.page);
    await expectFits(other.page);

    const console_ = await pages.page(`/organise#token=${pages.token}`, DESK);
    await console_.page.getByText("Many Clues").first().waitFor();
    await console_.page.goto("/organise#alone/teams");
    const row = console_.page.locator("tr", { hasText: "Ben" });
    await row.getByRole("button", { name: "Name, bracket" }).click();
    const dialog = console_.page.getByRole("dialog");
    await dialog.getByLabel("Bracket").selectOption("old");
    await dialog.getByLabel("Reason").fill("of age since Monday");
    await dialog.getByRole("button", { name: "Name, bracket" }).click();
    await row.getByText("done").waitFor();
    await other.page.getByRole("group", { name: "Bracket" }).getByText("Over 18").click();
    await rows.filter({ hasText: "Ben" }).waitFor();
    await expect.poll(async () => (await rows.allInnerTexts())[0]).toContain("Ann");
    await other.page.goto("/play/alone#team");
    await other.page.getByText("Place 2 in Over 18").waitFor();
    for (const each of [watched, other.watched, console_.watched]) expectQuiet(each);
  });

  test("[REG-1] who is registered and leaves it open has the bracket of the registration", async () => {
    const players = { require: "registered" };
    await pages.client.publish(
      "members",
      manyClues(1, { players, brackets: BRACKETS, teams: { mode: "solo" } }),
    );
    const registered = await pages.client.call("POST", "/v1/registrations", {
      token: pages.token,
      type: "application/x-ndjson",
      body: '{"externalId":"C-1","bracket":"old"}\n',
    });
    expect(registered.status, registered.text).toBe(202);
    const { page, watched } = await pages.page("/play/members#id=C-1");
    expect(await page.getByLabel("Bracket").inputValue()).toBe("");
    await page.getByLabel("Your name").fill("Ann");
    // The registration is on its way to the origin.
    await expect
      .poll(
        async () => {
          const joining = page.getByRole("button", { name: "Join", exact: true });
          if ((await joining.count()) > 0) await joining.click();
          await page.waitForTimeout(1_000);
          return page.locator("nav.tabs").count();
        },
        { timeout: 180_000, interval: 1_000 },
      )
      .toBe(1);
    await page.goto("/play/members#team");
    await page.reload();
    await page.getByText("Place 1 in Over 18").waitFor();
    expectQuiet(watched);
  });

  test("the board has a tab for each; the one that is shown is in the address", async () => {
    await pages.client.publish("walls", manyClues(2, { brackets: BRACKETS }));
    for (const [create, bracket] of [
      ["Owls", "old"],
      ["Gulls", "young"],
    ] as const) {
      await pages.client.join("walls", { name: create, team: { create, bracket } });
    }
    const { page, watched } = await pages.page("/board/walls", WALL);
    await page.locator(".places tbody tr").nth(1).waitFor();
    const tabs = page.getByRole("group", { name: "Bracket" });
    await tabs.getByRole("button", { name: "Under 18" }).click();
    await page.locator(".places tbody tr", { hasText: "Owls" }).waitFor({ state: "detached" });
    await page.locator(".places tbody tr", { hasText: "Gulls" }).waitFor();
    expect(await tabs.getByRole("button", { name: "Under 18" }).getAttribute("aria-pressed")).toBe("true");
    expect(new URL(page.url()).search).toBe("?bracket=young");
    await expectAccessible(page);
    await page.reload();
    await page.locator(".places tbody tr", { hasText: "Gulls" }).waitFor();
    expect(await page.locator(".places tbody tr", { hasText: "Owls" }).count()).toBe(0);
    await tabs.getByRole("button", { name: "All teams" }).click();
    await page.locator(".places tbody tr", { hasText: "Owls" }).waitFor();
    expect(new URL(page.url()).search).toBe("");
    await page.goto("/board/walls?bracket=nobodys");
    await page.locator(".places tbody tr").nth(1).waitFor();
    expectQuiet(watched);
  });

  test("[WEB-126] after the end the places go on paper: all of them, or a bracket's, black on white", async () => {
    await pages.client.publish("paper", manyClues(1, { teams: { mode: "teams" }, brackets: BRACKETS }));
    for (const [create, bracket] of [
      ["Owls", "old"],
      ["Gulls", "young"],
      ["Bats", "old"],
    ] as const) {
      await pages.client.join("paper", { name: create, team: { create, bracket } });
    }
    await pages.client.setPhase("paper", "ended");
    const context = await pages.context({ ...WALL, locale: "de-DE" });
    await context.addInitScript(() => {
      window.print = () => document.documentElement.setAttribute("data-printed", "yes");
    });
    const page = await context.newPage();
    const watched = pages.watch(page);
    await page.goto("/board/paper");
    await page.getByRole("button", { name: "Plätze drucken" }).click();
    await page.locator("html[data-printed]").waitFor();
    // On the screen nothing changes.
    expect(await page.locator(".paper").isVisible()).toBe(false);
    await page.emulateMedia({ media: "print" });
    expect(await page.locator(".board").isVisible()).toBe(false);
    const rows = page.locator(".paper tbody tr");
    expect(await rows.allInnerTexts()).toHaveLength(3);
    expect(await page.locator(".paper").innerText()).toContain("Stand: ");
    expect(
      await rows
        .first()
        .evaluate((row) => [
          getComputedStyle(row.children[1] ?? row).color,
          getComputedStyle(document.documentElement).backgroundColor,
        ]),
    ).toEqual(["rgb(0, 0, 0)", "rgb(255, 255, 255)"]);
    await page.evaluate(() => window.dispatchEvent(new Event("afterprint")));
    await page.locator(".paper").waitFor({ state: "detached" });
    await page.emulateMedia({ media: "screen" });
    await page.getByRole("button", { name: "Under 18" }).click();
    await page.locator(".places tbody tr", { hasText: "Owls" }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Plätze drucken" }).click();
    await page.emulateMedia({ media: "print" });
    await rows.first().waitFor();
    expect(await rows.allInnerTexts()).toHaveLength(1);
    expect(await page.locator(".paper").innerText()).toContain("Under 18");
    await page.evaluate(() => window.dispatchEvent(new Event("afterprint")));
    // By the browser's own menu as well.
    await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
    await rows.first().waitFor();
    expectQuiet(watched);
  });
});
