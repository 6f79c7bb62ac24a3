/** The join page of a hunt that asks: [JOIN-12] of SPEC.md. */
import { SignJWT } from "jose";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { newRing } from "../../../scripts/local/secrets.ts";
import { expectAccessible, expectFits, expectQuiet, noBrowser, Pages, PHONE } from "./browser.ts";

const ENTRY_KEYS = newRing();
const SMALL = { ...PHONE, viewport: { width: 320, height: 640 } } as const;

const plain = (more: object = {}): object => ({
  format: 1,
  title: "Asking",
  rounds: [{ id: "r", title: "R" }],
  clues: [{ id: "word", round: "r", title: "Word", kind: "answer", points: 5, answers: ["tug"] }],
  ...more,
});

const join = {
  fields: [
    { id: "mail", label: "E-mail", kind: "email", required: true, once: true },
    {
      id: "size",
      label: "Shirt",
      kind: "choice",
      options: [
        { id: "s", label: "Small" },
        { id: "l", label: "Large" },
      ],
    },
    { id: "news", label: "Send me news", kind: "checkbox" },
  ],
  consent: [{ id: "terms", text: "I accept the [rules](https://example.org/rules).", required: true }],
  minAge: 18,
};
const brackets = [
  { id: "locals", title: "Locals" },
  { id: "visitors", title: "Visitors" },
];

