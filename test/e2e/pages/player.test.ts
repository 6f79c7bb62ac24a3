/** The player page where it misled: verdicts, choices, hints, prizes, the end, standings on small screens. */
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { answer, expectAccessible, expectQuiet, joinAs, noBrowser, Pages, PHONE } from "./browser.ts";

const SMALL = { ...PHONE, viewport: { width: 320, height: 640 } } as const;

/** A hunt of many kinds, played alone unless told otherwise. */
const HUNT = {
  format: 1,
  title: "Harbour",
  teams: { mode: "teams", maxSize: 4 },
  attempts: { burst: 3, refillPerMinute: 2 },
  rounds: [{ id: "r", title: "The Quay" }],
  clues: [
    {
      id: "light",
      round: "r",
      title: "What guides ships",
      kind: "choice",
      points: 10,
      body: `![A tall tower](/none.png)\n\n${"Long ago it stood by the water.\n\n".repeat(12)}`,
      choices: ["Lighthouse", "Anchor", "Buoy", "Gull"].map((label) => ({ id: label.toLowerCase(), label })),
      answers: ["lighthouse"],
    },
    {
      id: "poem",
      round: "r",
      title: "A poem",
      kind: "answer",
      points: 20,
      body: "The first line ends here\\\nthe second line is *there*  \n*a third* one\n\n- a list\n- of two",
      answers: ["moon"],
      hints: [
        { id: "dear", text: "Look up.", cost: 15 },
        { id: "free", text: "At night.", cost: 0 },
      ],
    },
    {
      id: "last",
      round: "r",
      title: "The last",
      kind: "answer",
      points: 5,
      body: "Say it.",
      answers: ["amen"],
      opens: { solved: "poem" },
    },
  ],
  prizes: [
    { id: "cup", title: "A cup", stock: 3, requires: { all: [{ solved: "last" }, { points: 30 }] } },
    { id: "lot", title: "A lot", mode: "odds", odds: 0.25, stock: 2, requires: { points: 35 } },
    {
      id: "later",
      title: "For later",
      stock: 1,
      window: { from: "2099-06-01T10:00:00Z", to: "2099-06-02T10:00:00Z" },
    },
  ],
};

let pages: Pages;

