import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { expectQuiet, noBrowser, Pages } from "./browser.ts";

const line = (clue: string): string => `The words of ${clue}.`;

/** Each clue has 15 kB, and shows its words at the end. */
const HUNT = {
  format: 1,
  title: "Long",
  teams: { mode: "teams", maxSize: 4 },
  rounds: [{ id: "r", title: "The Quay" }],
  clues: ["first", "second", "third"].map((id) => ({
    id,
    round: "r",
    title: `The ${id}`,
    kind: "answer",
    points: 10,
    body: `${"Lanterns along the quay. ".repeat(600)}\n\n${line(id)}`,
    answers: ["right"],
    ...(id === "first" ? { hints: [{ id: "h", text: `${"Hm. ".repeat(200)}\n\nLook up.`, cost: 0 }] } : {}),
    ...(id === "third" ? { opens: { solved: "first" } } : {}),
  })),
};

let pages: Pages;

describe.skipIf(noBrowser)("[WEB-54] long clues on the player page", { timeout: 720_000 }, () => {
  beforeAll(async () => {
    pages = await Pages.start();
  });
  afterEach(() => pages.closeContexts());
  afterAll(() => pages?.stop());

  test("are read once, kept on the device, readable without a network, and dropped with their clue", async () => {
    await pages.client.publish("texts", HUNT);
    const { page, watched } = await pages.page("/play/texts");
    const read: string[] = [];
    const looks: { query: string; bytes: number }[] = [];
    page.on("response", (response) => {
      const { pathname, search } = new URL(response.url());
      if (pathname.includes("/bodies/")) read.push(pathname);
      if (!pathname.endsWith("/me")) return;
      // What a page that was left had asked for has no body.
      void response.body().then(
        ({ length }) => looks.push({ query: search, bytes: length }),
        () => undefined,
      );
    });
    await page.locator('input[name="name"]').fill("Ann");
    await page.locator('input[name="team"]').fill("Terns");
    await page.locator('form button[type="submit"]').click();
    await page.getByRole("link", { name: /The first/ }).click();
    await page.getByText(line("first")).waitFor();
    await page.getByRole("button", { name: "Take hint", exact: true }).click();
    await page.getByRole("button", { name: "Take it" }).click();
    await page.getByText("Look up.").waitFor();
    await page.getByLabel("Your answer").fill("right");
    await page.getByRole("button", { name: "Check" }).click();
    await page.locator('.verdict[data-outcome="correct"]').waitFor();
    await page.goto("/play/texts#clue/third");
    await page.getByText(line("third")).waitFor();
    // The other clue came without being asked for.
    await expect.poll(() => new Set(read).size).toBe(4);
    expect(read.length).toBe(4);
    expect(looks[0]?.query).toBe("?bodies=apart&lang=en");
    expect(looks.length).toBeGreaterThan(2);
    for (const { query, bytes } of looks.slice(1)) {
      expect(query).toMatch(/^\?bodies=apart&since=/);
      expect(bytes).toBeLessThan(2_500);
    }
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await page.reload();
    await page.getByText(line("third")).waitFor();
    await page.context().setOffline(true);
    const again = await page.context().newPage();
    await page.close();
    for (const clue of ["third", "second", "first"]) {
      await again.goto(`/play/texts#clue/${clue}`);
      await again.getByText(line(clue)).waitFor();
    }
    await again.getByText("Look up.").waitFor();
    expect(read.length).toBe(4);
    await page.context().setOffline(false);
    const kept = () =>
      again.evaluate(
        () =>
          new Promise<number>((done, failed) => {
            const opening = indexedDB.open("treasure-hunt");
            opening.addEventListener("error", () => failed(opening.error));
            opening.addEventListener("success", () => {
              const all = opening.result.transaction("seen").objectStore("seen").getAllKeys();
              all.addEventListener("success", () => {
                opening.result.close();
                done(all.result.filter((key) => String(key).startsWith("texts/")).length);
              });
            });
          }),
      );
    expect(await kept()).toBe(4);
    // A version without a clue drops its text from the device.
    await pages.client.organise("PUT", "/v1/hunts/texts", { ...HUNT, clues: HUNT.clues.slice(0, 2) });
    await expect
      .poll(
        async () => {
          await again.reload();
          await again.getByText(line("first")).waitFor();
          return kept();
        },
        { timeout: 60_000, interval: 1_000 },
      )
      .toBe(3);
    expectQuiet(watched);
  });

  test("show their words as soon as an address that opened nothing was renewed", async () => {
    await pages.client.publish("renewed", HUNT);
    const { page, watched } = await pages.page("/play/renewed");
    let refused = 0;
    await page.route(/\/bodies\//, async (route) => {
      refused += 1;
      if (refused > 1) return route.continue();
      // As an engine says it of a ticket that has run out.
      const url = new URL(route.request().url());
      url.searchParams.set("t", "weur-0.1.AAAAAAAAAAAAAAAAAAAAAA");
      return route.fulfill({ response: await route.fetch({ url: url.href }) });
    });
    await page.locator('input[name="name"]').fill("Ann");
    await page.locator('input[name="team"]').fill("Gulls");
    await page.locator('form button[type="submit"]').click();
    await page.getByRole("link", { name: /The first/ }).click();
    await page.getByText(line("first")).waitFor();
    expect(refused).toBeGreaterThan(1);
    watched.complaints = watched.complaints.filter((complaint) => !complaint.includes("404"));
    expectQuiet(watched);
  });
});
