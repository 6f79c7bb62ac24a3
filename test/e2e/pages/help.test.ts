/** What organisers say to teams, in the browser: a request for help, answered in the console and heard at once; announcements. */
import type { BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { manyClues } from "../../contract/hunts.ts";
import {
  answer,
  DESK,
  expectAccessible,
  expectQuiet,
  joinAs,
  noBrowser,
  Pages,
  PHONE,
  WALL,
} from "./browser.ts";

const HUNT = "helped";

let pages: Pages;
const contexts: BrowserContext[] = [];

describe.skipIf(noBrowser)("what organisers say", { timeout: 720_000 }, () => {
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

  test("[WEB-200] an announcement is changed, taken back, put off, given to some; a correction stays at its clue; the board shows what all are told", async () => {
    const rowers = await pages.client.team(HUNT, "Rowers");
    const gulls = await pages.client.team(HUNT, "Gulls");
    const { page, watched: played } = await pages.page(`/play/${HUNT}`, { ...PHONE, locale: "de-DE" });
    const { page: board, watched: shown } = await pages.page(`/board/${HUNT}`, WALL);
    const { page: console, watched } = await pages.page("/organise", { ...DESK, locale: "de-DE" });
    contexts.push(page.context(), board.context(), console.context());
    await joinAs(page, "Bea", { create: "Möwen" });
    await page.goto(`/play/${HUNT}#news`);
    await console.locator("input[name=token]").fill(pages.token);
    await console.locator("form.card button[type=submit]").click();
    await console.locator(".hunt-cards").waitFor({ state: "attached" });
    await console.goto(`/organise#${HUNT}/live`);
    const form = console.locator("form.announce");
    const dialog = console.getByRole("dialog");
    const news = board.locator(".board-news");
    const told = (text: string) => page.locator("article", { hasText: text });
    const toldTo = async (player: typeof rowers): Promise<string[]> =>
      (await pages.client.me(player)).announcements.map(({ text }) => text);
    const announce = async (text: string): Promise<void> => {
      await form.locator("[name=text]").fill(text);
      await form.getByRole("button", { name: "Senden" }).click();
      await form.locator(".announced", { hasText: text }).waitFor();
    };

    await announce("Die Mole schließt um **zehn**.");
    await told("um zehn").waitFor();
    await news.getByText("zehn").waitFor();
    await form.getByRole("button", { name: "Ändern" }).first().click();
    await dialog.locator("[name=text]").fill("Die Mole schließt um **elf**.");
    await dialog.locator("[name=reason]").fill("Der Hafenmeister war nett");
    await dialog.locator("button[type=submit]").click();
    await told("um elf").waitFor();
    await told("geändert").waitFor();
    await news.getByText("elf").waitFor();
    await told("um zehn").waitFor({ state: "detached" });
    await expectAccessible(console);
    await form.getByRole("button", { name: "Zurücknehmen" }).first().click();
    await dialog.locator("[name=reason]").fill("Sie bleibt offen");
    await dialog.locator("button[type=submit]").click();
    await told("um elf").waitFor({ state: "detached" });
    await expect.poll(() => news.innerText()).toBe("");

    await form.getByLabel("An wen").selectOption("teams");
    await form.locator("[name=teams]").fill(`${rowers.team.id}\n${gulls.team.id}`);
    await announce("Nur für zwei Boote.");
    await form.getByText("2 Teams").waitFor();
    await expect.poll(() => toldTo(rowers)).toContain("Nur für zwei Boote.");
    await form.getByLabel("An wen").selectOption("unsolved");
    await form.locator("[name=unsolved]").selectOption({ label: "Clue 1" });
    await announce("Für alle ohne das zweite Rätsel.");
    await told("ohne das zweite").waitFor();

    const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 16);
    await form.locator("[name=at]").fill(tomorrow);
    await announce("Erst morgen.");
    await form.getByText("geht hinaus").waitFor();
    await expectAccessible(console);
    await form.getByRole("button", { name: "Zurücknehmen" }).first().click();
    await dialog.locator("[name=reason]").fill("doch nicht");
    await dialog.locator("button[type=submit]").click();
    await form.getByText("Erst morgen.").waitFor({ state: "detached" });

    await form.locator("[name=clue]").selectOption({ label: "Clue 1" });
    await form.locator("[name=erratum]").check();
    await announce("Die Lampe ist *rot*, nicht grün.");
    await page.goto(`/play/${HUNT}#clue/c1`);
    await page.locator(".erratum", { hasText: "Die Lampe ist rot" }).waitFor();
    await expectAccessible(page);
    const late = await pages.client.team(HUNT, "Late");
    const { clues, announcements } = await pages.client.me(late);
    expect(clues.find(({ id }) => id === "c1")?.errata?.map(({ text }) => text)).toEqual([
      "Die Lampe ist *rot*, nicht grün.",
    ]);
    expect(announcements.map(({ text }) => text)).not.toContain("Nur für zwei Boote.");

    // What some are told is not for the wall.
    await announce("An alle: Es geht weiter.");
    await news.getByText("Es geht weiter").waitFor();
    expect(await toldTo(rowers)).not.toContain("Erst morgen.");
    await page.goto(`/play/${HUNT}#news`);
    await told("Es geht weiter").waitFor();
    expect(await told("Nur für zwei Boote").count()).toBe(0);
    for (const each of [played, watched, shown]) expectQuiet(each);
  });
});
