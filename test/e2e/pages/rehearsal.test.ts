/** A rehearsal in the browser: made in the console, played on a page with a band, and removed; a clue previewed beside the editor. */
import type { BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { manyClues } from "../../contract/hunts.ts";
import {
  DESK,
  expectAccessible,
  expectFits,
  expectQuiet,
  joinAs,
  noBrowser,
  Pages,
  PHONE,
  WALL,
} from "./browser.ts";

const HUNT = "rehearsed";

let pages: Pages;
const contexts: BrowserContext[] = [];

describe.skipIf(noBrowser)("[REH-11] a rehearsal", { timeout: 720_000 }, () => {
  beforeAll(async () => {
    pages = await Pages.start({ SHARDS_PER_REGION: "1" });
    const opens = new Date(Date.now() + 30 * 86_400_000).toISOString();
    await pages.client.publish(HUNT, manyClues(2, { opens, title: "The Evening" }), "draft");
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });
  afterAll(() => pages?.stop());

  async function signedIn(hash: string, look: object = DESK, lang = "en") {
    const opened = await pages.page(`/organise?lang=${lang}`, look);
    contexts.push(opened.page.context());
    await opened.page.locator("input[name=token]").fill(pages.token);
    await opened.page.locator("form.card button[type=submit]").click();
    await opened.page.locator(".hunt-cards").waitFor({ state: "attached" });
    await opened.page.goto(`/organise?lang=${lang}#${hash}`);
    return opened;
  }

  test("is made, opened and removed in the console; its pages have a band", async () => {
    const { page: console, watched } = await signedIn(`${HUNT}/data`);
    await console.getByRole("button", { name: "Rehearse", exact: true }).click();
    const at = new Date(Date.now() + 30 * 86_400_000 + 3_600_000);
    const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
    await console.getByLabel(/What time it is there/).fill(local);
    await console.getByRole("dialog").getByRole("button", { name: "Rehearse" }).click();
    await console.getByText(`The rehearsal ${HUNT}-rehearsal is there.`).waitFor();
    await expectAccessible(console);
    const link = await console.getByRole("link", { name: "Console of the rehearsal" }).getAttribute("href");

    const { page, watched: played } = await pages.page(`/play/${HUNT}-rehearsal?lang=de`, PHONE);
    contexts.push(page.context());
    await page.getByText("Probe: Hier zählt nichts.").waitFor();
    await expectAccessible(page);
    await page.goto(`/play/${HUNT}-rehearsal?lang=en`);
    await joinAs(page, "Ada", { create: "Lanterns" });
    await page.getByText("Rehearsal: nothing here counts.").waitFor();
    // It stays in sight.
    await page.mouse.wheel(0, 2_000);
    await expect.poll(() => page.locator(".rehearsal-band").boundingBox()).toMatchObject({ y: 0 });
    await page.goto(`/play/${HUNT}-rehearsal?lang=en#clues`);
    // It is open there, a month before the hunt is.
    await page.getByRole("link", { name: /Clue 0/ }).waitFor();
    await expectAccessible(page);
    await expectFits(page);

    const { page: board } = await pages.page(`/board/${HUNT}-rehearsal`, WALL);
    contexts.push(board.context());
    await board.getByText("Rehearsal: nothing here counts.").waitFor();
    await expectFits(board);

    const { page: own } = await pages.page(link ?? "", DESK);
    contexts.push(own.context());
    await own.getByRole("link", { name: /The Evening/ }).click();
    await own.getByText("Rehearsal: nothing here counts.").first().waitFor();

    await console.getByRole("button", { name: "Remove the rehearsal" }).click();
    await console.getByRole("dialog").getByRole("button", { name: "Remove the rehearsal" }).click();
    await console.getByText("The rehearsal is gone.").waitFor({ timeout: 90_000 });
    expectQuiet(watched);
    expectQuiet(played);
  });

  test("[REH-10] a clue is shown beside the editor, and a try says why", async () => {
    const { page, watched } = await signedIn(`${HUNT}/edit/text`, PHONE, "de");
    const pane = page.locator(".preview");
    await pane.getByRole("heading", { name: /Clue 0/ }).waitFor({ timeout: 90_000 });
    await pane.getByLabel("Rätsel").selectOption("c1");
    await pane.getByRole("heading", { name: /Clue 1/ }).waitFor();
    await pane.getByLabel("Antwort ausprobieren").fill("RIGHT, 1");
    await pane.getByRole("button", { name: "Ausprobieren" }).click();
    await pane.getByText("Groß- und Kleinschreibung").waitFor();
    await pane.getByLabel("Antwort ausprobieren").fill("wrong");
    await pane.getByRole("button", { name: "Ausprobieren" }).click();
    await pane.locator(".note.bad").waitFor();
    await expectAccessible(page);
    await expectFits(page);
    expect(await pane.getByRole("listitem").count()).toBeGreaterThan(0);
    expectQuiet(watched);
  });
});
