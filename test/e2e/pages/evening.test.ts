/**
 * A whole evening in the browser: two organisers at their desks, one in German, and three teams on their phones. What
 * they need to see and do to mend a wrong answer key, to answer a request and to end a hunt, in the order of a night.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { mintOrganiserToken, type Person } from "../../../scripts/local/secrets.ts";
import {
  DESK,
  expectAccessible,
  expectFits,
  expectQuiet,
  joinAs,
  noBrowser,
  Pages,
  PHONE,
  WALL,
  type Watched,
} from "./browser.ts";

/** With LOOKS=folder, screenshots of what is tested are written there. */
const looks = process.env.LOOKS;

const ENGLISH = "en-GB";
const GERMAN = "de-DE";

let pages: Pages;
const watching: Watched[] = [];

async function look(page: Page, name: string): Promise<void> {
  if (looks === undefined) return;
  mkdirSync(looks, { recursive: true });
  await page.screenshot({ path: join(looks, `evening-${name}.png`), animations: "disabled", fullPage: true });
}

interface Keeper {
  answers: string[];
  nudges?: { match: string[]; say: string }[];
}

/** The lamp's key is the one that the evening is about. */
const definition = (lamp: Keeper): string =>
  stringify({
    format: 1,
    title: "Night at the Harbour",
    teams: { mode: "teams", maxSize: 4 },
    attempts: { burst: 2, refillPerMinute: 0.1, perClue: 0 },
    help: { perTeam: 1, about: "anything" },
    rounds: [{ id: "quay", title: "The Quay" }],
    clues: [
      { id: "lamp", round: "quay", title: "The Lamp", kind: "answer", points: 30, ...lamp },
      {
        id: "rope",
        round: "quay",
        title: "The Rope",
        kind: "answer",
        points: 20,
        answers: ["bowline"],
        hints: [{ id: "knot", text: "The king of knots.", cost: 5 }],
      },
      {
        id: "vault",
        round: "quay",
        title: "The Vault",
        kind: "answer",
        points: 50,
        answers: ["gold"],
        opens: { solved: "lamp" },
      },
    ],
  });

const button = (within: Page | Locator, name: string): Locator =>
  within.getByRole("button", { name, exact: true });

async function organiser(person: Partial<Person>, locale: string): Promise<Page> {
  const { page, watched } = await pages.page("/organise", { ...DESK, locale });
  watching.push(watched);
  const token = await mintOrganiserToken(pages.engine.secrets, undefined, person);
  await page.locator("input[name=token]").fill(token);
  await page.locator("form.card button[type=submit]").click();
  await page.locator(".hunt-cards").waitFor({ state: "attached" });
  return page;
}

/** A player of a new team, on a phone. */
async function team(hunt: string, name: string, create: string, locale: string): Promise<Page> {
  const { page, watched } = await pages.page(`/play/${hunt}`, { ...PHONE, locale });
  watching.push(watched);
  await joinAs(page, name, { create });
  await page.getByRole("button", { name: /I have kept it|Ich habe ihn aufgehoben/ }).click();
  return page;
}

async function openClue(page: Page, title: string): Promise<void> {
  await page.goto(page.url().replace(/#.*|$/, "#clues"));
  await page.getByRole("link", { name: new RegExp(title) }).click();
}

/** Answers on the clue's own page, and gives what became of it. */
async function say(page: Page, title: string, text: string): Promise<string> {
  await openClue(page, title);
  await page.getByLabel(/Your answer|Deine Antwort/).fill(text);
  await page.getByRole("button", { name: /^(Check|Prüfen)$/ }).click();
  const verdict = page.locator(".verdict").first();
  await verdict.waitFor();
  return (await verdict.getAttribute("data-outcome")) ?? "";
}

const inDialog = (page: Page): Locator => page.getByRole("dialog");

/** Pastes over the whole text of the definition, and waits until the engine has judged it. */
async function write(page: Page, text: string): Promise<void> {
  const editor = page.getByRole("textbox", { name: "Definition der Schatzsuche, YAML" });
  await page.getByText("Keine Fehler.").waitFor();
  await editor.click();
  await page.keyboard.press("Control+a");
  const judged = page.waitForResponse(
    (response) => response.request().method() === "PUT" && response.url().includes("dryRun=true"),
  );
  await editor.evaluate((element, pasted) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", pasted);
    element.dispatchEvent(
      new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true, composed: true }),
    );
  }, text);
  expect((await judged).status()).toBe(200);
  await page.getByText("Keine Fehler.").waitFor();
}

