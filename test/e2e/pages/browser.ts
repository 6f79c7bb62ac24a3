/**
 * The pages in a real Chromium, against an engine of their own. Where there is
 * no Chromium the tests are skipped, and one line says so. With PICTURES=folder
 * the screenshots of the docs are written there.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";
import { encode } from "uqr";
import { expect } from "vitest";
import { type Engine, startEngine } from "../../../scripts/local/engine.ts";
import { mintOrganiserToken } from "../../../scripts/local/secrets.ts";
import { Client } from "../../contract/client.ts";

const first = (candidates: readonly (string | undefined)[]): string | undefined =>
  candidates.find((path) => path !== undefined && existsSync(path));

/** With windows, and with the notifications that the shell without windows always denies. */
const whole = first([
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
]);
/** The shell takes less time. */
const executable = first([process.env.CHROMIUM, "/usr/bin/chromium-headless-shell", whole]);

export const noBrowser = executable === undefined;
if (noBrowser) process.stdout.write("pages: skipped, no Chromium found (set CHROMIUM to one)\n");
export const noNotifications = whole === undefined;
if (noNotifications && !noBrowser) {
  process.stdout.write(
    "notifications: skipped, no Chromium but the headless shell found (set CHROMIUM to one)\n",
  );
}

const pictures = process.env.PICTURES;

export const wantsPictures = pictures !== undefined;
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const demo = readFileSync(join(import.meta.dirname, "../../../hunts/harbour-nights.yaml"), "utf8");

export const PHONE = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
} as const;
export const DESK = { viewport: { width: 1_440, height: 900 } } as const;
export const WALL = { viewport: { width: 1_920, height: 1_080 } } as const;

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A Chromium whose camera sees this text as a QR code, and nothing else. */
export async function withCamera(text: string, use: (browser: Browser) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "hunt-camera-"));
  const film = join(folder, "code.y4m");
  writeFileSync(film, filmOf(text));
  const browser = await chromium.launch({
    executablePath: executable ?? "",
    args: [
      ...FLAGS,
      "--use-fake-ui-for-media-stream",
      "--use-fake-device-for-media-stream",
      `--use-file-for-fake-video-capture=${film}`,
    ],
  });
  try {
    await use(browser);
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One frame of YUV4MPEG2 with the code in black on white. */
function filmOf(text: string): Buffer {
  const size = 480;
  const { data, size: modules } = encode(text, { border: 4 });
  const luma = Buffer.alloc(size * size, 235);
  const scale = Math.floor(size / modules);
  data.forEach((row, y) => {
    row.forEach((dark, x) => {
      if (!dark) return;
      for (let line = y * scale; line < (y + 1) * scale; line += 1) {
        luma.fill(16, line * size + x * scale, line * size + (x + 1) * scale);
      }
    });
  });
  const head = Buffer.from(`YUV4MPEG2 W${size} H${size} F10:1 Ip A1:1 C420jpeg\nFRAME\n`);
  return Buffer.concat([head, luma, Buffer.alloc((size * size) / 2, 128)]);
}

/** What the pages complained about, and whom they asked beside the engine. */
export interface Watched {
  complaints: string[];
  strangers: string[];
}

/** How long a page may take on a busy machine, ms. */
const PATIENCE = 90_000;

export class Pages {
  readonly engine: Engine;
  readonly client: Client;
  readonly token: string;
  readonly #browser: Browser;
  readonly #contexts: BrowserContext[] = [];

  private constructor(engine: Engine, client: Client, token: string, browser: Browser) {
    this.engine = engine;
    this.client = client;
    this.token = token;
    this.#browser = browser;
  }

  /** `notifies`: in a browser that can show notifications. */
  static async start(vars: Record<string, string> = {}, { notifies = false } = {}): Promise<Pages> {
    const engine = await startEngine({ vars: { RATE_LIMITS: "off", SHARDS_PER_REGION: "1", ...vars } });
    const browser = await chromium.launch({
      executablePath: (notifies ? whole : executable) ?? "",
      args: FLAGS,
    });
    return new Pages(engine, await Client.of(engine), await mintOrganiserToken(engine.secrets), browser);
  }

  async stop(): Promise<void> {
    await this.#browser.close();
    await this.engine.stop();
  }

  /** Publishes the demo hunt under another id. */
  async demo(hunt: string, phase: "draft" | "live" = "live"): Promise<void> {
    const answer = await this.client.call("PUT", `/v1/hunts/${hunt}`, {
      token: this.token,
      body: demo.replace(/^hunt: .*$/m, `hunt: ${hunt}`),
      type: "application/yaml",
    });
    expect(answer.status, answer.text).toBe(201);
    if (phase === "live") await this.client.setPhase(hunt, "live");
  }

  /** A device of its own, until `closeContexts`. */
  async context(options: BrowserContextOptions = PHONE): Promise<BrowserContext> {
    const context = await this.#browser.newContext({
      locale: "en-GB",
      baseURL: this.engine.url.origin,
      ...options,
    });
    context.setDefaultTimeout(PATIENCE);
    this.#contexts.push(context);
    return context;
  }

  /** After each test: what it opened goes on asking the engine. */
  async closeContexts(): Promise<void> {
    for (const context of this.#contexts.splice(0)) await context.close();
  }

  /** A page of a context of its own. Nothing may go wrong on it: see `watched`. */
  async page(path: string, options?: BrowserContextOptions): Promise<{ page: Page; watched: Watched }> {
    const context = await this.context(options);
    const page = await context.newPage();
    const watched = this.watch(page);
    await page.goto(path);
    return { page, watched };
  }

  watch(page: Page): Watched {
    const watched: Watched = { complaints: [], strangers: [] };
    page.on("pageerror", (error) => watched.complaints.push(String(error)));
    page.on("console", (message) => {
      // A refused call, and a network that a test took away, are told by the page, and by Chromium as well.
      const expected = /^Failed to load resource|ERR_INTERNET_DISCONNECTED/;
      if (message.type() === "error" && !expected.test(message.text())) {
        watched.complaints.push(message.text());
      }
    });
    page.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      const own =
        origin === this.engine.url.origin || origin === this.engine.url.origin.replace("http", "ws");
      if (!own && protocol !== "data:" && protocol !== "blob:") watched.strangers.push(request.url());
    });
    return watched;
  }
}

