/** The organiser console when things are about to be lost, overridden or misread: [WEB-40] to [WEB-49] of SPEC.md. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import type { Hunt } from "../../../src/contract/hunt.ts";
import type { Joined } from "../../../src/contract/join.ts";
import { sleep } from "../../contract/client.ts";
import { DESK, expectAccessible, expectQuiet, noBrowser, Pages, PHONE, type Watched } from "./browser.ts";

/** With LOOKS=folder, screenshots of what is tested are written there. */
const looks = process.env.LOOKS;

const NARROW = { ...PHONE, viewport: { width: 320, height: 640 } } as const;

const HOUR = 3_600_000;

let pages: Pages;

const inHours = (hours: number): string => new Date(Date.now() + hours * HOUR).toISOString();

const definition = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  format: 1,
  title: "The Long Night",
  teams: { mode: "teams", maxSize: 6 },
  rounds: [{ id: "r", title: "R" }],
  clues: ["one", "two", "three"].map((id) => ({
    id,
    round: "r",
    title: `Clue ${id}`,
    kind: "answer",
    answers: ["a"],
    points: 10,
  })),
  ...more,
});

async function look(page: Page, name: string): Promise<void> {
  if (looks === undefined) return;
  mkdirSync(looks, { recursive: true });
  await page.screenshot({ path: join(looks, `${name}.png`), animations: "disabled", fullPage: true });
}

