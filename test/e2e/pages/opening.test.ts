/** An open page and the clock of its hunt: [LIVE-16] of SPEC.md. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { joinAs, noBrowser, Pages, PHONE } from "./browser.ts";

describe.skipIf(noBrowser)("the player page", { timeout: 360_000 }, () => {
  let pages: Pages;
  beforeAll(async () => {
    pages = await Pages.start();
  });
  afterAll(() => pages?.stop());

  test("[LIVE-16] shows a clue that opens by its time within 2 s of its moment, and nothing of it before", async () => {
    const quiz = { round: "r", kind: "answer", answers: ["right"], points: 10 };
    const moment = Date.now() + 20_000;
    await pages.client.publish("moments", {
      format: 1,
      title: "Moments",
      teams: { mode: "teams", maxSize: 4 },
      rounds: [{ id: "r", title: "R" }],
      clues: [
        { ...quiz, id: "first", title: "The first" },
        { ...quiz, id: "later", title: "The later", opens: { at: new Date(moment).toISOString() } },
      ],
    });
    const { page } = await pages.page("/play/moments", PHONE);
    await joinAs(page, "Ann", { create: "The Otters" });
    await page.goto("/play/moments#clues");
    await page.getByText("The first").waitFor();
    await page.waitForTimeout(Math.max(0, moment - 1_000 - Date.now()));
    expect(Date.now()).toBeLessThan(moment);
    expect(await page.content()).not.toContain("The later");
    await page.getByRole("link", { name: /The later/ }).waitFor({ timeout: 30_000 });
    expect(Date.now() - moment).toBeGreaterThan(0);
    expect(Date.now() - moment).toBeLessThan(2_000);
    await page.context().close();
  });
});