describe.skipIf(noBrowser)("the player page", { timeout: 720_000 }, () => {
  beforeAll(async () => {
    pages = await Pages.start();
  });
  afterEach(() => pages.closeContexts());
  afterAll(() => pages?.stop());

  /** To play at once. */
  async function join(page: Page, name: string, team: string): Promise<void> {
    await page.locator('form.join-form [name="name"]').waitFor();
    const isTeams = (await page.locator('input[name="team"]').count()) > 0;
    await joinAs(page, name, isTeams ? { create: team } : {});
    await page.locator(".clue").first().waitFor();
  }

  async function mate(page: Page, hunt: string): Promise<Page> {
    await page.goto(`/play/${hunt}#team`);
    const code = (await page.locator(".invite .code").innerText()).trim();
    const opened = await pages.page(`/play/${hunt}?join=${code}`);
    await opened.page.getByLabel("Your name").fill("Ben");
    await opened.page.getByRole("button", { name: "Join", exact: true }).click();
    await opened.page.locator(".clue").first().waitFor();
    return opened.page;
  }

  const inView = (page: Page, selector: string): Promise<boolean> =>
    page
      .locator(selector)
      .first()
      .evaluate((element) => {
        const { top, bottom, left, right } = element.getBoundingClientRect();
        const foot = document.querySelector(".foot, nav.tabs")?.getBoundingClientRect().top ?? innerHeight;
        return top >= 0 && bottom <= foot + 1 && left >= -1 && right <= innerWidth + 1;
      });

  test("[WEB-31] a choice is sent once it is confirmed, marked, and its verdict and lock stay in view", async () => {
    await pages.client.publish("choose", HUNT);
    const { page, watched } = await pages.page("/play/choose", SMALL);
    await join(page, "Ann", "Otters");
    await page.getByRole("link", { name: /What guides ships/ }).click();
    await page.getByLabel("Anchor").check();
    const { body } = await pages.client.organise<{ events: number }>("GET", "/v1/hunts/choose/stats");
    expect(body).toMatchObject({ outcomes: {} });
    for (const wrong of ["Anchor", "Buoy", "Gull"]) {
      await page.getByLabel(wrong).check();
      await page.getByRole("button", { name: "Send this answer" }).click();
      await page.locator('.verdict[data-outcome="incorrect"]', { hasText: wrong }).waitFor();
      expect(await inView(page, ".verdict")).toBe(true);
    }
    await page.getByRole("timer").waitFor();
    await page.evaluate(() => window.scrollTo(0, 0));
    expect(await inView(page, '[role="timer"]')).toBe(true);
    expect(await page.locator(".choices .tried").count()).toBe(3);
    await expectAccessible(page);
    expectQuiet(watched);
  });

  test("[WEB-32] verdicts go when they say no longer how things are; others' news never lie over them", async () => {
    await pages.client.publish("stale", HUNT);
    const { page, watched } = await pages.page("/play/stale");
    await join(page, "Ann", "Gulls");
    const ben = await mate(page, "stale");
    expect(await answer(page, "A poem", "sun")).toBe("incorrect");
    // A team-mate solves another clue, then this one.
    await ben.getByRole("link", { name: /What guides ships/ }).click();
    await ben.getByLabel("Lighthouse").check();
    await ben.getByRole("button", { name: "Send this answer" }).click();
    await page.locator(".toast", { hasText: "Solved: What guides ships" }).waitFor();
    const apart = await page.evaluate(() => {
      const verdict = document.querySelector(".verdict")?.getBoundingClientRect();
      const toast = document.querySelector(".toast")?.getBoundingClientRect();
      return verdict && toast ? toast.top >= verdict.bottom || toast.bottom <= verdict.top : undefined;
    });
    expect(apart).toBe(true);
    await ben.goto("/play/stale#clues");
    expect(await answer(ben, "A poem", "moon")).toBe("correct");
    await page.locator(".clue-head .solved").waitFor();
    expect(await page.getByText("Not right.").count()).toBe(0);
    // The clue that it opened is announced, and marked until it is opened.
    await page.locator(".toast", { hasText: "New clue: The last" }).waitFor();
    await page.goto("/play/stale#clues");
    await page.locator(".clue", { hasText: "The last" }).locator(".new").waitFor();
    expect(await answer(page, "The last", "no")).toBe("incorrect");
    await page.goto("/play/stale#clues");
    expect(await page.locator(".new").count()).toBe(0);
    await page.getByRole("link", { name: /The last/ }).click();
    await page.getByLabel("Your answer").waitFor();
    expect(await page.locator(".verdict").count()).toBe(0);
    expectQuiet(watched);
  });

  test.each([
    [
      "en-GB",
      "tried that before",
      "wants a number",
      "too far from where you were last",
      "One try left for now",
      "Many are playing just now",
    ],
    [
      "de-DE",
      "schon versucht",
      "eine Zahl gefragt",
      "zu weit von deinem letzten Ort",
      "Noch ein Versuch",
      "Gerade spielen sehr viele",
    ],
    [
      "ar-EG",
      "جرّب فريقك هذا من قبل",
      "المطلوب هنا عدد",
      "بعيد جدًا عن مكانك الأخير",
      "بقيت محاولة واحدة الآن",
      "كثيرون يلعبون الآن",
    ],
  ])(
    "[WEB-36] repeated, no number, too far, tries left and refusals have words in %s",
    async (locale, repeated, number, far, left, busy) => {
      const hunt = `words-${locale.slice(0, 2)}`;
      await pages.client.publish(hunt, HUNT);
      const { page, watched } = await pages.page(`/play/${hunt}`, { ...PHONE, locale });
      await page.route(/\/me(\?|$)/, async (route) => {
        const told = await (await route.fetch()).json();
        for (const clue of told.clues ?? []) Object.assign(clue, { attemptsLeft: 1, attemptsOfClue: 7 });
        await route.fulfill({ json: told });
      });
      await join(page, "Ann", "Words");
      await page.goto(`/play/${hunt}#clue/poem`);
      await page.getByText(left).waitFor();
      // Time enough to read what is told until then.
      const soon = () => new Date(Date.now() + 10_000).toISOString();
      for (const [result, text] of [
        [{ outcome: "incorrect", repeated: true }, repeated],
        [{ outcome: "invalid", message: "this clue asks for a number" }, number],
        [{ outcome: "implausible" }, far],
      ] as const) {
        await page.route(/\/events$/, (route) => {
          const [event] = route.request().postDataJSON().events;
          const told = { ...result, ...(result.outcome === "implausible" ? { retryAt: soon() } : {}) };
          return route.fulfill({
            json: { results: [{ id: event.id, clue: "poem", ...told }], asOf: soon() },
          });
        });
        await page.locator('input[name="answer"]').fill("x");
        await page.locator('form.answer button[type="submit"]').click();
        await page.locator(`.verdict[data-outcome="${result.outcome}"]`, { hasText: text }).waitFor();
        await page.unroute(/\/events$/);
      }
      // Told with its moment, and gone after it.
      await page.locator(".verdict").waitFor({ state: "detached", timeout: 60_000 });
      await page.route(/\/leaderboard/, (route) =>
        route.fulfill({
          status: 503,
          contentType: "application/problem+json",
          body: JSON.stringify({ code: "overloaded", detail: "the shard is busy" }),
        }),
      );
      await page.goto(`/play/${hunt}#standings`);
      await page.getByText(busy).waitFor();
      expectQuiet(watched);
    },
  );

  test("[WEB-32] a scan's verdict stays while its page does; what came of a try elsewhere is told by name", async () => {
    await pages.client.publish("scans", {
      ...HUNT,
      clues: [
        ...HUNT.clues,
        { id: "chest", round: "r", title: "The chest", kind: "scan", points: 5, code: "CHEST-OF-THE-QUAY" },
        { id: "bell", round: "r", title: "The bell", kind: "scan", points: 5, code: "BELL-OF-THE-QUAY" },
      ],
    });
    const { page, watched } = await pages.page("/play/scans");
    await join(page, "Ann", "Skuas");
    const scan = async (code: string): Promise<void> => {
      await page.getByLabel("Code").fill(code);
      await page.getByRole("button", { name: "Send the code" }).click();
    };
    await scan("NO-SUCH-CODE");
    await page.locator('.verdict[data-outcome="unknown_code"]').waitFor();
    await page.getByRole("link", { name: /A poem/ }).click();
    await page.getByRole("link", { name: "All clues" }).click();
    await page.getByLabel("Code").waitFor();
    expect(await page.locator(".verdict").count()).toBe(0);
    await scan("CHEST-OF-THE-QUAY");
    await page.locator('.verdict[data-outcome="correct"]', { hasText: "The chest" }).waitFor();
    expect(await page.locator(".toast", { hasText: "The chest" }).count()).toBe(0);
    // On a clue's own page.
    await page.goto("/play/scans#clue/bell");
    await scan("BELL-OF-THE-QUAY");
    await page.locator(".clue-head .solved").waitFor();
    await page.locator('.verdict[data-outcome="correct"]').waitFor();
    // Sent without a network, and answered when another page is shown.
    await page.goto("/play/scans#clue/poem");
    await page.context().setOffline(true);
    await page.getByLabel("Your answer").fill("sun");
    await page.getByRole("button", { name: "Check" }).click();
    await page.getByText("Kept on this device.").waitFor();
    await page.evaluate(() => {
      location.hash = "#news";
    });
    await page.context().setOffline(false);
    await page.locator(".toast", { hasText: "A poem: Not right." }).waitFor();
    await page.goto("/play/scans#clue/poem");
    await page.locator('.verdict[data-outcome="incorrect"]').waitFor();
    expectQuiet(watched);
  });

  test("[WEB-33] hints ask, and say what is missing; an announcement is at its clue; lines and pictures as written", async () => {
    await pages.client.publish("hints", HUNT);
    const { page, watched } = await pages.page("/play/hints");
    await join(page, "Ann", "Terns");
    await page.getByRole("link", { name: /A poem/ }).click();
    await page.getByText("Your team has 0 points: 15 points are missing.").waitFor();
    expect(await page.getByRole("button", { name: "Take hint for 15 points" }).isDisabled()).toBe(true);
    await page.getByRole("button", { name: "Take hint", exact: true }).click();
    await page.getByText("Take this hint? It costs nothing.").waitFor();
    await page.getByRole("button", { name: "Not now" }).click();
    expect(await page.getByText("At night.").count()).toBe(0);
    await page.getByRole("button", { name: "Take hint", exact: true }).click();
    await page.getByRole("button", { name: "Take it" }).click();
    await page.getByText("At night.").waitFor();
    const lines = await page
      .locator(".prose p")
      .first()
      .evaluate((element) => (element as HTMLElement).innerText);
    expect(lines.split("\n")).toEqual([
      "The first line ends here",
      "the second line is there",
      "a third one",
    ]);
    const announced = await pages.client.organise("POST", "/v1/hunts/hints/announcements", {
      text: "**Erratum**: it is not the [sun](https://sun.example).",
      clue: "poem",
    });
    expect(announced.status, announced.text).toBe(201);
    await page.locator(".toast", { hasText: "Erratum: it is not the sun." }).waitFor();
    await page.locator(".notice", { hasText: "Erratum" }).waitFor();
    await page.goto("/play/hints#clue/light");
    await page.locator(".lost-picture", { hasText: "A tall tower" }).waitFor();
    await expectAccessible(page);
    expectQuiet(watched);
  });

  test("[KIND-2] several choices are ticked, as a set or one after the other", async () => {
    const choices = ["Red", "Blue", "Gold"].map((label) => ({ id: label.toLowerCase(), label }));
    const flag = { kind: "choice", points: 10, choices };
    await pages.client.publish("picks", {
      ...HUNT,
      prizes: [],
      clues: [
        { ...flag, id: "set", title: "All colours", select: "many", answers: [["red", "gold"]] },
        { ...flag, id: "order", title: "In turn", select: "order", answers: [["gold", "red"]] },
      ],
    });
    const { page, watched } = await pages.page("/play/picks", PHONE);
    await join(page, "Ann", "Auks");
    const send = page.getByRole("button", { name: "Send this answer" });
    await page.goto("/play/picks#clue/set");
    await page.getByText("Choose all that fit").waitFor();
    for (const label of ["Gold", "Blue"]) await page.getByLabel(label).check();
    await page.getByText("Your choice: Blue, Gold").waitFor();
    await send.click();
    await page.locator('[data-outcome="incorrect"]').waitFor();
    for (const label of ["Gold", "Red"]) await page.getByLabel(label).check();
    await send.click();
    await page
      .getByText("Your team's answer: Red, Gold")
      .or(page.locator(".clue-head .solved"))
      .first()
      .waitFor();
    await page.goto("/play/picks#clue/order");
    for (const label of ["Blue", "Gold", "Red"]) await page.getByLabel(label).check();
    await page.getByLabel("Blue").uncheck();
    await page.getByText("Your choice: Gold, Red").waitFor();
    await expectAccessible(page);
    await send.click();
    await page.locator(".clue-head .solved").waitFor();
    await page.getByText("Gold, Red", { exact: true }).waitFor();
    expectQuiet(watched);
  });

  test("[WEB-34] prizes say what they want; where one can be claimed is said; the end is told", async () => {
    await pages.client.publish("end", HUNT);
    const { page, watched } = await pages.page("/play/end");
    await join(page, "Ann", "Auks");
    await page.goto("/play/end#prizes");
    const cup = page.locator(".prize", { hasText: "A cup" });
    await cup.getByText("Solve a clue that is not open to you yet").waitFor();
    await cup.getByText("Reach 30 points (you have 0)").waitFor();
    await cup.getByText("3 of 3 left").or(cup.getByText("3 in all")).first().waitFor();
    await page.getByText("Each wins with a chance of 25%.").waitFor();
    await page.getByText(/It can be claimed from .* on\./).waitFor();
    await expectAccessible(page);
    await page.goto("/play/end#clue/light");
    await page.getByLabel("Lighthouse").check();
    await page.getByRole("button", { name: "Send this answer" }).click();
    await page.locator(".clue-head .solved").waitFor();
    expect(await answer(page, "A poem", "moon")).toBe("correct");
    expect(await answer(page, "The last", "amen")).toBe("correct");
    await page.getByRole("heading", { name: /You are through/ }).waitFor();
    await expect.poll(() => page.locator('.tabs a[href="#prizes"] .badge').innerText()).toBe("2");
    await page.getByRole("button", { name: "Claim", exact: true }).click();
    await cup.locator(".code").waitFor();
    await page.goto("/play/end#clues");
    await page.getByRole("heading", { name: "You are through, place 1!" }).waitFor();
    await expectAccessible(page);
    expectQuiet(watched);
  });

  test("[WEB-34] while results are held back the end tells no place; released, the final one", async () => {
    await pages.client.publish("held-end", {
      ...HUNT,
      prizes: [],
      results: "manual",
      freeze: new Date(Date.now() + 6_000).toISOString(),
    });
    const other = await pages.client.team("held-end", "Gulls");
    await pages.client.playOne(other, { id: "a", type: "answer", clue: "poem", answer: "moon" });
    const { page, watched } = await pages.page("/play/held-end", { ...PHONE, locale: "de-DE" });
    await join(page, "Ann", "Auks");
    await expect
      .poll(async () => (await pages.client.board("held-end")).frozen, { timeout: 60_000 })
      .toBe(true);
    for (const [clue, text] of [
      ["poem", "moon"],
      ["last", "amen"],
    ] as const) {
      await page.goto(`/play/held-end#clue/${clue}`);
      await page.locator("form.answer input").fill(text);
      await page.locator("form.answer button").click();
      await page.locator(".clue-head .solved").waitFor();
    }
    await page.goto("/play/held-end#clues");
    await pages.client.setPhase("held-end", "ended");
    const finish = page.locator(".finish");
    await finish.getByText("geben die Veranstalter noch bekannt").waitFor();
    expect(await finish.innerText()).not.toContain("Platz: ");
    await pages.client.organise("POST", "/v1/hunts/held-end/results/release");
    await finish.getByText("Dein Platz: 1").waitFor();
    await page.locator(".masthead", { hasText: "Platz 1" }).waitFor();
    expectQuiet(watched);
  });

  test("[WEB-3] a device that tells no position: why, in words of the page", async () => {
    const place = { lat: 53.5, lng: 9.9, radius: 60 };
    await pages.client.publish("where", {
      format: 1,
      title: "Where",
      teams: { mode: "solo" },
      rounds: [{ id: "r", title: "R" }],
      clues: [{ id: "pier", round: "r", title: "Pier", kind: "place", points: 20, place }],
    });
    for (const [locale, text] of [
      ["en-GB", "Allow it in the browser's settings"],
      ["de-DE", "Erlaube es in den Einstellungen"],
      ["ar-EG", "اسمح بذلك في إعدادات المتصفح"],
    ]) {
      const { page, watched } = await pages.page("/play/where", {
        ...PHONE,
        locale: locale ?? "",
        permissions: [],
      });
      await join(page, `Ann ${locale}`, "");
      await page.goto("/play/where#clue/pier");
      await page.locator("main button.wide").first().waitFor();
      // Check-ins are not counted.
      expect(await page.locator(".tries").count()).toBe(0);
      await page.locator("main button.wide").first().click();
      await page.getByText(text ?? "").waitFor();
      expectQuiet(watched);
    }
  });

  test.each(["en-GB", "de-DE", "ar-EG"])(
    "[WEB-35] numbers never break and nothing is wider than the screen, at 390 and 320 px and at twice the text: %s",
    async (locale) => {
      const hunt = `narrow-${locale.slice(0, 2)}`;
      await pages.client.publish(hunt, {
        ...HUNT,
        clues: HUNT.clues.map((clue) => (clue.id === "poem" ? { ...clue, points: 123_456 } : clue)),
      });
      const long = "Die außerordentlich langen Namen der Hafenrundfahrtgesellschaft zu Wasser und zu Land";
      const other = await pages.client.join(hunt, { name: "Cid", team: { create: long.slice(0, 80) } });
      await pages.client.playOne(other, { id: "a", type: "answer", clue: "poem", answer: "moon" });
      for (const width of [390, 320]) {
        const { page, watched } = await pages.page(`/play/${hunt}`, {
          ...PHONE,
          locale,
          viewport: { width, height: 760 },
        });
        await join(page, "Ann", `Otters ${width}`);
        for (const large of [false, true]) {
          await page.evaluate(
            (size) => document.documentElement.style.setProperty("font-size", size),
            large ? "34px" : "17px",
          );
          for (const view of ["clues", "clue/light", "clue/poem", "standings", "prizes", "news", "team"]) {
            await page.goto(`/play/${hunt}#${view}`);
            await page.locator("h1").first().waitFor();
            if (view === "standings") await page.locator("tbody tr").first().waitFor();
            const faults = await page.evaluate(() => {
              const root = document.documentElement;
              const found: string[] = [];
              if (root.scrollWidth > root.clientWidth)
                found.push(`wide by ${root.scrollWidth - root.clientWidth}`);
              const lines = (element: Element): number => {
                const range = document.createRange();
                range.selectNodeContents(element);
                return new Set(
                  [...range.getClientRects()]
                    .filter(({ width: w }) => w > 0)
                    .map(({ top }) => Math.round(top / 4)),
                ).size;
              };
              for (const element of document.querySelectorAll(
                "td.number, th.number, .tabs a > span, .badge, .name",
              )) {
                if ((element as HTMLElement).offsetParent && lines(element) > 1)
                  found.push(`breaks: ${element.textContent}`);
              }
              return found;
            });
            expect(faults, `${width} ${large} ${view}`).toEqual([]);
          }
        }
        await page.goto(`/play/${hunt}#standings`);
        const name = page.getByRole("button", { name: long.slice(0, 20) });
        await name.click();
        expect(await name.evaluate((element) => element.scrollWidth <= element.clientWidth + 1)).toBe(true);
        expectQuiet(watched);
      }
    },
  );
});
