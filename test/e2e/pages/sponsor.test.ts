/** People whom a sponsor's own site knows: from its pages, of another origin, into the hunt, by the program of docs/joining.md. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { newRing } from "../../../scripts/local/secrets.ts";
import { manyClues } from "../../contract/hunts.ts";
import { answer, DESK, expectQuiet, joinAs, noBrowser, Pages, PHONE } from "./browser.ts";

const ENTRY_KEYS = newRing();
const DOCS = readFileSync(new URL("../../../docs/joining.md", import.meta.url), "utf8");

type Ticket = (hunt: string, sub: string) => string;

describe.skipIf(noBrowser)(
  "[JOIN-10] [JOIN-12] a signed entry from another site",
  { timeout: 360_000 },
  () => {
    let pages: Pages;
    let site: Server;
    let origin: string;
    let folder: string;
    /** What the site's own server was asked for. */
    let asked: { url: string; referer: string | undefined }[] = [];

    beforeAll(async () => {
      pages = await Pages.start({ ENTRY_KEYS });
      await pages.client.publish("sponsored", manyClues(3, { players: { require: "signed" } }));
      folder = mkdtempSync(join(tmpdir(), "hunt-sponsor-"));
      const program = join(folder, "ticket.mjs");
      writeFileSync(program, /```js\n([\s\S]+?)```/.exec(DOCS)?.[1] ?? "");
      process.env.ENTRY_KEYS = ENTRY_KEYS;
      const { ticket } = (await import(pathToFileURL(program).href)) as { ticket: Ticket };
      // A shop: who is signed in is in a cookie; its link makes the ticket when it is clicked.
      site = createServer((request, response) => {
        asked.push({ url: request.url ?? "", referer: request.headers.referer });
        const customer = /customer=(\w+)/.exec(request.headers.cookie ?? "")?.[1];
        if (request.url === "/hunt" && customer !== undefined) {
          const to = `${pages.engine.url.origin}/play/sponsored#entry=${ticket("sponsored", customer)}`;
          response.writeHead(303, { location: to, "cache-control": "no-store" }).end();
          return;
        }
        response.writeHead(200, { "content-type": "text/html" });
        response.end('<!doctype html><title>Shop</title><a href="/hunt">To the treasure hunt</a>');
      });
      // Another site than the engine's, not only another port.
      await new Promise<void>((done) => site.listen(0, "localhost", done));
      origin = `http://localhost:${(site.address() as AddressInfo).port}`;
    });
    afterEach(async () => {
      asked = [];
      await pages.closeContexts();
    });
    afterAll(async () => {
      delete process.env.ENTRY_KEYS;
      site?.closeAllConnections();
      site?.close();
      rmSync(folder, { recursive: true, force: true });
      await pages?.stop();
    });

    /** A device on which the shop knows a customer, on its way to the hunt. */
    async function fromShop(customer: string, device: Parameters<Pages["page"]>[1]) {
      const context = await pages.context(device);
      await context.addCookies([{ name: "customer", value: customer, url: origin }]);
      const page = await context.newPage();
      const watched = pages.watch(page);
      const urls: string[] = [];
      page.on("request", (request) => urls.push(request.url()));
      await page.goto(origin);
      await page.getByRole("link", { name: "To the treasure hunt" }).click();
      await page.waitForURL(`${pages.engine.url.origin}/**`);
      return { page, watched, urls };
    }

    async function playerOf(page: Page): Promise<string> {
      await page.goto("/play/sponsored#team");
      return page.locator(".members li").first().innerText();
    }

    test("leads in, and back in on another device: the same player, whatever is done twice", async () => {
      const phone = await fromShop("ada", PHONE);
      await joinAs(phone.page, "Ada", { create: "Owls" });
      expect(phone.page.url()).not.toContain("entry=");
      expect(await answer(phone.page, "Clue 0", "right 0")).toBe("correct");
      const before = await playerOf(phone.page);
      // At home, by the shop's link alone.
      const desk = await fromShop("ada", DESK);
      await desk.page.locator("nav.tabs").waitFor();
      expect(await playerOf(desk.page)).toBe(before);
      expect(await answer(desk.page, "Clue 1", "right 1")).toBe("correct");
      const other = await fromShop("bea", DESK);
      await joinAs(other.page, "Bea", { create: "Gulls" });
      const facts = await pages.client.export("sponsored");
      expect(facts.filter(({ type }) => type === "join")).toHaveLength(2);
      for (const { page, watched, urls } of [phone, desk, other]) {
        expect(watched.complaints).toEqual([]);
        // Nobody is told the ticket by an address, and the hunt's pages ask nobody but the engine.
        for (const url of urls) expect(url.split("#")[0]).not.toContain("entry");
        expect(watched.strangers.every((url) => url.startsWith(origin))).toBe(true);
        await page.reload();
        await page.locator("nav.tabs").waitFor();
      }
      expect(asked.filter(({ referer }) => referer?.startsWith(pages.engine.url.origin))).toEqual([]);
      await pages.client.verify("sponsored");
    });

    test("without the shop, or with a ticket that has run out, the page says where one comes in", async () => {
      const { page, watched } = await pages.page("/play/sponsored");
      await page.getByText("joined by a link of your own").waitFor();
      await page.goto(`/play/sponsored#entry=${"x".repeat(40)}`);
      await page.reload();
      await page.locator(".note").waitFor();
      expect(await page.locator("nav.tabs").count()).toBe(0);
      expectQuiet(watched);
    });
  },
);
