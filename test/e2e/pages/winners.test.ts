/** How winners are reached: asked for at joining, read by who hands out prizes. */
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { mintOrganiserToken, type Person } from "../../../scripts/local/secrets.ts";
import { manyClues } from "../../contract/hunts.ts";
import { DESK, expectAccessible, expectFits, expectQuiet, joinAs, noBrowser, Pages } from "./browser.ts";

const HUNT = manyClues(1, {
  prizes: [{ id: "dinner", title: "Dinner", mode: "first-come", stock: 5 }],
  join: {
    fields: [
      { id: "mail", label: "E-mail", kind: "email", required: true, contact: true },
      { id: "shirt", label: "Shirt", kind: "text" },
    ],
  },
});

describe.skipIf(noBrowser)("[PRIZE-30] how winners are reached", { timeout: 360_000 }, () => {
  let pages: Pages;
  beforeAll(async () => {
    pages = await Pages.start();
    await pages.client.publish("reach", HUNT);
  });
  afterEach(() => pages.closeContexts());
  afterAll(() => pages?.stop());

  const signedIn = async (roles: Person["roles"], device: Parameters<Pages["page"]>[1] = DESK) => {
    const token = await mintOrganiserToken(pages.engine.secrets, Date.now(), { name: "Olga", roles });
    const opened = await pages.page(`/organise#token=${token}`, device);
    await opened.page.locator(".who").waitFor();
    await opened.page.goto("/organise#reach/prizes");
    await opened.page.getByRole("heading", { name: "Dinner" }).waitFor();
    return opened;
  };

  test("the join page says what the field is for; an operator reads it, and keeps it as a file", async () => {
    const { page, watched } = await pages.page("/play/reach");
    await page.getByText("So that you can be reached if you win.").waitFor();
    expect(await page.getByText("So that you can be reached").count()).toBe(1);
    await page.getByLabel("E-mail").fill("ada@winners.example");
    await page.getByLabel(/Shirt/).fill("=size(1)");
    await joinAs(page, "=Ada", { create: "Owls" });
    await page.goto("/play/reach#prizes");
    await page.getByRole("button", { name: "Claim" }).click();
    await page.locator(".prize .code").waitFor();

    const operator = await signedIn(["operator"]);
    const shown = operator.page;
    await shown.getByRole("button", { name: "Winners", exact: true }).click();
    await shown.getByRole("cell", { name: "ada@winners.example" }).waitFor();
    expect(await shown.locator("main").innerText()).not.toContain("size(1)");
    await expectAccessible(shown);
    // [WEB-125] Of all prizes.
    const [all] = await Promise.all([
      shown.waitForEvent("download"),
      shown.getByRole("button", { name: "Winners as CSV" }).click(),
    ]);
    expect(all.suggestedFilename()).toBe("reach-winners.csv");
    await shown.goto("/organise#reach/teams");
    await shown.getByRole("button", { name: "Players as CSV" }).waitFor();
    await shown.goto("/organise#reach/feed");
    await shown.getByRole("button", { name: "Records as CSV" }).waitFor();
    await shown.goto("/organise#reach/live");
    await shown.getByRole("button", { name: "Solves as CSV" }).waitFor();
    await shown.getByRole("button", { name: "Standings as CSV" }).waitFor();
    await expectAccessible(shown);
    // Whoever may not have what is personal is not offered it.
    const viewer = await signedIn(["viewer"]);
    await viewer.page.goto("/organise#reach/teams");
    await viewer.page.getByText("Owls").first().waitFor();
    expect(await viewer.page.getByRole("button", { name: "Players as CSV" }).count()).toBe(0);
    await shown.goto("/organise#reach/prizes");
    await shown.getByRole("button", { name: "Winners", exact: true }).click();
    await shown.getByRole("cell", { name: "ada@winners.example" }).waitFor();
    const [file] = await Promise.all([
      shown.waitForEvent("download"),
      shown.getByRole("button", { name: "Save as a file (CSV)" }).click(),
    ]);
    const csv = readFileSync((await file.path()) ?? "", "utf8");
    expect(csv.split("\r\n")[0]).toBe("\ufeffunit,at,team,teamName,player,playerName,code,revoked,E-mail");
    expect(csv).toMatch(/,Owls,[^,]+,'=Ada,[^,]+,,ada@winners\.example\r\n/);
    const audit = await pages.client.organise<{ entries: { action: string; detail: object }[] }>(
      "GET",
      "/v1/hunts/reach/audit",
    );
    expect(audit.body.entries.find(({ action }) => action === "winners")?.detail).toMatchObject({
      prize: "dinner",
      contact: true,
    });
    await shown.goto("/organise#reach/data");
    await shown.getByText("with how to reach them: yes").waitFor();
    const phone = await signedIn(["owner"], { viewport: { width: 320, height: 640 } });
    await phone.page.getByRole("button", { name: "Winners", exact: true }).click();
    await phone.page.getByRole("cell", { name: "ada@winners.example" }).waitFor();
    await expectFits(phone.page);
    for (const each of [watched, operator.watched]) expectQuiet(each);
  });

  test("nobody else is offered it", async () => {
    for (const role of ["viewer", "judge", "editor"] as const) {
      const { page } = await signedIn([role]);
      expect(await page.getByRole("button", { name: "Winners", exact: true }).count()).toBe(0);
    }
  });
});
