/** A wrong answer that many teams give: offered in the console, said with one click, in German at a phone's width. */
import type { BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { manyClues } from "../../contract/hunts.ts";
import { expectAccessible, expectQuiet, noBrowser, Pages, PHONE } from "./browser.ts";

const HUNT = "offered";

let pages: Pages;
const contexts: BrowserContext[] = [];

describe.skipIf(noBrowser)("the nudge that writes itself", { timeout: 720_000 }, () => {
  beforeAll(async () => {
    pages = await Pages.start();
    await pages.client.publish(HUNT, manyClues(2));
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });
  afterAll(() => pages?.stop());

  test("[WEB-106] offered, shown, said, and offered no more; after a regrade the teams that moved are told", async () => {
    const { client } = pages;
    const teams = await Promise.all(["A", "B", "C", "D", "E"].map((name) => client.team(HUNT, name)));
    for (const player of teams) {
      await client.playOne(player, { id: "w", type: "answer", clue: "c0", answer: "lighthouse keeper" });
    }
    const { page, watched } = await pages.page("/organise", { ...PHONE, locale: "de-DE" });
    contexts.push(page.context());
    await page.locator("input[name=token]").fill(pages.token);
    await page.locator("form.card button[type=submit]").click();
    await page.locator(".hunt-cards").waitFor({ state: "attached" });
    await page.goto(`/organise#${HUNT}/live`);
    const offer = page.locator(".nudge-offer");
    await offer.getByText("5 Teams antworten „lighthouse keeper“: etwas dazu sagen?").waitFor();
    await offer.getByRole("button", { name: "Etwas sagen" }).click();
    const dialog = page.locator("dialog[open]");
    await dialog.getByText("5 Teams, die so geantwortet und das Rätsel nicht gelöst haben").waitFor();
    await expectAccessible(page);
    await dialog.locator("[name=say]").fill("Fast: Wer wohnt darunter?");
    await dialog.getByRole("button", { name: "Etwas sagen" }).click();
    await page.getByText("Version 2 sagt es. 5 Teams haben ihre Versuche zurück.").waitFor();
    await offer.waitFor({ state: "detached" });
    const [first] = teams;
    if (!first) throw new Error("no team");
    const again = { id: "x", type: "answer", clue: "c0", answer: "Lighthouse Keeper" } as const;
    expect(await client.playOne(first, again)).toMatchObject({
      outcome: "nudge",
      message: "Fast: Wer wohnt darunter?",
    });
    expect((await client.me(first)).announcements[0]?.text).toContain("lighthouse keeper");

    const definition = manyClues(2) as { clues: { answers: string[] }[] };
    definition.clues[0]?.answers.push("lighthouse keeper");
    const published = await client.organise("PUT", `/v1/hunts/${HUNT}`, definition);
    expect(published.status, published.text).toBe(200);
    await page.goto(`/organise#${HUNT}/data`);
    await page.getByRole("button", { name: "Eingaben neu bewerten" }).click();
    await dialog.locator("[name=reason]").fill("der Schlüssel war falsch");
    await dialog.locator("button[type=submit]").click();
    await page.getByRole("button", { name: "Den 5 betroffenen Teams Bescheid geben" }).click();
    await dialog.locator("button[type=submit]").click();
    await expect
      .poll(async () => (await client.me(first)).announcements.map(({ text }) => text).join("\n"), {
        timeout: 60_000,
      })
      .toContain("Wir haben korrigiert");
    expectQuiet(watched);
  });
});
