/** The link that `npm start` prints signs the console in, and its token does not stay in the address. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mintOrganiserToken, type Person } from "../../../scripts/local/secrets.ts";
import { DESK, noBrowser, Pages } from "./browser.ts";

describe.skipIf(noBrowser)("[WEB-30] a sign-in link of the console", () => {
  let pages: Pages;
  beforeAll(async () => {
    pages = await Pages.start();
    await pages.demo("linked");
    await pages.client.team("linked", "Owls");
  });
  afterAll(() => pages.stop());

  test("signs in, and its token is neither in the address nor a step back", async () => {
    const { page, watched } = await pages.page(`/organise#token=${pages.token}`, DESK);
    await page.getByText("Harbour Nights").first().waitFor();
    expect(page.url()).toBe(`${pages.engine.url.origin}/organise`);
    await page.reload();
    await page.getByText("Harbour Nights").first().waitFor();
    expect(page.url()).not.toContain("token");
    expect(watched).toEqual({ complaints: [], strangers: [] });
  });

  test("opened where the console is open already, it signs in as well; another tab stays signed out", async () => {
    const { page } = await pages.page("/organise", DESK);
    await page.getByLabel("Organiser token").waitFor();
    await page.evaluate((token) => {
      location.hash = `#token=${token}`;
    }, pages.token);
    await page.getByText("Harbour Nights").first().waitFor();
    expect(page.url()).not.toContain("token");
    const other = await page.context().newPage();
    await other.goto("/organise");
    await other.getByLabel("Organiser token").waitFor();
  });

  test("[DEF-38] the editor marks a syntax error on its line", async () => {
    const { page } = await pages.page(`/organise#token=${pages.token}`, DESK);
    await page.getByRole("button", { name: "New hunt" }).click();
    await page.getByLabel("Id of the new hunt").fill("unreadable");
    await page.getByRole("dialog").getByRole("button", { name: "New hunt" }).click();
    await page.getByRole("link", { name: "Write as text (YAML)" }).click();
    await page.getByText("No errors.").waitFor();
    const editor = page.getByRole("textbox", { name: "Definition of the hunt, YAML" });
    await editor.click();
    await page.keyboard.press("Control+End");
    await page.keyboard.type("zzz: @open");
    const issue = page.locator(".issues li", { hasText: "reserved character" });
    await issue.waitFor();
    const told = (await issue.innerText()).match(/line (\d+), column (\d+)/);
    expect(Number(told?.[1])).toBeGreaterThan(1);
    expect(await issue.innerText()).toMatch(new RegExp(`line ${told?.[1]}\\s*·`, "i"));
  });

  test("one that is no good says so", async () => {
    const { page } = await pages.page("/organise#token=wrong", DESK);
    await page.getByText("This token is not accepted.").waitFor();
    expect(page.url()).not.toContain("token");
  });

  describe("[WEB-62] who is signed in", () => {
    const signedIn = async (person: Partial<Person>, view: string) => {
      const token = await mintOrganiserToken(pages.engine.secrets, Date.now(), person);
      const opened = await pages.page(`/organise#token=${token}`, DESK);
      await opened.page.locator(".who").waitFor();
      await opened.page.goto(`/organise#${view}`);
      return opened;
    };
    const views = async (page: Page): Promise<string[]> => page.locator("nav.views a").allInnerTexts();

    test("is told, and sees the views and buttons of its role alone: a viewer", async () => {
      const { page, watched } = await signedIn({ name: "Ada", roles: ["viewer"] }, "linked/teams");
      expect(await page.locator(".who").innerText()).toBe("Ada · viewer");
      await page.locator("table .id").first().waitFor();
      expect(await views(page)).toEqual(["Live", "Events", "Files", "Teams", "Prizes", "Data"]);
      expect(await page.locator(".actions button").count()).toBe(0);
      expect(await page.getByRole("button", { name: "End" }).count()).toBe(0);
      await page.goto("/organise#linked/live");
      await page.getByText("Announce").first().waitFor();
      expect(await page.locator("textarea").count()).toBe(0);
      await page.goto("/organise#linked/data");
      await page.getByRole("button", { name: "Verify" }).waitFor();
      expect(await page.getByRole("button", { name: "Export" }).count()).toBe(0);
      expect(watched).toEqual({ complaints: [], strangers: [] });
    });

    test("an operator", async () => {
      const { page, watched } = await signedIn({ roles: ["operator"], hunts: ["linked"] }, "linked/teams");
      await page.locator(".actions button").first().waitFor();
      expect(await views(page)).toEqual(["Live", "Events", "Help", "Files", "Teams", "Prizes", "Data"]);
      await page.goto("/organise#linked/live");
      await page.locator("textarea").waitFor();
      await page.goto("/organise#/");
      await page.getByText("Harbour Nights").first().waitFor();
      expect(await page.getByRole("button", { name: "New hunt" }).count()).toBe(0);
      expect(watched).toEqual({ complaints: [], strangers: [] });
    });

    test("an editor, and somebody of another hunt", async () => {
      const editor = await signedIn({ roles: ["editor"] }, "linked/codes");
      await editor.page.getByRole("button", { name: "Print" }).waitFor();
      expect(await views(editor.page)).toEqual([
        "Live",
        "Events",
        "Definition",
        "Files",
        "Simulate",
        "Teams",
        "Prizes",
        "QR codes",
        "Data",
      ]);
      expect(editor.watched).toEqual({ complaints: [], strangers: [] });
      const other = await signedIn({ roles: ["owner"], hunts: ["another"] }, "linked/live");
      await other.page.getByText("Your role opens nothing of this hunt.").waitFor();
      expect(await views(other.page)).toEqual([]);
    });
  });
});