describe.skipIf(noBrowser)("the join page of a hunt that asks", { timeout: 720_000 }, () => {
  let pages: Pages;
  beforeAll(async () => {
    pages = await Pages.start({
      ENTRY_KEYS,
      TURNSTILE_SITE_KEY: "site-key",
      TURNSTILE_SECRET: "secret",
      // Nobody responds there: who joins is unchecked.
      TURNSTILE_URL: "http://127.0.0.1:9/siteverify",
    });
    await pages.client.publish("checked", plain({ join: { check: "turnstile" } }));
    await pages.client.publish("asking", plain({ join, brackets }));
    await pages.client.publish("tickets", plain({ players: { require: "signed" } }));
    await pages.client.publish("silent", plain());
  });
  afterEach(() => pages.closeContexts());
  afterAll(() => pages?.stop());

  const playing = (page: Page) => page.getByRole("navigation", { name: "Pages of the hunt" }).waitFor();

  test("[JOIN-12] it asks by keyboard and for screen readers, and tells at the field what is wrong", async () => {
    const { page, watched } = await pages.page("/play/asking?src=poster-7", {
      ...PHONE,
      serviceWorkers: "block",
    });
    await page.getByLabel("Your name").waitFor();
    expect(page.url()).not.toContain("src=");
    await expectAccessible(page);
    const sent: unknown[] = [];
    page.on("request", (request) => {
      if (request.method() === "POST" && request.url().endsWith("/players"))
        sent.push(request.postDataJSON());
    });
    await pages.client.join("asking", {
      name: "First",
      fields: { mail: "ada@example.org" },
      consent: ["terms"],
      born: "1990-01-01",
    });
    // From one to the next by the keyboard alone.
    await page.getByLabel("Your name").focus();
    const type = async (text: string): Promise<void> => {
      await page.keyboard.type(text);
      await page.keyboard.press("Tab");
    };
    await type("Ann");
    await page.getByLabel("Bracket").selectOption("visitors");
    await page.getByLabel("E-mail").focus();
    await type("ADA@example.org");
    await page.getByLabel(/Shirt/).selectOption("l");
    await page.getByLabel(/Send me news/).focus();
    await page.keyboard.press("Space");
    await page.getByLabel("Date of birth").fill("1999-12-31");
    await page.getByRole("checkbox", { name: /I accept the rules/ }).focus();
    await page.keyboard.press("Space");
    const link = page.getByRole("link", { name: "rules" });
    expect(await link.getAttribute("target")).toBe("_blank");
    await page.getByRole("button", { name: "Join", exact: true }).click();
    await page.getByText("Somebody has joined with the same “E-mail” already").waitFor();
    expect(await page.getByLabel("E-mail").getAttribute("aria-invalid")).toBe("true");
    // A screen reader says with the field what is wrong with it.
    const described = await page.getByLabel("E-mail").getAttribute("aria-describedby");
    expect(await page.locator(`[id="${described}"]`).innerText()).toContain("Somebody has joined");
    expect(await page.evaluate(() => document.activeElement?.getAttribute("name"))).toBe("field/mail");
    await expectAccessible(page);
    await page.getByLabel("E-mail").fill("ann@example.org");
    await page.getByRole("button", { name: "Join", exact: true }).click();
    await playing(page);
    expect(sent.at(-1)).toEqual({
      name: "Ann",
      team: { bracket: "visitors" },
      fields: { mail: "ann@example.org", size: "l", news: true },
      consent: ["terms"],
      born: "1999-12-31",
      source: "poster-7",
      locale: "en",
    });
    // Nothing of it stays on the device.
    const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
    expect(kept).not.toMatch(/example\.org|1999-12-31/);
    expectQuiet(watched);
  });

  test.each([
    ["de-DE", "Geburtsdatum"],
    ["ar", "تاريخ الميلاد"],
  ])("[JOIN-12] it asks in %s, on a small screen", async (locale, born) => {
    const { page, watched } = await pages.page("/play/asking", { ...SMALL, locale });
    await page.getByLabel(born).waitFor();
    await expectAccessible(page);
    await expectFits(page);
    await page.locator('input[name="name"]').fill("Ben");
    await page.locator('input[name="field/mail"]').fill(`ben-${locale}@example.org`);
    await page.locator('input[name="born"]').fill(new Date().toISOString().slice(0, 10));
    await page.locator('input[name="consent/terms"]').check();
    await page.locator('button[type="submit"]').click();
    await page.getByText(locale === "ar" ? "عمرك أصغر" : "zu jung").waitFor();
    expectQuiet(watched);
  });

  test("[JOIN-12] where the hunt asks nothing, the page asks for a name", async () => {
    const { page } = await pages.page("/play/silent");
    await page.getByLabel("Your name").waitFor();
    expect(await page.locator("form input, form select").count()).toBe(1);
  });

  test("[JOIN-12] the captcha's response goes along; where its widget cannot be loaded, joining goes on", async () => {
    const widget = `window.turnstile = {
      render(place, { sitekey, callback }) { place.textContent = sitekey; setTimeout(() => callback("person"), 500); return "w"; },
      reset() {},
      remove() {},
    };`;
    const { page } = await pages.page("/play/checked", { ...PHONE, serviceWorkers: "block" });
    await page.route("https://challenges.cloudflare.com/**", (route) =>
      route.fulfill({ contentType: "text/javascript", body: widget }),
    );
    await page.reload();
    const sent: unknown[] = [];
    page.on("request", (request) => {
      if (request.url().endsWith("/players")) sent.push(request.postDataJSON());
    });
    await page.getByText("site-key").waitFor();
    await page.getByLabel("Your name").fill("Ann");
    await page.waitForTimeout(1_000);
    await page.getByRole("button", { name: "Join", exact: true }).click();
    await playing(page);
    expect(sent).toEqual([{ name: "Ann", check: "person", locale: "en" }]);
    const away = await pages.page("/play/checked", { ...PHONE, serviceWorkers: "block" });
    await away.page.route("https://challenges.cloudflare.com/**", (route) => route.abort());
    await away.page.reload();
    await away.page.getByText("cannot be loaded").waitFor();
    await expectAccessible(away.page);
    await away.page.getByLabel("Your name").fill("Ben");
    await away.page.getByRole("button", { name: "Join", exact: true }).click();
    await playing(away.page);
  });

  test("[JOIN-12] a ticket lets in, and brings back on another device without a question", async () => {
    const [kid = "", key = ""] = ENTRY_KEYS.split(":");
    const ticket = await new SignJWT({ hunt: "tickets" })
      .setProtectedHeader({ alg: "HS256", kid })
      .setAudience("hunt-entry")
      .setSubject("ada")
      .setExpirationTime("5m")
      .sign(Buffer.from(key, "base64url"));
    const none = await pages.page("/play/tickets");
    await none.page.getByText("joined by a link of your own").waitFor();
    expect(await none.page.locator("form").count()).toBe(0);
    await expectAccessible(none.page);
    const bad = await pages.page(`/play/tickets#entry=${ticket.slice(0, -4)}AAAA`);
    await bad.page.getByText("This link has run out").waitFor();
    const { page } = await pages.page(`/play/tickets#entry=${ticket}`);
    await page.getByLabel("Your name").waitFor();
    expect(page.url()).not.toContain("entry=");
    await page.getByLabel("Your name").fill("Ada");
    await page.getByRole("button", { name: "Join", exact: true }).click();
    await playing(page);
    const other = await pages.page(`/play/tickets#entry=${ticket}`);
    await playing(other.page);
    const joined = (await pages.client.export("tickets")).filter(({ type }) => type === "join");
    expect(joined).toHaveLength(1);
  });
});
