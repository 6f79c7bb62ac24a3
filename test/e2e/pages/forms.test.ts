/** The definition by forms: [WEB-92] to [WEB-95], [WEB-139] of SPEC.md. */
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import {
  answer,
  DESK,
  expectAccessible,
  expectFits,
  expectQuiet,
  joinAs,
  noBrowser,
  Pages,
  PHONE,
  picture,
  type Watched,
} from "./browser.ts";
import { COVERS, logoOf } from "./looks.ts";

const TABLET = { viewport: { width: 820, height: 1_180 }, hasTouch: true } as const;

const LAMP = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><circle cx="20" cy="20" r="18"/></svg>',
);

const HUNT = {
  format: 1,
  title: "Formed",
  rounds: [{ id: "quay", title: "The Quay" }],
  clues: ["one", "two", "three"].map((id, index) => ({
    id,
    round: "quay",
    title: `Clue ${id}`,
    kind: "answer",
    points: 10,
    answers: ["right"],
    ...(index === 0 ? {} : { opens: { solved: ["one", "two"][index - 1] } }),
  })),
};

let pages: Pages;

describe.skipIf(noBrowser)("the definition by forms", { timeout: 720_000 }, () => {
  beforeAll(async () => {
    pages = await Pages.start();
  });
  afterEach(() => pages.closeContexts());
  afterAll(() => pages?.stop());

  async function openForms(
    place: string,
    options: Parameters<Pages["page"]>[1] = DESK,
  ): Promise<{ page: Page; watched: Watched }> {
    const opened = await pages.page(`/organise#token=${pages.token}`, options);
    await opened.page.locator(".hunt-cards").waitFor({ state: "attached" });
    await opened.page.goto(`/organise#${place}`);
    return opened;
  }

  const publish = async (hunt: string, text: string): Promise<void> => {
    const put = await pages.client.call("PUT", `/v1/hunts/${hunt}`, {
      token: pages.token,
      body: text,
      type: "application/yaml",
    });
    expect(put.status, put.text).toBeLessThan(300);
  };

  const published = async (hunt: string): Promise<string> =>
    (await pages.client.call("GET", `/v1/hunts/${hunt}/definition`, { token: pages.token })).text;

  const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
  const field = (page: Page, path: string) => page.locator(`[id="f-${path}"]`);

  async function section(page: Page, name: string): Promise<void> {
    await page.getByRole("navigation", { name: "Parts of the hunt" }).getByRole("link", { name }).click();
    await page.getByRole("heading", { name, exact: true, level: 2 }).waitFor();
  }

  test("[WEB-95] who writes no YAML makes a hunt of every kind of clue, two prizes, plays it, and its text reads as if written by hand", async () => {
    const { page, watched } = await openForms("");
    await button(page, "New hunt").click();
    await page.getByLabel("Id of the new hunt").fill("by-forms");
    await page.getByRole("dialog").getByRole("button", { name: "New hunt" }).click();
    await page.getByLabel("Title").fill("Lamps of the Old Town");
    await page.getByLabel("Add a language").selectOption("de");
    await field(page, "title-de").fill("Lampen der Altstadt");
    await field(page, "description").fill("Six lamps.\nOne evening.");
    await field(page, "description-de").fill("Sechs Lampen.\nEin Abend.");
    await section(page, "Rounds");
    await field(page, "rounds.0.title").fill("The Old Town");
    await field(page, "rounds.0.title").press("Tab");

    await section(page, "Clues");
    await page.getByRole("button", { name: /^The Beginning/ }).click();
    await field(page, "clues.0.title").fill("The First Lamp");
    await field(page, "clues.0.title-de").fill("Die erste Lampe");
    await field(page, "clues.0.body").fill("How many windows does the house have?");
    await field(page, "clues.0.body-de").fill("Wie viele Fenster hat das Haus?");
    await field(page, "clues.0.answers.0").fill("17");
    await page.getByLabel("Two texts are the same if").selectOption("number");
    await page.getByText("Replies to near misses").click();
    await button(page, "Add a reply").click();
    await field(page, "clues.0.nudges.0.match.0").fill("16");
    await field(page, "clues.0.nudges.0.say").fill("And the one in the roof?");
    const tryBox = page.locator(".try input");
    for (const [text, told] of [
      ["17.0", "Right."],
      ["16", "And the one in the roof?"],
      ["18", "Wrong."],
      ["many", "No number"],
    ] as const) {
      await tryBox.fill(text);
      await page.locator(".try").getByText(told).waitFor();
    }
    await button(page, "Add a hint").click();
    await field(page, "clues.0.hints.0.text").fill("Look at the roof.");
    await field(page, "clues.0.hints.0.cost").fill("10");
    await field(page, "clues.0.hints.0.after").fill("5");

    await button(page, "Add a clue").click();
    await field(page, "clues.1.title").fill("The Flag");
    await page.getByLabel("It is solved by").selectOption("choice");
    await field(page, "clues.1.choices.0.label").fill("Red");
    await field(page, "clues.1.choices.1.label").fill("Blue");
    await page.getByLabel("is right").nth(1).check();
    await page.getByLabel("What is picked").selectOption("order");
    await page.getByRole("group", { name: "Right answer 1" }).getByLabel("Red").check();
    await expect
      .poll(() => page.getByRole("group", { name: "Right answer 1" }).innerText())
      .toMatch(/Red\s*2\.\s*Blue\s*1\./);
    await page.getByLabel("What is picked").selectOption("one");
    await page.getByLabel("is right").nth(0).uncheck();
    await field(page, "clues.1.points").fill("40");
    await page.getByLabel("It opens").selectOption("solved");

    await button(page, "Add a clue").click();
    await field(page, "clues.2.title").fill("The Shop Window");
    await page.getByLabel("It is solved by").selectOption("scan");
    await page.getByLabel("It opens").selectOption("any");
    await field(page, "clues.2.opens.any.0.solved").selectOption("the-flag");
    await button(page, "Add a condition").click();
    await field(page, "clues.2.opens.any.1").selectOption("after");

    await button(page, "Add a clue").click();
    await field(page, "clues.3.title").fill("The Bridge");
    await page.getByLabel("It is solved by").selectOption("place");
    const map = page.locator(".map");
    await map.locator(".leaflet-interactive").first().waitFor();
    await map.click({ position: { x: 60, y: 60 } });
    await expect.poll(() => field(page, "clues.3.place.lat").inputValue()).not.toBe("0");
    await field(page, "clues.3.place.lat").fill("53.5436");
    await field(page, "clues.3.place.lng").fill("9.9669");
    await field(page, "clues.3.place.radius").fill("60");

    await button(page, "Add a clue").click();
    await field(page, "clues.4.title").fill("The Painting");
    await button(page, "Insert a picture or a file").click();
    await page
      .locator("input[type=file]")
      .setInputFiles({ name: "Lamp.svg", mimeType: "image/svg+xml", buffer: LAMP });
    const dialog = page.getByRole("dialog");
    await dialog.locator("[name=alt]").fill("A lamp");
    await dialog.locator("button[type=submit]").click();
    await expect.poll(() => field(page, "clues.4.body").inputValue()).toBe("![A lamp](asset:lamp.svg)");
    await page.locator(".phone img").waitFor();
    await field(page, "clues.4.answers.0").fill("lamp");

    await button(page, "Add a clue").click();
    await field(page, "clues.5.title").fill("The Last Lamp");
    await field(page, "clues.5.body").fill("What did they all light?");
    await field(page, "clues.5.answers.0").fill("the way");
    await field(page, "clues.5.answers.0").press("Enter");
    await page.keyboard.type("way");
    await field(page, "clues.5.points").fill("200");
    await page.getByText("More settings").click();
    await page.getByLabel("A meta clue").check();
    await page.getByLabel("It opens").selectOption("solvedIn");
    await field(page, "clues.5.opens.atLeast").fill("2");
    await page.locator(".sentence").getByText("2 clues of The Old Town are solved").waitFor();

    await section(page, "Rules");
    await page.getByLabel("Finish", { exact: true }).selectOption("the-last-lamp");
    await section(page, "Players");
    await field(page, "teams.maxSize").fill("4");
    await section(page, "Times");
    await field(page, "closes").fill("2030-12-01T20:00");
    await page.getByText("In your time zone").first().waitFor();
    await section(page, "Prizes");
    await button(page, "Add a prize").click();
    await field(page, "prizes.0.title").fill("A lantern");
    await field(page, "prizes.0.stock").fill("3");
    await field(page, "prizes.0.requires").selectOption("solved");
    await field(page, "prizes.0.requires.solved").selectOption("the-last-lamp");
    await button(page, "Add a prize").click();
    await field(page, "prizes.1.title").fill("A candle");
    await field(page, "prizes.1.stock").fill("50");
    await field(page, "prizes.1.requires").selectOption("points");
    await page.getByText("No errors.").waitFor();
    await button(page, "Publish").click();
    await page.getByText("Published as version 1.").waitFor();
    const closes = new Date("2030-12-01T20:00").toISOString().replace(".000", "");
    expect(await published("by-forms")).toBe(`format: 1
languages: [en, de]
title: { en: Lamps of the Old Town, de: Lampen der Altstadt }
description:
  en: |
    Six lamps.
    One evening.
  de: |
    Sechs Lampen.
    Ein Abend.
closes: ${closes}
teams: { mode: teams, maxSize: 4 }
scoring: { finish: the-last-lamp }
rounds:
  - { id: the-old-town, title: The Old Town }
clues:
  - id: the-first-lamp
    round: the-old-town
    title: { en: The First Lamp, de: Die erste Lampe }
    body: { en: How many windows does the house have?, de: Wie viele Fenster hat das Haus? }
    kind: answer
    points: 100
    answers: ["17"]
    compare: number
    nudges:
      - { match: ["16"], say: And the one in the roof? }
    hints:
      - { id: hint, text: Look at the roof., cost: 10, after: 5m }

  - id: the-flag
    round: the-old-town
    title: The Flag
    kind: choice
    points: 40
    choices:
      - { id: red, label: Red }
      - { id: blue, label: Blue }
    answers: [blue]
    opens: { solved: the-first-lamp }

  - id: the-shop-window
    round: the-old-town
    title: The Shop Window
    kind: scan
    points: 100
    opens: { any: [ { solved: the-flag }, { after: 30m } ] }

  - id: the-bridge
    round: the-old-town
    title: The Bridge
    kind: place
    points: 100
    place: { lat: 53.5436, lng: 9.9669, radius: 60 }

  - id: the-painting
    round: the-old-town
    title: The Painting
    body: "![A lamp](asset:lamp.svg)"
    kind: answer
    points: 100
    answers: [lamp]

  - id: the-last-lamp
    round: the-old-town
    title: The Last Lamp
    body: What did they all light?
    kind: answer
    meta: true
    points: 200
    answers: [the way, way]
    opens: { solvedIn: the-old-town, atLeast: 2 }
prizes:
  - { id: a-lantern, title: A lantern, stock: 3, requires: { solved: the-last-lamp } }
  - { id: a-candle, title: A candle, stock: 50, requires: { points: 100 } }
`);
    await button(page, "Start the hunt").click();
    await page.getByRole("dialog").getByRole("button", { name: "Start the hunt" }).click();
    await page.getByText("Live", { exact: true }).first().waitFor();
    const player = await pages.page("/play/by-forms");
    const german = await pages.page("/play/by-forms?lang=de");
    await joinAs(german.page, "Anna", { create: "Seeschwalben" });
    await german.page.getByRole("link", { name: /Die erste Lampe/ }).click();
    await german.page.getByText("Wie viele Fenster hat das Haus?").waitFor();
    await german.page.goto("/play/by-forms#clue/the-painting");
    await german.page.getByRole("img", { name: "A lamp" }).waitFor();
    await joinAs(player.page, "Ann", { create: "Terns" });
    expect(await answer(player.page, "The First Lamp", "16")).toBe("nudge");
    expect(await answer(player.page, "The First Lamp", "17")).toBe("correct");
    await player.page.goto("/play/by-forms#clues");
    await player.page.getByRole("link", { name: /The Flag/ }).waitFor();
    expectQuiet(watched);
    expectQuiet(player.watched);
  });

  test("[WEB-92] a form's change leaves the author's text as it was, is undone and done again, and is kept", async () => {
    const text = `# Written by hand.\n${stringify(HUNT)}# The end.\n`.replace(
      "title: Clue two",
      "title: Clue two   # rename?",
    );
    await publish("by-hand", text);
    const { page, watched } = await openForms("by-hand/edit/clues.0");
    await field(page, "clues.0.points").fill("25");
    await field(page, "clues.0.points").blur();
    await page.getByText("No errors.").waitFor();
    await button(page, "Undo").click();
    expect(await field(page, "clues.0.points").inputValue()).toBe("10");
    await button(page, "Redo").click();
    expect(await field(page, "clues.0.points").inputValue()).toBe("25");
    await page.reload();
    await expect.poll(() => field(page, "clues.0.points").inputValue()).toBe("25");
    await page.getByRole("link", { name: "Write as text (YAML)" }).click();
    const editor = page.getByRole("textbox", { name: "Definition of the hunt, YAML" });
    await expect.poll(() => editor.innerText()).toContain("points: 25");
    await editor.click();
    await page.keyboard.press("Control+Home");
    await page.keyboard.type("# Mine.\n");
    await page.getByRole("link", { name: "Write as forms" }).click();
    await page.getByText("No errors.").waitFor();
    await button(page, "Publish").click();
    await page.getByText("Published as version 2.").waitFor();
    expect(await published("by-hand")).toBe(`# Mine.\n${text.replace("points: 10", "points: 25")}`);
    expectQuiet(watched);
  });

  test("[WEB-93] clues are put in another order by the keyboard and by dragging, and the drawing leads to their forms", async () => {
    await publish("ordered", stringify(HUNT));
    const { page, watched } = await openForms("ordered/edit/clues", TABLET);
    const titles = () => page.locator(".ordered > li strong").allInnerTexts();
    await page.locator(".ordered > li").nth(2).waitFor();
    await page.locator(".handle").first().focus();
    await page.keyboard.press("ArrowDown");
    await expect.poll(titles).toEqual(["Clue two", "Clue one", "Clue three"]);
    await page.getByText("Clue one is now number 2 of 3.").waitFor({ state: "attached" });
    await page.keyboard.press("ArrowDown");
    await expect.poll(titles).toEqual(["Clue two", "Clue three", "Clue one"]);
    const [from, to] = await Promise.all(
      [2, 0].map((index) => page.locator(".ordered > li").nth(index).locator(".handle").boundingBox()),
    );
    await page.mouse.move((from?.x ?? 0) + 10, (from?.y ?? 0) + 10);
    await page.mouse.down();
    await page.mouse.move((to?.x ?? 0) + 10, (to?.y ?? 0) + 10, { steps: 5 });
    await page.mouse.up();
    await expect.poll(titles).toEqual(["Clue one", "Clue two", "Clue three"]);
    await section(page, "What opens what");
    await page.getByRole("button", { name: /^Clue two: .*Clue one/ }).press("Enter");
    await field(page, "clues.1.title").waitFor();
    // What opened by it is renamed with it.
    await page.getByText("More settings").click();
    await field(page, "clues.1.id").fill("second");
    await field(page, "clues.1.id").press("Tab");
    await button(page, "Next").click();
    expect(await field(page, "clues.2.opens.solved").inputValue()).toBe("second");
    expectQuiet(watched);
  });

  test("[WEB-94] what the engine finds stands at its field, and the list leads there", async () => {
    await publish("found", stringify(HUNT));
    const { page, watched } = await openForms("found/edit/clues.1");
    await field(page, "clues.1.answers.0").fill("!");
    await page.locator("[data-path='clues.1.answers.0'] .note.bad").waitFor();
    expect(await field(page, "clues.1.answers.0").getAttribute("aria-invalid")).toBe("true");
    expect(await button(page, "Publish").isDisabled()).toBe(true);
    await section(page, "Prizes");
    await page.locator(".all-findings button").first().click();
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe("f-clues.1.answers.0");
    await button(page, "Undo").click();
    await page.getByText("No errors.").waitFor();
    // A text that cannot be read shows no forms, and the way to it.
    await page.getByRole("link", { name: "Write as text (YAML)" }).click();
    await page.getByRole("textbox", { name: "Definition of the hunt, YAML" }).click();
    await page.keyboard.press("Control+Home");
    await page.keyboard.type("[");
    await page.getByRole("link", { name: "Write as forms" }).click();
    await page.getByText("The text cannot be read").waitFor();
    expectQuiet(watched);
  });

  test("[WEB-94] a hunt begins with a template or as a copy of another", async () => {
    await publish("origin", `# To be copied.\nhunt: origin\n${stringify(HUNT)}`);
    const { page, watched } = await openForms("");
    await page.locator(".hunt-card").first().waitFor();
    const begin = async (id: string, what: string): Promise<void> => {
      await button(page, "New hunt").click();
      await page.getByLabel("Id of the new hunt").fill(id);
      await page.getByLabel("Begin with").selectOption(what);
      await page.getByRole("dialog").getByRole("button", { name: "New hunt" }).click();
      await page.getByText("No errors.").waitFor();
    };
    await begin("the-trail", "trail");
    expect(await page.getByLabel("Title").inputValue()).toBe("A walk through town");
    await page.goto("/organise#");
    await page.locator(".hunt-card").first().waitFor();
    await begin("the-copy", "copy/origin");
    await button(page, "Publish").click();
    await page.getByText("Published as version 1.").waitFor();
    expect(await published("the-copy")).toBe(`# To be copied.\n${stringify(HUNT)}`);
    expectQuiet(watched);
  });

  test("[WEB-96] the codes are printed as cards, six an A4 page or one, and where only this machine opens them it is said", async () => {
    const scans = Array.from({ length: 7 }, (_, index) => ({
      ...{ id: `s${index}`, round: "quay", title: `Lamp ${index}`, kind: "scan", points: 1 },
    }));
    await publish("printed", stringify({ ...HUNT, clues: scans }));
    const { page, watched } = await openForms("printed/codes");
    await page.locator(".sheet-card").nth(6).waitFor();
    await page.getByText("These codes lead to this machine").waitFor();
    await page.getByLabel("The line under the code").fill("Hold me before your camera");
    /** Pages of a printed PDF, all of them A4. */
    const printed = async (): Promise<number> => {
      const pdf = (await page.pdf({ preferCSSPageSize: true })).toString("latin1");
      const sizes = [...pdf.matchAll(/\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/g)];
      for (const [, ...points] of sizes) {
        expect(points.map((size) => Math.round((Number(size) / 72) * 25.4))).toEqual([210, 297]);
      }
      return sizes.length;
    };
    expect(await printed()).toBe(2);
    await page.emulateMedia({ media: "print" });
    expect(await page.locator(".sheet-page").count()).toBe(2);
    expect(await page.locator(".sheet-settings").isVisible()).toBe(false);
    const card = page.locator(".sheet-card").first();
    expect(await card.innerText()).toContain("Hold me before your camera");
    expect(await card.innerText()).toContain("Lamp 0");
    await page.emulateMedia({ media: null });
    await page.getByLabel("Show the titles of the clues").uncheck();
    expect(await card.innerText()).not.toContain("Lamp 0");
    await page.getByLabel("Cards on a page").selectOption("1");
    expect(await printed()).toBe(7);
    await expectAccessible(page);
    expectQuiet(watched);
  });

  test("[WEB-202] the codes of teams are cards as well, in the hunt's look", async () => {
    const path = "/v1/hunts/crews/assets/logo.svg";
    const logo = { token: pages.token, body: logoOf(0), type: "application/octet-stream" };
    await pages.client.call("PUT", path, logo);
    const teams = { mode: "teams", maxSize: 4 };
    const look = { logo: "asset:logo.svg", colour: "#ffd400", font: "serif" };
    await publish("crews", stringify({ ...HUNT, teams, look }));
    const { page, watched } = await openForms("crews/teams");
    await page.locator("summary", { hasText: "Make teams beforehand" }).click();
    const names = Array.from({ length: 7 }, (_, index) => `Crew ${index}`);
    await page.locator("details textarea").fill(names.join("\n"));
    await page.locator("details button[type=submit]").click();
    await page.locator(".sheet-card").nth(6).waitFor();
    const card = page.locator(".sheet-card").first();
    expect(await card.innerText()).toContain("Crew 0");
    expect(await card.innerText()).toContain("Formed");
    const mark = card.locator("img.logo");
    await expect.poll(() => mark.evaluate((of: HTMLImageElement) => of.naturalWidth)).toBeGreaterThan(0);
    // The yellow is not to be read on white.
    const colour = await card.locator("h2").evaluate((title) => getComputedStyle(title).color);
    expect(colour).not.toBe("rgb(255, 212, 0)");
    expect(await card.locator("h2").evaluate((title) => getComputedStyle(title).fontFamily)).toContain(
      "serif",
    );
    const pdf = (await page.pdf({ preferCSSPageSize: true })).toString("latin1");
    expect([...pdf.matchAll(/\/MediaBox/g)]).toHaveLength(2);
    await expectAccessible(page);
    expectQuiet(watched);
  });

  test("[WEB-139] [WEB-140] a look and a webhook are made by forms, and the card of previews is drawn", async () => {
    await publish("worn", `# Mine.\n${stringify(HUNT)}`);
    for (const [name, body] of [
      ["logo.svg", logoOf(0)],
      ["cover.svg", COVERS[0] ?? ""],
    ] as const) {
      const path = `/v1/hunts/worn/assets/${name}`;
      await pages.client.call("PUT", path, { token: pages.token, body, type: "application/octet-stream" });
    }
    const { page, watched } = await openForms("worn/edit/look");
    const contrasts = page.locator(".contrasts");
    await field(page, "look.colour").fill("#ffd400");
    await contrasts.getByText("too low").waitFor();
    await page.locator('[data-path="look.colour"] .findings li').waitFor();
    await page.getByLabel("Colour: choose").fill("#0b5c8a");
    await expect.poll(() => contrasts.getByText("too low").count()).toBe(0);
    await page.getByLabel("Type", { exact: true }).selectOption("serif");
    await field(page, "look.logo").fill("asset:logo.svg");
    await field(page, "look.cover").fill("asset:cover.svg");
    const sample = page.locator(".sample").first();
    await sample.locator("img.cover").waitFor();
    const ground = sample.locator(".button");
    await expect
      .poll(() => ground.evaluate((button) => getComputedStyle(button).backgroundColor))
      .toBe("rgb(11, 92, 138)");
    await button(page, "Make it from cover and title").click();
    await page.getByText("It is made and sent").waitFor();
    const card = page.locator("img.card-picture");
    await expect
      .poll(() => card.evaluate((of: HTMLImageElement) => [of.naturalWidth, of.naturalHeight]))
      .toEqual([1_200, 630]);
    await expectAccessible(page);
    await page.evaluate(() => window.scrollTo(0, 0));
    await picture(page, "console-form-look");
    await section(page, "Webhooks");
    await button(page, "Add a webhook").click();
    await field(page, "webhooks.0.url").fill("https://crm.example/hunt");
    await page.getByLabel("a prize is won").check();
    await field(page, "webhooks.0.url").press("Tab");
    await page.getByText("No errors.").waitFor();
    await button(page, "Publish").click();
    await page.getByText("Published as version 2.").waitFor();
    const told = parse(await published("worn")) as { look: object; webhooks: object[] };
    expect(told.look).toEqual({
      logo: "asset:logo.svg",
      cover: "asset:cover.svg",
      card: "asset:card.jpg",
      colour: "#0b5c8a",
      font: "serif",
    });
    expect(told.webhooks).toEqual([{ id: "hook", url: "https://crm.example/hunt", on: ["solved", "won"] }]);
    expectQuiet(watched);
  });

  test.each([
    ["en-GB", DESK],
    ["de-DE", PHONE],
    ["ar-EG", TABLET],
  ] as const)(
    "[WEB-94] in %s every form is within its screen and open to a screen reader",
    async (locale, options) => {
      const hunt = `seen-${locale.toLowerCase()}`;
      await pages.demo(hunt, "draft");
      const { page, watched } = await openForms(`${hunt}/edit/hunt`, { ...options, locale });
      for (const place of [
        ...[
          "hunt",
          "times",
          "people",
          "rules",
          "rounds",
          "clues",
          "graph",
          "prizes",
          "pages",
          "look",
          "webhooks",
        ],
        ...["clues.0", "clues.5", "clues.13", "clues.14", "clues.15"],
      ]) {
        await page.goto(`/organise#${hunt}/edit/${place}`);
        await page.locator(".form h2").waitFor();
        const closed = page.locator(".form details.more:not([open]) > summary");
        while ((await closed.count()) > 0) await closed.first().click();
        if (place === "clues.14") await page.locator(".map .leaflet-interactive").first().waitFor();
        await expectFits(page);
        await expectAccessible(page);
        if (locale === "en-GB" && ["clues.15", "graph"].includes(place))
          await picture(page, `console-form-${place.replace(/\..*/, "")}`);
      }
      expectQuiet(watched);
    },
  );
});
