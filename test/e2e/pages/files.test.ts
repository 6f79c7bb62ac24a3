/** The files of a hunt in the console: sent small, without what the camera wrote, with a text for who cannot see them. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Assets } from "../../../src/contract/assets.ts";
import { jpegWithMore, SECRET, svg } from "../../assets/files.ts";
import { expectAccessible, expectFits, expectQuiet, noBrowser, Pages, PHONE } from "./browser.ts";

const looks = process.env.LOOKS;

let pages: Pages;

async function look(page: Page, name: string): Promise<void> {
  if (looks === undefined) return;
  mkdirSync(looks, { recursive: true });
  await page.screenshot({ path: join(looks, `${name}.png`), animations: "disabled", fullPage: true });
}

const list = async (hunt: string): Promise<Assets["assets"]> => {
  const headers = { authorization: `Bearer ${pages.token}` };
  const told = await fetch(new URL(`/v1/hunts/${hunt}/assets`, pages.engine.url), { headers });
  return ((await told.json()) as Assets).assets;
};

/** A real picture, as a browser draws it, in the segments of a camera. */
async function photo(page: Page): Promise<Buffer> {
  const drawn = await page.evaluate(async () => {
    const canvas = document.createElement("canvas");
    canvas.width = 2_000;
    canvas.height = 1_000;
    const context = canvas.getContext("2d");
    for (let at = 0; at < 200; at += 1) {
      if (context) context.fillStyle = `hsl(${at * 7} 70% 50%)`;
      context?.fillRect((at * 131) % 2_000, (at * 71) % 1_000, 300, 90);
    }
    return canvas.toDataURL("image/jpeg", 0.95);
  });
  const coded = Buffer.from(drawn.split(",")[1] ?? "", "base64");
  const more = Buffer.from(jpegWithMore());
  // Of the camera's file, the segments before the tables; then the browser's picture.
  return Buffer.concat([more.subarray(0, more.indexOf(Buffer.from([0xff, 0xdb]))), coded.subarray(20)]);
}

describe.skipIf(noBrowser)("[WEB-112] the hunt's files", { timeout: 540_000 }, () => {
  beforeAll(async () => {
    pages = await Pages.start();
    await pages.demo("harbour-nights");
  });
  afterEach(() => pages.closeContexts());
  afterAll(() => pages?.stop());

  test("are sent from a phone, small and clean, in German, and deleted again", async () => {
    const { page, watched } = await pages.page("/organise", { ...PHONE, locale: "de-DE" });
    await page.locator("input[name=token]").fill(pages.token);
    await page.locator("form.card button[type=submit]").click();
    await page.locator(".hunt-cards").waitFor({ state: "attached" });
    await page.goto("/organise#harbour-nights/files");
    const chooser = page.locator('input[type="file"]');
    await chooser.waitFor();
    const taken = await photo(page);
    expect(taken.includes(SECRET)).toBe(true);
    await chooser.setInputFiles({ name: "Möwe am Kai.JPG", mimeType: "image/jpeg", buffer: taken });
    await page.getByLabel("Was ist zu sehen?").fill("Eine Möwe [am] Kai");
    await look(page, "files-dialog");
    await page.getByRole("dialog").getByRole("button", { name: "Datei senden" }).click();
    await page.getByText("![Eine Möwe \\[am\\] Kai](asset:mowe-am-kai.webp)").waitFor();
    const [row] = await list("harbour-nights");
    expect(row).toMatchObject({ name: "mowe-am-kai.webp", type: "image/webp" });
    expect(row?.size).toBeLessThan(taken.byteLength);
    const stored = Buffer.from(await (await fetch(new URL(row?.url ?? "", pages.engine.url))).arrayBuffer());
    expect(stored.includes(SECRET)).toBe(false);
    const thumbnail = page.locator("img.thumbnail");
    await expect
      .poll(() => thumbnail.evaluate((image) => (image as HTMLImageElement).naturalHeight))
      // Turned, as its orientation says, and small.
      .toBe(1_280);
    // What the engine cleans by itself is a picture still.
    await page.getByLabel("Längste Seite von Bildern").selectOption("0");
    await chooser.setInputFiles({ name: "roh.jpg", mimeType: "image/jpeg", buffer: taken });
    await page.getByRole("dialog").getByRole("button", { name: "Datei senden" }).click();
    await page.getByText("(asset:roh.jpg)").waitFor();
    await expect.poll(() => page.locator("img.thumbnail").count()).toBe(2);
    const raw = page.locator("li", { hasText: "roh.jpg" }).locator("img");
    await raw.scrollIntoViewIfNeeded();
    await expect
      .poll(() =>
        raw.evaluate(({ naturalWidth, naturalHeight }: HTMLImageElement) => [naturalWidth, naturalHeight]),
      )
      // Turned, as its orientation says.
      .toEqual([1_000, 2_000]);
    await chooser.setInputFiles({
      name: "böse.svg",
      mimeType: "image/svg+xml",
      buffer: Buffer.from(svg("<script>alert(1)</script>")),
    });
    await page.getByRole("dialog").getByRole("button", { name: "Datei senden" }).click();
    await page.locator(".drop .note.bad").waitFor();
    await expectFits(page);
    await look(page, "files");
    await expectAccessible(page);
    await page.locator("li", { hasText: "roh.jpg" }).getByRole("button", { name: "Datei löschen" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Datei löschen" }).click();
    await expect.poll(async () => (await list("harbour-nights")).length).toBe(1);
    expect(watched.complaints.filter((text) => !text.includes("415"))).toEqual([]);
    expectQuiet({ ...watched, complaints: [] });
  });
});
