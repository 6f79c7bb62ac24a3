/** Signing in to the console by an OpenID Connect issuer of another origin, and the end of a session. */
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { mintOrganiserToken, TOKEN_DAYS } from "../../../scripts/local/secrets.ts";
import type { Organisers } from "../../../src/contract/organisers.ts";
import { CLIENT_ID, Issuer } from "../../contract/issuer.ts";
import { DESK, expectAccessible, expectFits, noBrowser, Pages } from "./browser.ts";

const MINUTE = 60_000;

let issuer: Issuer;
let pages: Pages;

describe.skipIf(noBrowser)("signing in to the console", { timeout: 360_000 }, () => {
  beforeAll(async () => {
    issuer = await Issuer.start();
    pages = await Pages.start({ OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: CLIENT_ID });
    await pages.demo("signed");
    const listed = await pages.client.call("PUT", "/v1/organisers", {
      token: pages.token,
      headers: { "If-Match": "*" },
      json: { organisers: [{ email: "ada@example.org", roles: ["operator"], hunts: ["signed"] }] },
    });
    expect(listed.status, listed.text).toBe(200);
  });
  afterEach(async () => {
    issuer.person = { email: "Ada@Example.org", email_verified: true };
    issuer.more = {};
    await pages.closeContexts();
  });
  afterAll(async () => {
    await pages?.stop();
    issuer?.stop();
  });

  const open = (path: string, options: Parameters<Pages["page"]>[1] = DESK) => pages.page(path, options);

  const toIssuer = (page: Page): Promise<void> =>
    page.getByRole("button", { name: `Sign in with ${new URL(issuer.url).host}` }).click();

  test("[WEB-63] to the issuer and back, to the view that was asked for; no server is told the code by an address", async () => {
    const { page, watched } = await open("/organise#signed/teams");
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.getByLabel("Organiser token").waitFor();
    await expectAccessible(page);
    await toIssuer(page);
    await page.getByRole("link", { name: "Go on" }).click();
    await page.locator(".who").waitFor();
    expect(await page.locator(".who").innerText()).toBe("ada@example.org · operator");
    expect(await page.locator(".until").innerText()).toMatch(/^until .*\d:\d\d/);
    await expect.poll(() => page.url()).toBe(`${pages.engine.url.origin}/organise#signed/teams`);
    await expectAccessible(page);
    await page.reload();
    await page.locator(".who").waitFor();
    for (const url of asked) expect(url.split("#")[0], url).not.toMatch(/[?&]code=/);
    expect(watched.complaints).toEqual([]);
    for (const url of watched.strangers) expect(url).toMatch(`${issuer.url}/authorize?`);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Organiser token").waitFor();
    await page.goBack();
    expect(await page.locator(".who").count()).toBe(0);
  });

  test("[WEB-63] where the issuer has no answer behind the hash, and its key has turned", async () => {
    await issuer.turn("k2");
    const { page } = await open("/organise");
    // The engine asks an issuer for its keys once in two seconds at most.
    await page.waitForTimeout(3_000);
    await page.route("**/v1/session", async (route) => {
      if (route.request().method() !== "GET") return route.continue();
      const response = await route.fetch();
      return route.fulfill({ response, json: { ...(await response.json()), responseMode: "query" } });
    });
    await toIssuer(page);
    await page.getByRole("link", { name: "Go on" }).click();
    await page.locator(".who").waitFor();
    expect(page.url()).toBe(`${pages.engine.url.origin}/organise`);
  });

  test("[WEB-63] who refuses, is not in the list, or did not begin here is told so", async () => {
    const { page, watched } = await open("/organise");
    await toIssuer(page);
    await page.getByRole("link", { name: "Refuse" }).click();
    await page.getByRole("alert").getByText("You were not signed in there.").waitFor();
    await expectAccessible(page);
    issuer.person = { email: "eve@example.org", email_verified: true };
    await toIssuer(page);
    await page.getByRole("link", { name: "Go on" }).click();
    await page.getByRole("alert").getByText("You are not in the list of organisers.").waitFor();
    expect(watched.complaints).toEqual([]);
    // A link that somebody else began would sign in as somebody else.
    await toIssuer(page);
    const back = (await page.getByRole("link", { name: "Go on" }).getAttribute("href")) ?? "";
    const other = await open("/organise");
    const posted: string[] = [];
    other.page.on("request", (request) => {
      if (request.method() === "POST") posted.push(request.url());
    });
    await other.page.goto("about:blank");
    await other.page.goto(back);
    await other.page.getByRole("alert").getByText("This sign-in was not begun in this tab.").waitFor();
    expect(other.page.url()).not.toContain("code=");
    expect(posted).toEqual([]);
  });

  test("[WEB-63] in German and Arabic, on a small screen", async () => {
    for (const locale of ["de-DE", "ar"]) {
      const { page, watched } = await open("/organise", { viewport: { width: 320, height: 640 }, locale });
      await page.locator(".sign-in button").first().waitFor();
      await expectAccessible(page);
      await page.getByRole("button", { name: new RegExp(new URL(issuer.url).host) }).click();
      await page.getByRole("link", { name: "Go on" }).click();
      await page.locator(".who").waitFor();
      await expectAccessible(page);
      await expectFits(page);
      expect(watched.complaints).toEqual([]);
    }
  });

  /** A token that ends so many ms from now. */
  const ending = (left: number): Promise<string> =>
    mintOrganiserToken(pages.engine.secrets, Date.now() + left - TOKEN_DAYS * 1_440 * MINUTE);

  test("[WEB-64] the end is told before it comes, and what is being written outlives signing in again", async () => {
    const { page, watched } = await open(`/organise#token=${await ending(5 * MINUTE - 1_000)}`);
    await page.getByRole("status").getByText("You are signed in for 5 more minutes.").waitFor();
    await expectAccessible(page);
    await page.goto("/organise#signed/edit/text");
    await page.getByText("No errors.").waitFor();
    await page.getByRole("textbox", { name: "Definition of the hunt, YAML" }).click();
    await page.keyboard.press("Control+Home");
    await page.keyboard.type("# mine\n");
    await page.getByRole("button", { name: "Sign in again" }).click();
    await page.getByLabel("Organiser token").fill(pages.token);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByText("# mine").waitFor();
    expect(await page.getByRole("button", { name: "Sign in again" }).count()).toBe(0);
    expect(watched).toEqual({ complaints: [], strangers: [] });
  });

  test("[WEB-64] a session that has ended says so", async () => {
    const { page } = await open(`/organise#token=${await ending(8_000)}`);
    await page.locator(".who").waitFor();
    await page.getByRole("alert").getByText("Your session has ended.").waitFor({ timeout: 90_000 });
    expect(await page.locator(".who").count()).toBe(0);
  });

  test("[WEB-66] an owner says who may organise, and overwrites nobody's change", async () => {
    const { page, watched } = await open(`/organise#token=${pages.token}`);
    await page.getByRole("link", { name: "Organisers" }).click();
    await page.getByText("ada@example.org").waitFor();
    await expectAccessible(page);
    await page.getByRole("button", { name: "Add somebody" }).click();
    await page.getByLabel("E-mail").fill("Bob@Example.org");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("alert").getByText("Choose a role.").waitFor();
    await page.getByRole("checkbox", { name: /^judge/ }).check();
    await page.getByRole("checkbox", { name: /^editor/ }).check();
    await page.getByRole("textbox", { name: "Hunts" }).fill("signed, other");
    await expectAccessible(page);
    await page.getByRole("button", { name: "Save" }).click();
    const bob = page.locator("tr", { hasText: "bob@example.org" });
    await bob.getByText("judge, editor").waitFor();
    await bob.getByText("signed, other").waitFor();
    const listed = () =>
      pages.client.call<Organisers>("GET", "/v1/organisers", { token: pages.token }).then(({ body }) => body);
    const { organisers } = await listed();
    // Somebody else, from elsewhere.
    await pages.client.call("PUT", "/v1/organisers", {
      token: pages.token,
      headers: { "If-Match": "*" },
      json: {
        organisers: [...organisers, { email: "carl@example.org", roles: ["viewer"], hunts: ["*"] }],
      },
    });
    await bob.getByRole("button", { name: "Take out" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Take out" }).click();
    await page.getByText("Somebody else has changed the list meanwhile.").waitFor();
    await page.locator("tr", { hasText: "carl@example.org" }).getByText("every hunt").waitFor();
    await bob.getByRole("button", { name: "Take out" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Take out" }).click();
    await bob.waitFor({ state: "detached" });
    expect((await listed()).organisers.map(({ email }) => email)).toEqual([
      "ada@example.org",
      "carl@example.org",
    ]);
    const token = await mintOrganiserToken(pages.engine.secrets, Date.now(), { name: "carl@example.org" });
    const carl = page.locator("tr", { hasText: "carl@example.org" });
    await carl.getByRole("button", { name: "Sign out everywhere" }).click();
    await page.getByRole("dialog").getByLabel("Reason").fill("the laptop was stolen");
    await page.getByRole("dialog").getByRole("button", { name: "Sign out everywhere" }).click();
    await page.getByText("Done.").waitFor();
    expect((await pages.client.call("GET", "/v1/organisers/me", { token })).status).toBe(401);
    expect(watched).toEqual({ complaints: [], strangers: [] });
    const viewer = await mintOrganiserToken(pages.engine.secrets, Date.now(), { roles: ["operator"] });
    const other = await open(`/organise#token=${viewer}`);
    await other.page.locator(".who").waitFor();
    expect(await other.page.getByRole("link", { name: "Organisers" }).count()).toBe(0);
  });
});
