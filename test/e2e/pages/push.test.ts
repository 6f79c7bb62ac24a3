/**
 * Push messages in the browser. Chromium's own push service is not reached by tests: the page gets a subscription to
 * the one on this machine, and what that opens goes on to the page's service worker as the browser would bring it.
 */
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { manyClues } from "../../contract/hunts.ts";
import { type Device, PushService } from "../../push/service.ts";
import { expectAccessible, expectQuiet, joinAs, noNotifications, Pages, PHONE } from "./browser.ts";

const HUNT = "notified";

let pages: Pages;
let service: PushService;
const contexts: BrowserContext[] = [];

/** Gives the page this device's subscription whenever it asks its browser for one. */
async function standIn(page: Page, device: Device): Promise<void> {
  await page.addInitScript((json) => {
    let subscription: unknown = null;
    PushManager.prototype.subscribe = async (options) => {
      const key = options?.applicationServerKey;
      subscription = {
        endpoint: json.endpoint,
        options: { applicationServerKey: key instanceof Uint8Array ? key.buffer : null },
        toJSON: () => json,
        unsubscribe: async () => {
          subscription = null;
          return true;
        },
      };
      return subscription as PushSubscription;
    };
    PushManager.prototype.getSubscription = async () => subscription as PushSubscription;
  }, device.toJSON());
}

describe.skipIf(noNotifications)("push messages", { timeout: 720_000 }, () => {
  beforeAll(async () => {
    service = await PushService.start();
    pages = await Pages.start({ PUSH_ALLOW: service.host }, { notifies: true });
    await pages.client.publish(HUNT, manyClues(2, { teams: { mode: "teams", maxSize: 4 } }));
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });
  afterAll(async () => {
    await pages?.stop();
    await service?.stop();
  });

  test("[WEB-103] asked for by a click alone; the notification is in the player's language and opens the clue; off again", async () => {
    const { page, watched } = await pages.page(`/play/${HUNT}`, { ...PHONE, locale: "de-DE" });
    contexts.push(page.context());
    await page.context().grantPermissions(["notifications"], { origin: pages.engine.url.origin });
    const device = service.device();
    await standIn(page, device);
    await page.reload();
    await joinAs(page, "Ada", { create: "Lanterns" });
    await page.goto(`/play/${HUNT}#news`);
    await page.reload();
    const card = page.locator(".tell-me");
    await card.getByRole("button", { name: "Benachrichtige mich" }).waitFor();
    await expectAccessible(page);
    await card.getByRole("button", { name: "Benachrichtige mich" }).click();
    await card.getByRole("button", { name: "Nicht mehr benachrichtigen" }).waitFor();

    await pages.client.organise("POST", `/v1/hunts/${HUNT}/announcements`, {
      text: "Die Fähre ist spät.",
      clue: "c1",
    });
    await vi.waitFor(() => expect(service.of(device)).toHaveLength(1), { timeout: 60_000 });
    expect(service.faults).toEqual([]);
    expect(service.of(device)[0]).toMatchObject({ lang: "de", clues: [{ id: "c1" }] });

    // As the browser brings it to the worker.
    const session = await page.context().newCDPSession(page);
    const registered = new Promise<string>((done) => {
      session.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
        const [own] = registrations.filter(({ isDeleted }) => !isDeleted);
        if (own) done(own.registrationId);
      });
    });
    await session.send("ServiceWorker.enable");
    await session.send("ServiceWorker.deliverPushMessage", {
      origin: pages.engine.url.origin,
      registrationId: await registered,
      data: JSON.stringify(service.of(device)[0]),
    });
    const shown = () =>
      page.evaluate(async () => {
        const registration = await navigator.serviceWorker.getRegistration("/play/");
        const all = (await registration?.getNotifications()) ?? [];
        return all.map(({ title, body, lang, tag, data }) => ({ title, body, lang, tag, data }));
      });
    await vi.waitFor(async () => expect(await shown()).toHaveLength(1), { timeout: 60_000 });
    expect(await shown()).toMatchObject([
      {
        body: "Clue 1: Die Fähre ist spät.",
        lang: "de",
        data: { path: `/play/${HUNT}#clue/c1` },
      },
    ]);

    await card.getByRole("button", { name: "Nicht mehr benachrichtigen" }).click();
    await card.getByRole("button", { name: "Benachrichtige mich" }).waitFor();
    await pages.client.organise("POST", `/v1/hunts/${HUNT}/announcements`, { text: "Nobody hears." });
    await new Promise((done) => setTimeout(done, 3_000));
    expect(service.of(device)).toHaveLength(1);
    expectQuiet(watched);
  });
});