describe.skipIf(noBrowser)("the console", { timeout: 720_000 }, () => {
  beforeAll(async () => {
    pages = await Pages.start();
  });
  afterEach(() => pages.closeContexts());
  afterAll(() => pages?.stop());

  /** The console, signed in, at a view ("" for the list). */
  async function openConsole(
    view: string,
    options: Parameters<Pages["page"]>[1] = DESK,
  ): Promise<{ page: Page; watched: Watched }> {
    const opened = await pages.page("/organise", options);
    await signIn(opened.page);
    if (view !== "") await opened.page.goto(`/organise#${view}`);
    return opened;
  }

  async function signIn(page: Page): Promise<void> {
    await page.locator("input[name=token]").fill(pages.token);
    await page.locator("form.card button[type=submit]").click();
    await page.locator(".hunt-cards").waitFor({ state: "attached" });
  }

  const editor = (page: Page) => page.getByRole("textbox", { name: "Definition of the hunt, YAML" });

  async function type(page: Page, text: string): Promise<void> {
    await editor(page).click();
    await page.keyboard.press("Control+End");
    await page.keyboard.type(text);
  }

  /** Pastes over the whole text of the editor. */
  async function write(page: Page, text: string): Promise<void> {
    await editor(page).click();
    await page.keyboard.press("Control+a");
    await editor(page).evaluate((element, pasted) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", pasted);
      element.dispatchEvent(
        new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true, composed: true }),
      );
    }, text);
  }

  const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
  const inDialog = (page: Page, name: string) =>
    page.getByRole("dialog").getByRole("button", { name, exact: true });

  const publish = async (hunt: string, more: Record<string, unknown> = {}): Promise<void> => {
    const answer = await pages.client.call("PUT", `/v1/hunts/${hunt}`, {
      token: pages.token,
      body: stringify(definition(more)),
      type: "application/yaml",
    });
    expect(answer.status, answer.text).toBeLessThan(300);
  };

  const phaseOf = async (hunt: string) =>
    (await pages.client.call<Hunt>("GET", `/v1/hunts/${hunt}`)).body.phase;

  test("[WEB-40] a hunt that will open by itself is shown as scheduled, and starting it says what that means", async () => {
    await publish("friday", { opens: inHours(50), closes: inHours(60) });
    const { page, watched } = await openConsole("");
    const card = page.locator(".hunt-card", { hasText: "The Long Night" });
    await card.getByText("Scheduled for").waitFor();
    await look(page, "scheduled-list");
    await card.click();
    const head = page.locator("main > .row").first();
    await head.getByText("Scheduled for").waitFor();
    expect(await head.locator("time").getAttribute("datetime")).toMatch(/^\d{4}-\d\d-\d\dT/);
    await button(page, "Start the hunt").click();
    const text = await page.getByRole("dialog").innerText();
    expect(text).toContain("scheduled");
    expect(text).toContain("no longer counts");
    expect(text).toContain("no way back to draft");
    await look(page, "scheduled-start");
    await expectAccessible(page);
    await inDialog(page, "Cancel").click();
    expectQuiet(watched);
  });

  test("[WEB-41] unpublished drafts are listed, and signing out asks before they are lost", async () => {
    await publish("drafted");
    const { page, watched } = await openConsole("drafted/edit/text");
    await page.getByText("No errors.").waitFor();
    await type(page, "# not published");
    // At once: also the last key counts.
    await button(page, "Sign out").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("drafted").waitFor();
    await look(page, "sign-out");
    await inDialog(page, "Cancel").click();
    expect(await editor(page).innerText()).toContain("# not published");
    await page.getByRole("link", { name: "Organiser console" }).click();
    const drafts = page.locator("section:has(#drafts)");
    await drafts.getByRole("link", { name: "drafted" }).waitFor();
    await look(page, "drafts");
    await expectAccessible(page);
    await button(page, "Sign out").click();
    await inDialog(page, "Throw it away and sign out").click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
    await signIn(page);
    expect(await drafts.count()).toBe(0);
    // Without drafts nothing is asked.
    await button(page, "Sign out").click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    expectQuiet(watched);
  });

  test("[WEB-42] a new hunt needs an id that the engine takes, and one that is taken is opened only after a question", async () => {
    await publish("taken");
    const { page, watched } = await openConsole("");
    await button(page, "New hunt").click();
    const id = page.getByLabel("Id of the new hunt");
    for (const wrong of ["-lamp", "my hunt", "lamp_1", "x".repeat(64), "städte"]) {
      await id.fill(wrong);
      await inDialog(page, "New hunt").click();
      await page.getByRole("dialog").getByRole("alert").waitFor();
    }
    await look(page, "new-hunt-wrong");
    await expectAccessible(page);
    await id.fill("TAKEN");
    await inDialog(page, "New hunt").click();
    await page.getByRole("dialog").getByText("There is a hunt taken already").waitFor();
    await inDialog(page, "Cancel").click();
    expect(new URL(page.url()).hash).toBe("");
    await button(page, "New hunt").click();
    await id.fill("taken");
    await inDialog(page, "New hunt").click();
    await inDialog(page, "Open this hunt").click();
    await expect.poll(() => page.getByLabel("Title").inputValue()).toBe("The Long Night");
    expectQuiet(watched);
  });

  test("[WEB-43] publishing over a hunt that has begun asks, and tells what changes", async () => {
    await publish("running");
    await pages.client.setPhase("running", "live");
    const { page, watched } = await openConsole("running/edit/text");
    await page.getByText("No errors.").waitFor();
    const changed = definition({ title: "The Longer Night" });
    changed.clues = (changed.clues as { id: string; points: number }[])
      .filter(({ id }) => id !== "three")
      .map((clue) => (clue.id === "one" ? { ...clue, points: 20 } : clue))
      .concat([
        { id: "four", round: "r", title: "Four", kind: "answer", answers: ["b"], points: 5 } as never,
      ]);
    await write(page, JSON.stringify(changed, null, 2));
    await button(page, "Publish").waitFor();
    await sleep(1_000);
    await button(page, "Publish").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Version 1 becomes version 2").waitFor();
    const text = await dialog.innerText();
    for (const [title, ids] of [
      ["New clues", "four"],
      ["Clues taken out", "three"],
      ["Changed clues", "one"],
      ["Also changed", "title"],
    ] as const)
      expect(text.replaceAll(/\s+/g, " ")).toContain(`${title} ${ids}`);
    await look(page, "publish-running");
    await expectAccessible(page);
    await inDialog(page, "Cancel").click();
    expect((await pages.client.organise<{ title: string }>("GET", "/v1/hunts/running")).body.title).toBe(
      "The Long Night",
    );
    await button(page, "Publish").click();
    await inDialog(page, "Publish").click();
    await page.getByText("Published as version 2.").waitFor();
    expectQuiet(watched);
  });

  test("[WEB-43] an end that is past is published only to end the hunt now", async () => {
    await publish("over");
    await pages.client.setPhase("over", "live");
    const { page, watched } = await openConsole("over/edit/text");
    await page.getByText("No errors.").waitFor();
    const published: string[] = [];
    page.on("request", (request) => {
      const { pathname, search } = new URL(request.url());
      if (request.method() === "PUT" && pathname === "/v1/hunts/over" && !search.includes("dryRun")) {
        published.push(search);
      }
    });
    await write(page, stringify(definition({ closes: inHours(-1) })));
    await page.locator(".issues li", { hasText: "closes" }).waitFor();
    expect(await button(page, "Publish").isDisabled()).toBe(false);
    await button(page, "Publish").click();
    await page.getByRole("dialog").getByText("the hunt ends at once, for good").waitFor();
    await look(page, "publish-ends");
    await inDialog(page, "Cancel").click();
    expect(published).toEqual([]);
    expect(await phaseOf("over")).toBe("live");
    await button(page, "Publish").click();
    await inDialog(page, "Publish and end now").click();
    await page.getByText("Published as version 2.").waitFor();
    expect(published).toEqual(["?endNow=true"]);
    expect(await phaseOf("over")).toBe("ended");
    expectQuiet(watched);
  });

  test("[WEB-51] held results are released after a question", async () => {
    await publish("held", { results: "manual", freeze: inHours(-0.1) });
    await pages.client.setPhase("held", "live");
    const otters = await pages.client.team("held", "Otters");
    await pages.client.playOne(otters, { id: "a", type: "answer", clue: "one", answer: "a" });
    const { page, watched } = await openConsole("held/live");
    await button(page, "Pause").waitFor();
    // A freeze while the hunt runs is no such thing.
    await sleep(500);
    expect((await pages.client.board("held")).frozen).toBe(true);
    expect(await button(page, "Release the results").count()).toBe(0);
    await button(page, "End the hunt").click();
    await inDialog(page, "End the hunt").click();
    await button(page, "Release the results").waitFor();
    expect((await pages.client.board("held")).frozen).toBe(true);
    await look(page, "release");
    await expectAccessible(page);
    await button(page, "Release the results").click();
    await inDialog(page, "Release the results").click();
    await page.getByText("The results are released.").waitFor();
    expect(await button(page, "Release the results").count()).toBe(0);
    await expect.poll(async () => (await pages.client.board("held")).frozen, { timeout: 30_000 }).toBe(false);
    expect((await pages.client.board("held")).entries[0]).toMatchObject({ score: 10 });
    await page.goto("/organise#held/data");
    await page.getByText("Released the results").waitFor();
    await page.reload();
    await page.goto("/organise#held/live");
    await page.locator(".figures").waitFor();
    await sleep(1_000);
    expect(await button(page, "Release the results").count()).toBe(0);
    expectQuiet(watched);
  });

  test("[DEL-8] an owner deletes a hunt by typing its id, and sees how far that is", async () => {
    await publish("gone");
    await pages.client.setPhase("gone", "live");
    const board = await pages.page("/board/gone", DESK);
    await board.page.getByText("The Long Night").first().waitFor();
    const { page, watched } = await openConsole("gone/data");
    await page.getByText("end it first").waitFor();
    expect(await button(page, "Delete the hunt").isDisabled()).toBe(true);
    await pages.client.setPhase("gone", "ended");
    await page.getByText("Everything of it goes").waitFor();
    await button(page, "Delete the hunt").click();
    await page.getByRole("dialog").getByLabel("Type gone").fill("held");
    await page.getByRole("dialog").getByLabel("Reason").fill("it is over");
    await inDialog(page, "Delete for good").click();
    await page.getByText("Type the id of this hunt: gone").waitFor();
    await expectAccessible(page);
    await page.getByRole("dialog").getByLabel("Type gone").fill("gone");
    await inDialog(page, "Delete for good").click();
    await page.locator('[data-job="running"]').waitFor();
    await look(page, "deleting");
    await expectAccessible(page);
    // Whoever watches is told.
    await board.page.getByText("There is no such hunt.").waitFor();
    await page.getByText("gone is deleted.").waitFor({ timeout: 180_000 });
    expect((await pages.client.call("GET", "/v1/hunts/gone")).status).toBe(404);
    expectQuiet(watched);
  });

  test("[WEB-53] what today's engine would refuse of a published definition is a warning, in words", async () => {
    await publish("older");
    for (const [locale, heading, words] of [
      ["en-GB", "Rules that came later", "no player can send this answer"],
      ["de-DE", "Regeln, die später kamen", "Das könnte niemand je eingeben"],
      ["ar-EG", "قواعد أُضيفت لاحقًا", "لا يستطيع أي لاعب إرسال هذا"],
    ] as const) {
      const { page, watched } = await openConsole("", { ...PHONE, locale });
      await page.route(/\/v1\/hunts\/older\/stats$/, async (route) => {
        const response = await route.fetch();
        const issue = {
          path: "clues.0.answers.0",
          code: "cannot-be-given",
          message: "no player can send this answer",
        };
        await route.fulfill({
          response,
          json: { ...((await response.json()) as object), tolerated: [issue] },
        });
      });
      await page.goto("/organise#older/live");
      const card = page.getByRole("region", { name: heading });
      await card.getByText("clues.0.answers.0").waitFor();
      await card.getByText(words).first().waitFor();
      await card.scrollIntoViewIfNeeded();
      await look(page, `tolerated-${locale}`);
      await expectAccessible(page);
      expectQuiet(watched);
      // A figure may be on its way when the page is closed.
      await page.unrouteAll({ behavior: "ignoreErrors" });
    }
    const { page } = await openConsole("older/live");
    await page.locator(".figures strong", { hasText: "0" }).first().waitFor();
    expect(await page.locator("#tolerated").count()).toBe(0);
  });

  test("[WEB-52] in German and Arabic the engine's codes are told in that language", async () => {
    await publish("tongues");
    await pages.client.team("tongues", "Otters");
    for (const [locale, issue, published] of [
      ["de-DE", "Diesen Schlüssel gibt es nicht", "Version veröffentlicht"],
      ["ar-EG", "لا يوجد مفتاح كهذا", "نشر إصدارًا"],
    ] as const) {
      const { page, watched } = await openConsole("tongues/edit/text", { ...DESK, locale });
      await page.locator(".note.good").waitFor();
      const text = page.locator(".cm-content");
      await text.click();
      await page.keyboard.press("Control+End");
      await page.keyboard.type("pionts: 5");
      const line = page.locator(".issues li", { hasText: "pionts" });
      await line.getByText(issue).waitFor();
      expect(await line.locator("details").getAttribute("open")).toBeNull();
      await look(page, `issues-${locale}`);
      await page.goto("/organise#tongues/data");
      await page.getByText(published).waitFor();
      expectQuiet(watched);
    }
  });

  test("[WEB-44] whoever published meanwhile is not overwritten, and there are ways on", async () => {
    await publish("both");
    const { page, watched } = await openConsole("both/edit/text");
    await page.getByText("No errors.").waitFor();
    await publish("both", { title: "Theirs" });
    await type(page, "# mine");
    const conflict = page.locator(".conflict");
    // Told while one types, and not only when publishing is refused.
    await conflict.getByText("published version 2 meanwhile").waitFor();
    await publish("both", { title: "Theirs again" });
    await button(page, "Publish").click();
    await conflict.getByText("published version 3 meanwhile").waitFor();
    const downloaded = page.waitForEvent("download");
    await button(page, "Download mine").click();
    expect((await downloaded).suggestedFilename()).toBe("both.yaml");
    await button(page, "See that version").click();
    await conflict.locator("pre", { hasText: "Theirs again" }).waitFor();
    expect(await conflict.locator(".difference").innerText()).toContain("title");
    await look(page, "conflict");
    await expectAccessible(page);
    await button(page, "Publish mine over it").click();
    await inDialog(page, "Publish mine over it").click();
    await page.getByText("Published as version 4.").waitFor();
    await conflict.waitFor({ state: "detached" });
    // The other way: theirs.
    await publish("both", { title: "Theirs at last" });
    await type(page, " # more");
    await conflict.getByText("published version 5 meanwhile").waitFor();
    await button(page, "Take that version").click();
    await inDialog(page, "Take that version").click();
    await expect.poll(() => editor(page).innerText()).toContain("Theirs at last");
    expect(await conflict.count()).toBe(0);
    expectQuiet(watched);
  });

  test("[WEB-44] a check that ends once another hunt's editor is open tells nothing there", async () => {
    await publish("often");
    await publish("often", { title: "Published again" });
    await publish("once");
    const { page, watched } = await openConsole("often/edit/text");
    await page.getByText("No errors.").waitFor();
    const late = Promise.withResolvers<void>();
    await page.route(/\/v1\/hunts\/often\?dryRun=true$/, async (route) => {
      await late.promise;
      await route.continue();
    });
    const asked = page.waitForRequest(/often\?dryRun=true$/);
    await type(page, "# mine");
    await asked;
    await page.goto("/organise#once/edit/text");
    await page.getByText("No errors.").waitFor();
    const told = page.waitForResponse(/often\?dryRun=true$/);
    late.resolve();
    await told;
    await sleep(300);
    expect(await page.locator(".conflict").count()).toBe(0);
    expectQuiet(watched);
  });

  test("[WEB-45] what takes long is told as under way, and a lost answer as one that may have happened", async () => {
    await publish("slow");
    await pages.client.team("slow", "Otters");
    const { page, watched } = await openConsole("slow/data");
    // Longer than any client would wait for what is quick.
    await page.route(/\/verify$/, async (route) => {
      await sleep(17_000);
      await route.continue();
    });
    await button(page, "Verify").click();
    await page.getByText("This may take minutes").waitFor();
    await page.getByText("0:16").waitFor({ timeout: 90_000 });
    await look(page, "verify-under-way");
    await page.getByText("All is right").waitFor();
    await page.goto("/organise#slow/teams");
    await page.route(/\/awards$/, async (route) => {
      await route.fetch();
      await route.abort("connectionreset");
    });
    const row = page.locator("tr", { hasText: "Otters" });
    await row.getByRole("button", { name: "Award" }).click();
    await page.getByLabel("Points").fill("5");
    await page.getByLabel("Reason").fill("A song");
    await inDialog(page, "Award").click();
    await row.getByText("It may have happened").waitFor();
    await look(page, "lost-answer");
    expectQuiet(watched);
  });

  test("[WEB-46] what was done to a team is told at that team", async () => {
    await publish("many");
    await Promise.all(Array.from({ length: 30 }, (_, n) => pages.client.team("many", `Team number ${n}`)));
    const { page, watched } = await openConsole("many/teams");
    const row = page.locator("tbody tr").last();
    await row.getByRole("button", { name: "Ban" }).click();
    await page.getByLabel("Reason").fill("A test");
    await inDialog(page, "Ban").click();
    const told = row.locator(".told .note");
    await told.waitFor();
    expect(await told.isVisible()).toBe(true);
    expect(await told.evaluate((element) => element.getBoundingClientRect().top < innerHeight)).toBe(true);
    await look(page, "team-told");
    await expectAccessible(page);
    expectQuiet(watched);
  });

  test("[WEB-72] a member who lost everything gets a return code, shown once", async () => {
    await publish("lost");
    const owls = await pages.client.team("lost", "Owls");
    const { page, watched } = await openConsole("lost/teams");
    const row = page.locator("tr", { hasText: "Owls" });
    await row.getByRole("button", { name: "Return code" }).click();
    await page.getByLabel("Player").selectOption({ label: "Owls player" });
    await page.getByLabel("Reason").fill("Lost the phone");
    await expectAccessible(page);
    await inDialog(page, "Give a return code").click();
    const returnCode = await page.locator("dialog .way-back code").innerText();
    await expectAccessible(page);
    await inDialog(page, "I have told it").click();
    await row.locator(".told .note").waitFor();
    expect(await page.locator("body").innerText()).not.toContain(returnCode);
    const back = await pages.client.call<Joined>("POST", "/v1/hunts/lost/sessions", { json: { returnCode } });
    expect(back.body.player.id).toBe(owls.id);
    expectQuiet(watched);
  });

  test("[WEB-47] figures that are not known are not 0, and the audit's times name their zone", async () => {
    await publish("figures", {
      prizes: [{ id: "cup", title: "A cup", mode: "first-come", stock: 3 }],
    });
    const { page, watched } = await openConsole("");
    await page.route(/\/stats$/, (route) =>
      route.fulfill({
        status: 503,
        contentType: "application/problem+json",
        body: JSON.stringify({ code: "unavailable", detail: "a shard is away" }),
      }),
    );
    await page.goto("/organise#figures/prizes");
    await page.getByText("The figures are missing for the moment.").waitFor();
    expect(await page.locator("article .number").first().innerText()).toContain("Won –");
    await look(page, "no-figures");
    await page.goto("/organise#figures/data");
    await page.getByText("Published a version").waitFor();
    const zone = await page.evaluate(() => Intl.DateTimeFormat().resolvedOptions().timeZone);
    await page.getByText(`Times in your zone: ${zone}`).waitFor();
    const berlin = await openConsole("figures/data", {
      ...DESK,
      locale: "de-DE",
      timezoneId: "Europe/Berlin",
    });
    await berlin.page.getByText("Europe/Berlin").waitFor();
    await berlin.page.getByText("Version veröffentlicht").waitFor();
    await look(berlin.page, "audit-de");
    expectQuiet(watched);
    expectQuiet(berlin.watched);
  });

  test.each([
    ["en-GB", "Too few shards", "raise SHARDS_PER_REGION to 5", NARROW],
    ["de-DE", "Zu wenige Shards", "Die Zahl der Shards erhöhen", PHONE],
    ["ar-EG", "عدد الأجزاء قليل", "زِد عدد الأجزاء", NARROW],
  ] as const)(
    "[ADV-9] [WEB-49] %s: advice is told in the reader's language, on a phone",
    async (locale, limit, change, size) => {
      const hunt = `advised-${locale.toLowerCase()}`;
      await pages.demo(hunt);
      const { page, watched } = await openConsole("", { ...size, locale });
      await page.route("**/v1/ops/advice", (route) =>
        route.fulfill({
          json: {
            advice: [
              {
                limit: "SHARDS_PER_REGION",
                at: 0.811,
                change:
                  "raise SHARDS_PER_REGION to 5: npm run hunt -- shards advised 5 (new teams land on new shards)",
                evidence:
                  "shard weur-2 of advised decided 740 events/s (608 requests/s) in its busiest seconds",
              },
            ],
          },
        }),
      );
      await page.goto(`/organise#${hunt}/live`);
      await page.locator("#advice").scrollIntoViewIfNeeded();
      const card = page.locator("section[aria-labelledby=advice]");
      await card.getByText(limit, { exact: true }).waitFor();
      await card.getByText(change).first().waitFor();
      await look(page, `advice-${locale}`);
      await expectAccessible(page);
      expect(
        await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
      ).toBeLessThanOrEqual(0);
      expectQuiet(watched);
    },
  );

  test("[WEB-48] the origin is asked only where it is seen, and ever more seldom; the map stays as it is", async () => {
    await pages.demo("seen");
    const places = parse((await pages.client.organise("GET", "/v1/hunts/seen/definition")).text) as {
      clues: { id: string; kind: string; place?: { lat: number; lng: number } }[];
    };
    const place = places.clues.find(({ kind }) => kind === "place");
    if (!place?.place) throw new Error("the demo has a place");
    const { lat, lng } = place.place;
    await pages.client.team("seen", "First");
    const { page, watched } = await openConsole("", { viewport: { width: 390, height: 700 } });
    const asked: number[] = [];
    page.on("request", (request) => {
      if (request.url().endsWith("/v1/ops/origin")) asked.push(Date.now());
    });
    await page.goto("/organise#seen/live");
    await page.locator("tr", { hasText: "strong-one" }).first().waitFor();
    await sleep(3_000);
    expect(asked).toEqual([]);
    await page.locator("#origin").scrollIntoViewIfNeeded();
    await page.getByText("all is well").waitFor();
    await sleep(33_000);
    // After 10 s and 20 s more; the next would come 40 s later.
    expect(asked.length).toBeLessThanOrEqual(3);
    const checkin = async (name: string, n: number): Promise<void> => {
      const team = await pages.client.team("seen", name);
      const teams = await pages.client.organise<{ teams: { id: string; name: string }[] }>(
        "GET",
        "/v1/hunts/seen/teams",
      );
      const id = teams.body.teams.find((each) => each.name === name)?.id ?? "";
      await pages.client.organise("POST", `/v1/hunts/seen/teams/${id}/unlocks`, {
        clue: place.id,
        reason: "the map's test",
      });
      await pages.client.playOne(team, {
        id: `c${n}`,
        type: "checkin",
        clue: place.id,
        position: { lat: lat + n / 1_000, lng, accuracy: 5 },
      });
    };
    await checkin("Otters", 0);
    await page.locator(".map .leaflet-interactive").first().waitFor();
    await page.evaluate(() => {
      const map = document.querySelector(".map");
      if (map) map.id = "the-same";
    });
    await checkin("Gulls", 1);
    await expect.poll(() => page.locator(".map .leaflet-interactive").count(), { timeout: 45_000 }).toBe(2);
    expect(await page.locator("#the-same").count()).toBe(1);
    await look(page, "live-390");
    expectQuiet(watched);
  });

  test("[WEB-49] on phones and with large text nothing is wider than the page, and no number breaks", async () => {
    await publish("narrow", {
      opens: inHours(-1),
      prizes: [{ id: "cup", title: "A cup", mode: "first-come", stock: 1_000 }],
    });
    const names = [
      "The Extraordinarily Long-Winded Society of Lamplighters and Their Friends by the Sea",
      "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
      "فريق ذو اسم طويل جدًا لا يتسع له أي هاتف مهما كان عريضًا ولا أي لوحة",
    ];
    for (const [index, name] of names.entries()) {
      await pages.client.team("narrow", name.slice(0, 70));
      const { body } = await pages.client.organise<{ teams: { id: string; name: string }[] }>(
        "GET",
        "/v1/hunts/narrow/teams",
      );
      const id = body.teams.find((each) => each.name === name.slice(0, 70))?.id ?? "";
      await pages.client.organise("POST", `/v1/hunts/narrow/teams/${id}/awards`, {
        points: 123_456 + index,
        reason: "a test",
      });
    }
    for (const locale of ["en-GB", "de-DE", "ar-EG"]) {
      for (const [width, options] of [
        ["390", PHONE],
        ["320", NARROW],
        ["desk", { viewport: { width: 1_280, height: 800 } }],
      ] as const) {
        const { page, watched } = await openConsole("", { ...options, locale });
        for (const view of [
          "",
          "narrow/live",
          "narrow/edit/text",
          "narrow/teams",
          "narrow/prizes",
          "narrow/data",
        ]) {
          await page.goto(`/organise#${view}`);
          await page
            .locator(view === "" ? ".hunt-card" : ".views")
            .first()
            .waitFor();
          if (view === "narrow/live") {
            await page.locator("section:has(#standings) tbody tr").nth(2).waitFor();
            const name = page.locator("section:has(#standings) button.name").first();
            // Where the column begins, whichever way the name is written.
            expect(await name.evaluate((element) => getComputedStyle(element).textAlign)).not.toBe("center");
          }
          if (view === "narrow/teams") await page.locator("tbody tr").nth(2).waitFor();
          if (view === "narrow/edit/text") await page.locator(".editor").waitFor();
          if (view === "narrow/data") await page.locator("tbody tr").first().waitFor();
          for (const size of width === "320" ? ["", "200%"] : [""]) {
            await page.evaluate((wanted) => {
              document.documentElement.style.fontSize = wanted;
            }, size);
            await sleep(150);
            const found = await page.evaluate(() => ({
              wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
              broken: [...document.querySelectorAll("td.number, th.number")]
                .filter((cell) => {
                  const range = document.createRange();
                  range.selectNodeContents(cell);
                  const tops = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
                  return tops.size > 1;
                })
                .map((cell) => cell.textContent),
              // A number that is cut off reads as another one.
              cut: [...document.querySelectorAll(".scroll")]
                .filter((box) => box.scrollWidth > box.clientWidth + 1)
                .map((box) => box.textContent.slice(0, 40)),
            }));
            const name = `${view.replace("/", "-") || "list"}-${width}${size === "" ? "" : "-large"}-${locale.slice(0, 2)}`;
            await look(page, name);
            expect(found, name).toEqual({ wide: 0, broken: [], cut: [] });
          }
          await page.evaluate(() => {
            document.documentElement.style.fontSize = "";
          });
        }
        if (width === "390") {
          await page.goto("/organise#narrow/live");
          const name = page.locator("section:has(#standings) button.name").first();
          await name.waitFor();
          const isCut = () => name.evaluate((element) => element.scrollWidth > element.clientWidth);
          expect(await isCut()).toBe(true);
          await name.tap();
          expect(await isCut()).toBe(false);
        }
        expectQuiet(watched);
        await page.context().close();
      }
    }
  });
});