/** Expects that axe finds nothing serious, in light and in dark. */
export async function expectAccessible(page: Page): Promise<void> {
  const before = await page.evaluate(() => document.documentElement.dataset.theme);
  for (const theme of ["light", "dark"]) {
    const found = await page.evaluate(
      async ({ source, theme: wanted }) => {
        document.documentElement.dataset.theme = wanted;
        // Colours that change by a transition are not what a reader sees.
        for (const animation of document.getAnimations()) animation.finish();
        // The page's policy forbids inline scripts, not what a debugger runs.
        // biome-ignore lint/security/noGlobalEval: axe is a script for the global scope
        if (!("axe" in window)) window.eval(source);
        const axe = (window as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } }).axe;
        interface Violation {
          id: string;
          impact: string;
          nodes: { html: string }[];
        }
        const { violations } = await axe.run();
        return violations
          .filter(({ impact }) => impact === "serious" || impact === "critical")
          .map(
            ({ id, nodes }) => `${wanted} ${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`,
          );
      },
      { source: axeSource, theme },
    );
    expect(found, page.url()).toEqual([]);
  }
  await page.evaluate((theme) => {
    if (theme !== undefined) document.documentElement.dataset.theme = theme;
  }, before);
}

export function expectQuiet({ complaints, strangers }: Watched): void {
  expect(complaints).toEqual([]);
  expect(strangers).toEqual([]);
}

/** A screenshot for the docs; nothing when no pictures are wanted. */
export async function picture(page: Page, name: string): Promise<void> {
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), animations: "disabled" });
}

/** Screenshots of two phones and a wall, each in light and dark, as one small picture for the docs. */
export async function picturesTogether(pages: Pages, shots: readonly Buffer[], name: string): Promise<void> {
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  const context = await pages.context({ viewport: { width: 1_345, height: 660 } });
  const page = await context.newPage();
  const image = (shot: Buffer): string => `<img src="data:image/png;base64,${shot.toString("base64")}">`;
  const [joinLight, joinDark, clueLight, clueDark, ...walls] = shots.map(image);
  await page.setContent(
    `<style>body{margin:0;padding:20px;background:#8d8f94;display:flex;gap:20px;box-sizing:border-box;height:660px}
    img{display:block;border-radius:8px}.phone img{height:620px}.walls{display:grid;gap:20px}.walls img{height:300px}
    .pair{display:grid;gap:20px}.pair img{height:300px}</style>
    <div class="phone">${joinLight}</div><div class="phone">${clueDark}</div>
    <div class="pair">${joinDark}${clueLight}</div><div class="walls">${walls.join("")}</div>`,
  );
  await page.waitForLoadState("load");
  await page.screenshot({ path: join(pictures, `${name}.jpg`), type: "jpeg", quality: 72 });
  await context.close();
}

/**
 * Joins by the form, in any language: with a new team, by a code (which a link may have filled in), in a
 * bracket, or, where one plays alone, with a name only.
 */
export async function joinAs(
  page: Page,
  name: string,
  team?: { create?: string; code?: string; bracket?: string },
): Promise<void> {
  const input = (of: string) => page.locator(`form.join-form [name="${of}"]`);
  await input("name").fill(name);
  if (team?.create !== undefined) await input("team").fill(team.create);
  if (team?.code !== undefined && (await input("code").inputValue()) === "")
    await input("code").fill(team.code);
  if (team?.bracket !== undefined) await input("bracket").selectOption(team.bracket);
  await page.locator('form.join-form button[type="submit"]').click();
  await page.locator("nav.tabs").waitFor();
}

/** Nothing is wider than the screen. */
export async function expectFits(page: Page): Promise<void> {
  const wide = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(wide, page.url()).toBeLessThanOrEqual(0);
}

/** Answers the clue of this title, from the list. */
export async function answer(page: Page, title: string, text: string): Promise<string> {
  await page.goto(page.url().replace(/#.*|$/, "#clues"));
  await page.getByRole("link", { name: new RegExp(title) }).click();
  await page.getByLabel("Your answer").fill(text);
  await page.getByRole("button", { name: "Check" }).click();
  const verdict = page.locator(".verdict").first();
  await verdict.waitFor();
  return (await verdict.getAttribute("data-outcome")) ?? "";
}
