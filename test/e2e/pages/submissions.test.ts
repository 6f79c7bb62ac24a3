/** A photo task in the browser: sent from the player's page, judged in the console, heard at once. */
import type { BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, test } from "vitest";
import { png } from "../../assets/files.ts";
import { DESK, expectAccessible, expectQuiet, joinAs, noBrowser, Pages, PHONE } from "./browser.ts";

const HUNT = "photographed";

const definition = {
  format: 1,
  title: "Photos",
  teams: { mode: "teams", maxSize: 4 },
  clues: [{ id: "pyramid", title: "Pyramid", kind: "submission", accept: ["image", "text"], points: 40 }],
};

let pages: Pages;
const contexts: BrowserContext[] = [];

describe.skipIf(noBrowser)("photo tasks", { timeout: 720_000 }, () => {
  beforeAll(async () => {
    pages = await Pages.start();
    await pages.client.publish(HUNT, definition);
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });
  afterAll(() => pages?.stop());

  test("[SUBM-40] [SUBM-41] a photo is sent, refused with a word, sent anew and accepted by a key", async () => {
    const { page, watched: played } = await pages.page(`/play/${HUNT}`, PHONE);
    contexts.push(page.context());
    await joinAs(page, "Ada", { create: "Lanterns" });
    await page.getByRole("button", { name: "I have kept it" }).click();
    await page.goto(`/play/${HUNT}#clue/pyramid`);
    const send = async (words: string): Promise<void> => {
      const file = { name: "us.png", mimeType: "image/png", buffer: Buffer.from(png()) };
      await page.locator("input[type=file]").setInputFiles(file);
      await page.getByText("us.png").waitFor();
      await page.getByLabel("Words").fill(words);
      await page.getByRole("button", { name: "Send in" }).click();
      await page.getByText(words).waitFor();
    };
    await send("Our pyramid");
    await expectAccessible(page);

    const { page: console, watched } = await pages.page("/organise", DESK);
    contexts.push(console.context());
    await console.locator("input[name=token]").fill(pages.token);
    await console.locator("form.card button[type=submit]").click();
    await console.locator(".hunt-cards").waitFor({ state: "attached" });
    await console.goto(`/organise#${HUNT}/judge`);
    await console.getByRole("button", { name: /Lanterns/ }).click();
    await console.getByText("Our pyramid").waitFor();
    await console.locator("img.judged-file").waitFor();
    await expectAccessible(console);
    await console.getByLabel("Say to the team (not needed)").fill("Nobody is on top.");
    await console.getByRole("button", { name: "Refuse" }).click();
    await page.getByText("Nobody is on top.").waitFor();
    await page.getByText("Not accepted.").waitFor();

    await send("Now with the dog");
    await console.getByRole("button", { name: /Lanterns/ }).click();
    await console.getByText("Now with the dog").waitFor();
    await console.locator("h2#judge-one").click();
    await console.keyboard.press("Space");
    await page.getByText("Accepted.", { exact: false }).first().waitFor();
    await page.locator(".solved").waitFor();
    expectQuiet(watched);
    expectQuiet(played);
  });
});
