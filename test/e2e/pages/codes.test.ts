/** Codes in the pages: read there as over the API. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { expectQuiet, noBrowser, Pages } from "./browser.ts";

const HUNT = "coded";
const CODES = ["TREASURE!(1)", "https://museum.example/item?code=77", "rosebud", undefined];

describe.skipIf(noBrowser)("codes in the pages", { timeout: 360_000 }, () => {
  let pages: Pages;
  beforeAll(async () => {
    pages = await Pages.start();
    await pages.client.publish(HUNT, {
      format: 1,
      title: "Coded",
      rounds: [{ id: "r", title: "R" }],
      clues: CODES.map((code, index) => ({
        id: `c${index}`,
        round: "r",
        title: `Clue ${index}`,
        kind: "scan",
        points: 1,
        ...(code === undefined ? {} : { code }),
      })),
    });
  });
  afterEach(() => pages.closeContexts());
  afterAll(() => pages?.stop());

  test("[CODE-1] [CODE-5] an address opened by an app that encoded its marks solves, as does what is typed", async () => {
    const { page, watched } = await pages.page(`/play/${HUNT}%23code%3DTREASURE!%281%29`);
    await page.getByLabel("Your name").fill("Camera");
    await page.getByRole("button", { name: "Join", exact: true }).click();
    await page.locator(".clue-solved", { hasText: "Clue 0" }).waitFor();
    expect(new URL(page.url()).pathname).toBe(`/play/${HUNT}`);
    const { codes } = (
      await pages.client.organise<{ codes: { code: string }[] }>("GET", `/v1/hunts/${HUNT}/codes`)
    ).body;
    const generated = codes[3]?.code.toLowerCase().replaceAll("-", " ") ?? "";
    for (const [clue, typed] of [
      ["Clue 1", " https://museum.example/item?code=77 "],
      ["Clue 2", "ROSEBUD"],
      ["Clue 3", generated],
    ] as const) {
      await page.getByLabel("Code").fill(typed);
      await page.getByRole("button", { name: "Send the code" }).click();
      await page.locator(".clue-solved", { hasText: clue }).waitFor();
    }
    expectQuiet(watched);
  });

  test("[CODE-1] the start page takes a printed link whose marks are encoded", async () => {
    const { page } = await pages.page("/");
    await page.getByRole("textbox").first().fill(`${pages.engine.url.origin}/play/${HUNT}%23code%3Drosebud`);
    await page.getByRole("button", { name: "Play" }).click();
    await page.getByLabel("Your name").fill("Linked");
    await page.getByRole("button", { name: "Join", exact: true }).click();
    await page.locator(".clue-solved", { hasText: "Clue 2" }).waitFor();
  });
});
