/** The files of a hunt in the console: sent small, without what the camera wrote, with a text for who cannot see them. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Assets } from "../../../src/contract/assets.ts";
import { jpegWithMore, SECRET, svg } from "../../assets/files.ts";
import { expectAccessible, expectFits, expectQuiet, joinAs, noBrowser, Pages, PHONE } from "./browser.ts";

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

const PICTURES = 20;
/** Scrolled in a frame, px. */
const STEP = 30;

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

  test("[WEB-203] a clue with twenty pictures scrolls on a slow phone: none blocks it, none moves what one reads", async () => {
    const drawing = await pages.page("/", PHONE);
    const names = Array.from({ length: PICTURES }, (_, index) => `p${index}.jpg`);
    const taken = await photo(drawing.page);
    for (const [index, name] of names.entries()) {
      // Behind the end of a picture comes what no reader looks at, so that each is another file.
      const body = Buffer.concat([taken, Buffer.from([index])]);
      const url = new URL(`/v1/hunts/gallery/assets/${name}`, pages.engine.url);
      const headers = { authorization: `Bearer ${pages.token}` };
      expect((await fetch(url, { method: "PUT", body, headers })).status).toBe(201);
    }
    const clue = { kind: "answer", answers: ["right"], points: 10 };
    const lines = Array.from({ length: 12 }, () => "Lanterns along the quay.").join("\\\n");
    await pages.client.publish("gallery", {
      format: 1,
      title: "Gallery",
      teams: { mode: "solo" },
      clues: [
        {
          ...{ ...clue, id: "walk", title: "The walk" },
          body: names.map((name, index) => `Look ${index}.\n\n![A quay](asset:${name})`).join("\n\n"),
        },
        // About as long, without pictures: what the machine makes of it.
        {
          ...{ ...clue, id: "plain", title: "The talk" },
          body: names.map((_, index) => `Say ${index}.\n\n${lines}`).join("\n\n"),
        },
      ],
    });
    const context = await pages.context(PHONE);
    const page = await context.newPage();
    const watched = pages.watch(page);
    await page.goto("/play/gallery");
    await joinAs(page, "Ada");
    const asked = new Set<string>();
    page.on("request", (request) => {
      if (request.url().includes("/assets/p")) asked.add(new URL(request.url()).pathname);
    });
    const session = await context.newCDPSession(page);
    await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
    /** Scrolls to the end, a step a frame, and tells the tasks over 50 ms, and how far what one saw was moved. */
    const scrolled = () =>
      page.evaluate(async (step) => {
        const kept = { long: [] as number[], moved: 0 };
        const observers = [
          new PerformanceObserver((list) => {
            for (const { duration } of list.getEntries()) kept.long.push(Math.round(duration));
          }),
          new PerformanceObserver((list) => {
            for (const shift of list.getEntries())
              kept.moved += (shift as unknown as { value: number }).value;
          }),
        ];
        observers[0]?.observe({ type: "longtask" });
        observers[1]?.observe({ type: "layout-shift" });
        const pictures = [...document.querySelectorAll<HTMLImageElement>(".prose img")];
        /** A reader waits for the picture that is looked at. */
        const isWaited = (): boolean =>
          pictures.some((each) => {
            const { top, bottom } = each.getBoundingClientRect();
            return bottom > 0 && top < innerHeight && each.naturalWidth === 0;
          });
        for (;;) {
          await new Promise((done) => requestAnimationFrame(done));
          if (isWaited()) continue;
          if (scrollY + innerHeight >= document.documentElement.scrollHeight - 1) break;
          scrollBy(0, step);
        }
        for (const observer of observers) observer.disconnect();
        return { ...kept, come: pictures.filter(({ naturalWidth }) => naturalWidth > 0).length };
      }, STEP);
    await page.goto("/play/gallery#clue/plain");
    await page.getByText("Say 0.").waitFor();
    const plain = await scrolled();
    await page.goto("/play/gallery#clue/walk");
    await page.getByText("Look 0.").waitFor();
    await expect.poll(() => asked.size).toBeGreaterThan(0);
    // Not all at once.
    expect(asked.size).toBeLessThan(PICTURES);
    await page.evaluate(() => scrollTo(0, 0));
    const walk = await scrolled();
    const told = ({ long, moved }: typeof walk): string =>
      `${long.join(", ") || "none"}; moved ${moved.toFixed(3)}`;
    process.stdout.write(
      `pages: on a 4x slowed processor, tasks over 50 ms: scrolling ${PICTURES} pictures: ${told(walk)}; as much text: ${told(plain)}\n`,
    );
    expect(walk.come).toBe(PICTURES);
    // Fewer than every second picture blocks for a moment, beyond what this machine does with text.
    expect(walk.long.length - plain.long.length).toBeLessThan(PICTURES / 2);
    // What the web's own measure calls good.
    expect(walk.moved).toBeLessThan(0.1);
    expectQuiet(watched);
  });
});
