/** A player's data in the browser: shown, saved, forgotten; and a player that an organiser forgets. */
import { readFile } from "node:fs/promises";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { PersonalData } from "../../../src/contract/personal.ts";
import type { Teams } from "../../../src/contract/teams.ts";
import { manyClues } from "../../contract/hunts.ts";
import { answer, expectAccessible, expectQuiet, joinAs, noBrowser, Pages } from "./browser.ts";

const NAME = "Canary Ada";

let pages: Pages;
const contexts: BrowserContext[] = [];

/** Everything that the browser stores for the page, as text. */
const storedIn = (page: Page): Promise<string> =>
  page.evaluate(async () => {
    const told: unknown[] = [{ ...localStorage }, { ...sessionStorage }];
    for (const { name = "" } of await indexedDB.databases()) {
      const database = await new Promise<IDBDatabase>((done, failed) => {
        const opening = indexedDB.open(name);
        opening.onsuccess = () => done(opening.result);
        opening.onerror = () => failed(opening.error);
      });
      for (const store of database.objectStoreNames) {
        const rows = await new Promise((done) => {
          const reading = database.transaction(store).objectStore(store).getAll();
          reading.onsuccess = () => done(reading.result);
        });
        told.push(rows);
      }
      database.close();
    }
    return JSON.stringify(told);
  });

describe.skipIf(noBrowser)("[PD-10] a player's data", { timeout: 720_000 }, () => {
  beforeAll(async () => {
    pages = await Pages.start();
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });
  afterAll(() => pages?.stop());

  async function open(path: string) {
    const context = await pages.context();
    contexts.push(context);
    const page = await context.newPage();
    const watched = pages.watch(page);
    await page.goto(path);
    return { page, watched };
  }

  test("is shown, saved and forgotten, after a question", async () => {
    await pages.client.publish("mine", manyClues(3));
    const { page, watched } = await open("/play/mine");
    await joinAs(page, NAME, { create: "Owls" });
    await page.getByRole("button", { name: "I have kept it" }).click();
    expect(await answer(page, "Clue 0", "right 0")).toBe("correct");
    await page.goto("/play/mine#team");
    await page.getByText("My data", { exact: true }).click();
    await page.getByRole("button", { name: "Show it" }).click();
    await page.locator(".my-data .kept").getByText(NAME).waitFor();
    await expectAccessible(page);
    const saving = page.waitForEvent("download");
    await page.getByRole("button", { name: "Save it as a file" }).click();
    const file = await (await saving).path();
    const data = JSON.parse(await readFile(file, "utf8")) as PersonalData;
    expect(data).toMatchObject({
      player: { name: NAME },
      facts: [{ type: "join" }, { type: "answer", outcome: "correct" }],
    });
    expect(await storedIn(page)).toContain(NAME);
    // Declined first.
    const asked: string[] = [];
    let isSure = false;
    page.on("dialog", (dialog) => {
      asked.push(dialog.message());
      void (isSure ? dialog.accept() : dialog.dismiss());
    });
    await page.getByRole("button", { name: "Forget me" }).click();
    await expect.poll(() => asked.length).toBe(1);
    await expect
      .poll(() => pages.client.board("mine"))
      .toMatchObject({ entries: [{ team: { name: "Owls" } }] });
    isSure = true;
    await page.getByRole("button", { name: "Forget me" }).click();
    await page.getByRole("button", { name: "I have a return code" }).waitFor();
    expect(asked).toHaveLength(2);
    expect(await storedIn(page)).not.toContain(NAME);
    const { body } = await pages.client.organise<Teams>("GET", "/v1/hunts/mine/teams");
    expect(body.teams).toMatchObject([{ name: "Owls", members: [], score: 10, rank: 1 }]);
    expectQuiet(watched);
  });

  test("is deleted from the console, also of who left", async () => {
    await pages.client.publish("console-forgets", manyClues(3));
    const first = await pages.client.team("console-forgets", "Foxes");
    const left = await pages.client.join("console-forgets", {
      name: NAME,
      team: { join: first.team.joinCode ?? "" },
    });
    await pages.client.call("POST", "/v1/hunts/console-forgets/team/leave", { token: left.token });
    const { page, watched } = await open(`/organise#token=${pages.client.organiserToken}`);
    await page.goto("/organise#console-forgets/teams");
    const row = page.getByRole("row").filter({ hasText: "Foxes" });
    await row.getByRole("button", { name: "Forget a player" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Player", { exact: true }).selectOption({ label: `${NAME} (left)` });
    await dialog.getByLabel("Reason").fill("asked for by mail");
    await expectAccessible(page);
    await dialog.getByRole("button", { name: "Delete for good" }).click();
    await row.getByText("Forget a player: done. Foxes").waitFor();
    const { body } = await pages.client.organise<Teams>("GET", "/v1/hunts/console-forgets/teams");
    expect(body.teams[0]).not.toHaveProperty("former");
    expectQuiet(watched);
  });
});
