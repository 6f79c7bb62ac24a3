/** The reference of the API and its guides, as a reader has them. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { bundleClient } from "../../../scripts/client/build.ts";
import { DESK, expectFits, expectQuiet, noBrowser, Pages, PHONE } from "./browser.ts";

const root = join(import.meta.dirname, "../../..");
const REFERENCE = ".swagger-ui .opblock-tag-section";

describe.skipIf(noBrowser)("[DOC-1] /docs", { timeout: 240_000 }, () => {
  let pages: Pages;
  beforeAll(async () => {
    pages = await Pages.start();
    await pages.demo("docs-hunt");
  });
  afterEach(() => pages.closeContexts());
  afterAll(() => pages.stop());

  test("shows every route, asks no other host, and its policy holds", async () => {
    const { page, watched } = await pages.page("/docs", DESK);
    await page.waitForSelector(REFERENCE);
    const tags = new Set(
      Object.values(pages.client.document.paths).flatMap((path) =>
        Object.values(path).map((operation) => (operation as unknown as { tags: string[] }).tags[0]),
      ),
    );
    expect(await page.locator(REFERENCE).count()).toBe(tags.size);
    await page.locator(".opblock-tag", { hasText: "Everybody" }).click();
    await page.locator(".opblock-summary-path", { hasText: "/leaderboard" }).first().click();
    await page.getByRole("button", { name: "Try it out" }).click();
    await page.getByPlaceholder("hunt").first().fill("docs-hunt");
    await page.getByRole("button", { name: "Execute" }).click();
    await expect.poll(() => page.locator(".live-responses-table").innerText()).toContain('"docs-hunt"');
    expectQuiet(watched);
  });

  test("fits a phone, and so do the guides, which need no script", async () => {
    const { page, watched } = await pages.page("/docs/", PHONE);
    await page.waitForSelector(REFERENCE);
    await expectFits(page);
    expectQuiet(watched);
    const plain = await pages.page("/docs/guides", { ...PHONE, javaScriptEnabled: false });
    expect(await plain.page.locator("h2").allInnerTexts()).toHaveLength(5);
    expectQuiet(plain.watched);
    const guides = await pages.page("/docs/guides/", PHONE);
    await expectFits(guides.page);
  });

  test("without the renderer it says so", async () => {
    const context = await pages.context(DESK);
    await context.route(/renderer/, (route) => route.abort());
    const page = await context.newPage();
    await page.goto("/docs/");
    await page.getByRole("alert").waitFor();
  });

  test("[LIB-7] examples/standings.html shows the standings, and a solve as it comes", async () => {
    const folder = mkdtempSync(join(tmpdir(), "hunt-page-"));
    await bundleClient(join(folder, "client.js"));
    copyFileSync(join(root, "examples/standings.html"), join(folder, "standings.html"));
    // A site of its own, as its readers have it.
    const site = createServer((request, response) => {
      const name = basename(new URL(request.url ?? "/", "http://site").pathname);
      const known = ["client.js", "standings.html"].includes(name);
      const type = name.endsWith(".js") ? "text/javascript" : "text/html";
      response.writeHead(known ? 200 : 404, { "content-type": `${type}; charset=utf-8` });
      response.end(known ? readFileSync(join(folder, name)) : "");
    });
    await new Promise<void>((done) => site.listen(0, "127.0.0.1", done));
    try {
      const owls = await pages.client.team("docs-hunt", "Night <Owls>");
      const page = await (await pages.context(PHONE)).newPage();
      const { complaints } = pages.watch(page);
      const { port } = site.address() as AddressInfo;
      const query = new URLSearchParams({ url: pages.engine.url.origin, hunt: "docs-hunt" });
      await page.goto(`http://127.0.0.1:${port}/standings.html?${query}`);
      await expect.poll(() => page.locator("tbody").innerText()).toContain("Night <Owls>");
      await pages.client.playOne(owls, { id: "s", type: "answer", clue: "strong-one", answer: "tug" });
      await expect.poll(() => page.locator("tbody tr").first().innerText()).toMatch(/^1\s+Night <Owls>\s+50/);
      expect(complaints).toEqual([]);
    } finally {
      site.close();
      rmSync(folder, { recursive: true });
    }
  });

  test("the console leads there", async () => {
    const { page } = await pages.page(`/organise#token=${pages.token}`, DESK);
    expect(await page.getByRole("link", { name: "API reference" }).getAttribute("href")).toBe("/docs/");
  });
});