describe.skipIf(noBrowser)("an evening", { timeout: 900_000 }, () => {
  beforeAll(async () => {
    pages = await Pages.start({ SHARDS_PER_REGION: "2" });
  });
  afterEach(() => pages.closeContexts());
  afterAll(() => pages?.stop());

  test("[WEB-102] [WEB-90] [WEB-91] a wrong key is found, nudged, corrected with its effects shown, undone, corrected again; a request is answered; the hunt is ended, corrected and made final", async () => {
    const HUNT = "evening";
    const wrong = definition({ answers: ["lighthouse keeper"] });
    const published = await pages.client.call("PUT", `/v1/hunts/${HUNT}`, {
      token: pages.token,
      body: wrong,
      type: "application/yaml",
    });
    expect(published.status, published.text).toBe(201);
    const anna = await organiser({ name: "Anna" }, GERMAN);
    const ben = await organiser({ name: "Ben", roles: ["operator"] }, ENGLISH);
    const otters = await team(HUNT, "Ola", "Otter", GERMAN);
    const lanterns = await team(HUNT, "Liz", "Lanterns", ENGLISH);
    const gulls = await team(HUNT, "Mia", "Möwen", GERMAN);

    // Anna starts it; whoever has joined sees the clues at once.
    await anna.goto(`/organise#${HUNT}/live`);
    await button(anna, "Schatzsuche starten").click();
    await button(inDialog(anna), "Schatzsuche starten").click();
    for (const page of [otters, lanterns, gulls])
      await page.getByRole("link", { name: /The Lamp/ }).waitFor();

    // The key that was published is wrong: two teams give the right answer, one that of the key.
    expect(await say(otters, "The Lamp", "keeper of the light")).toBe("incorrect");
    expect(await say(lanterns, "The Lamp", "Keeper of the Light")).toBe("incorrect");
    expect(await say(lanterns, "The Lamp", "sailor")).toBe("incorrect");
    expect(await say(gulls, "The Lamp", "lighthouse keeper")).toBe("correct");
    await look(otters, "player-wrong");
    await expectFits(otters);

    // Ben sees at a glance what most teams type.
    await ben.goto(`/organise#${HUNT}/feed`);
    await ben.locator("select[name=clue]").selectOption({ label: "The Lamp" });
    const most = ben
      .getByRole("region", { name: /Wrong answers/ })
      .getByRole("row")
      .nth(1);
    await most
      .filter({ hasText: /keeper of the light/i })
      .getByText("2")
      .first()
      .waitFor();
    await look(ben, "wrong-answers");
    await expectAccessible(ben);

    // Until they know, Anna explains: a nudge, the tries given back, a message to who was wrong.
    const nudge = { match: ["keeper of the light"], say: "We are looking into this one." };
    await anna.goto(`/organise#${HUNT}/edit/text`);
    await write(anna, definition({ answers: ["lighthouse keeper"], nudges: [nudge] }));
    await button(anna, "Veröffentlichen").click();
    await inDialog(anna).getByText("Aus Version 1 wird Version 2").waitFor();
    await button(inDialog(anna), "Veröffentlichen").click();
    await anna.getByText("Als Version 2 veröffentlicht.").waitFor();
    await anna.goto(`/organise#${HUNT}/teams`);
    const row = (name: string): Locator => anna.getByRole("row").filter({ hasText: name });
    await button(row("Lanterns"), "Versuche zurückgeben").click();
    await inDialog(anna).getByLabel("Rätsel (leer: alle)").selectOption({ label: "The Lamp" });
    await inDialog(anna).getByLabel("Grund (für das Protokoll)").fill("der Schlüssel ist vielleicht falsch");
    await button(inDialog(anna), "Versuche zurückgeben").click();
    await inDialog(anna).waitFor({ state: "hidden" });
    await button(row("Lanterns"), "Nachricht").click();
    await inDialog(anna).getByLabel("Was nur Lanterns erfährt (Markdown)").fill("Your lamp may be *right*.");
    await button(inDialog(anna), "Senden").click();
    await lanterns.locator(".toast").getByText("Your lamp may be right.").waitFor();
    expect(await otters.locator(".toast").getByText("Your lamp may be right.").count()).toBe(0);
    // A new player's wrong answer is explained now, and costs no try.
    const seals = await team(HUNT, "Sam", "Seals", ENGLISH);
    expect(await say(seals, "The Lamp", "keeper of the light")).toBe("nudge");
    await seals.getByText("We are looking into this one.").waitFor();
    expect(await say(lanterns, "The Lamp", "harbour master")).toBe("incorrect");

    // Corrected: the dialog says in players' terms what moves, before anything does.
    const right = definition({ answers: ["keeper of the light"] });
    await anna.goto(`/organise#${HUNT}/edit/text`);
    await write(anna, right);
    await button(anna, "Veröffentlichen").click();
    const effects = inDialog(anna);
    await effects.getByText("Wenn du die Eingaben nach dieser Version neu bewertest").waitFor();
    await effects.getByText("The Lamp: gelöst von 3 statt 1").waitFor();
    await effects.getByRole("row").filter({ hasText: "Lanterns" }).getByText("0 → 30").waitFor();
    await effects.getByRole("row").filter({ hasText: "Möwen" }).getByText("30 → 0").waitFor();
    await look(anna, "effects");
    await expectAccessible(anna);
    await button(effects, "Veröffentlichen").click();
    await anna.getByText("Als Version 3 veröffentlicht.").waitFor();
    const regrade = async (reason: string): Promise<void> => {
      await anna.goto(`/organise#${HUNT}/data`);
      await button(anna, "Eingaben neu bewerten").click();
      await inDialog(anna).getByLabel("Grund (für das Protokoll)").fill(reason);
      await look(anna, "regrade");
      await button(inDialog(anna), "Eingaben neu bewerten").click();
      await anna.getByText("Neu bewertet.").waitFor();
    };
    const scores = async (): Promise<Record<string, number>> => {
      const { entries } = await pages.client.board(HUNT);
      return Object.fromEntries(entries.map(({ team: { name }, score }) => [name, score]));
    };
    await regrade("der Schlüssel war falsch");
    await expect.poll(scores).toEqual({ Otter: 30, Lanterns: 30, Seals: 30, Möwen: 0 });
    // The pages follow by themselves: solved here, open again there, and what it opens is open.
    await openClue(otters, "The Vault");
    await openClue(lanterns, "The Vault");
    await openClue(gulls, "The Lamp");
    await gulls.getByLabel("Deine Antwort").waitFor();
    await look(gulls, "player-lost");

    // It was too much: the Gulls were right as well. Ben, who did not make it, takes it back, after a reload too.
    await ben.goto(`/organise#${HUNT}/data`);
    await button(ben, "Undo it").click();
    await inDialog(ben).getByLabel("Reason (for the audit)").fill("both are right");
    await button(inDialog(ben), "Undo it").click();
    await ben.getByText("It is as before.").waitFor();
    await expect.poll(scores).toEqual({ Möwen: 30, Otter: 0, Lanterns: 0, Seals: 0 });
    // What it opened stays open.
    await openClue(otters, "The Vault");

    await anna.goto(`/organise#${HUNT}/edit/text`);
    await write(anna, definition({ answers: ["keeper of the light", "lighthouse keeper"] }));
    await button(anna, "Veröffentlichen").click();
    await inDialog(anna).getByText("The Lamp: gelöst von 4 statt 1").waitFor();
    await button(inDialog(anna), "Veröffentlichen").click();
    await anna.getByText("Als Version 4 veröffentlicht.").waitFor();
    await regrade("beide sind richtig");
    await expect.poll(scores).toEqual({ Möwen: 30, Otter: 30, Lanterns: 30, Seals: 30 });

    // A request: asked on the clue's page, claimed and answered by Ben, heard on the phone.
    await openClue(gulls, "The Rope");
    await gulls.getByLabel("Wobei braucht ihr hier Hilfe?").fill("Das Seil ist weg.");
    await button(gulls, "Senden").click();
    await gulls.getByText("Wartet auf Antwort.").waitFor();
    await look(gulls, "player-asks");
    await expectFits(gulls);
    await ben.getByText("one request waits").waitFor();
    await ben.goto(`/organise#${HUNT}/help`);
    await ben.getByRole("button", { name: /Möwen/ }).click();
    await button(ben, "Take it").click();
    await gulls.getByText("Jemand sieht es sich an.").waitFor();
    await ben.getByLabel("Your answer").fill("It hangs at the crane again.");
    await look(ben, "help");
    await button(ben, "Answer").click();
    await gulls.locator(".toast").getByText("It hangs at the crane again.").waitFor();
    await gulls.getByText("Beantwortet.").waitFor();
    expect(await say(gulls, "The Rope", "bowline")).toBe("correct");
    await gulls.getByText("Geschlossen.").waitFor();

    // Ended; what was solved on paper is corrected since, and then nothing any more.
    await anna.goto(`/organise#${HUNT}/live`);
    await button(anna, "Schatzsuche beenden").click();
    await button(inDialog(anna), "Schatzsuche beenden").click();
    for (const page of [otters, gulls])
      await page.getByText("Die Schatzsuche ist zu Ende.").first().waitFor();
    await ben.goto(`/organise#${HUNT}/teams`);
    await button(ben.getByRole("row").filter({ hasText: "Otter" }), "Count as solved").click();
    await inDialog(ben).getByLabel("Clue", { exact: true }).selectOption({ label: "The Vault" });
    await inDialog(ben).getByLabel("Reason (for the audit)").fill("handed in on paper");
    await button(inDialog(ben), "Count as solved").click();
    await expect.poll(scores).toEqual({ Otter: 80, Möwen: 50, Lanterns: 30, Seals: 30 });
    await button(anna, "Endgültig machen").click();
    await inDialog(anna).getByText("Das lässt sich nicht zurücknehmen.").waitFor();
    await button(inDialog(anna), "Endgültig machen").click();
    await button(anna, "Endgültig machen").waitFor({ state: "detached" });
    await look(anna, "final");
    // Ben's page, opened before, says so as well, and offers nothing that would be refused.
    await button(ben, "Make final").waitFor({ state: "detached" });
    await look(ben, "final-teams");
    await expect.poll(() => button(ben, "Award").count(), { timeout: 60_000 }).toBe(0);
    const late = await pages.client.organise("POST", `/v1/hunts/${HUNT}/regrade`, { dryRun: false });
    expect(late.status).toBe(409);

    const { page: board, watched } = await pages.page(`/board/${HUNT}`, { ...WALL, locale: GERMAN });
    watching.push(watched);
    await board.getByText("Otter").first().waitFor();
    await look(board, "board");
    await otters.goto(`/play/${HUNT}#clues`);
    await look(otters, "player-final");
    await pages.client.verify(HUNT);
    for (const each of watching) expectQuiet(each);
  });
});
