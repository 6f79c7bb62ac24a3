/** `hunt codes`: the codes of the scan clues, as a list, as a sheet of QR codes to print, or as files. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Codes } from "../../src/contract/definition.ts";
import type { Hunt } from "../../src/contract/hunt.ts";
import { isLoopback } from "../local/command-line.ts";
import type { Call, Command } from "./command.ts";
import { EXIT, refused, wrongUsage } from "./failure.ts";
import { qrModules, qrSvg } from "./qr.ts";
import { type Card, sheetHtml } from "./sheet.ts";
import { sheetLook } from "./sheet-look.ts";
import { plural } from "./text.ts";

const CARRIES = ["url", "code"];

export const codes: Command = {
  name: "codes",
  summary: "List the codes of the scan clues, or make their QR codes for printing",
  usage: "<hunt>",
  options: {
    out: {
      type: "string",
      value: "sheet.html",
      about: "write a sheet to print: A4, six a page, with cut marks",
    },
    svg: { type: "string", value: "dir", about: "write one SVG a clue into this directory" },
    carry: {
      type: "string",
      value: "url|code",
      about: "what the QR codes carry (default: url, which any camera opens)",
    },
    say: { type: "string", value: "text", about: "the line below every QR code of the sheet" },
    "no-titles": { type: "boolean", about: "do not print the clues' titles: strangers read them, too" },
  },
  example: "codes harbour-nights --out sheet.html",
  async run(call) {
    const { out, engine } = call;
    const hunt = call.argument("hunt");
    const carry = call.text("carry") ?? "url";
    if (!CARRIES.includes(carry)) throw wrongUsage(`--carry is url or code, not "${carry}"`);
    const response = await engine.json<Codes>("GET", `/v1/hunts/${encodeURIComponent(hunt)}/codes`);
    const sheet = call.text("out");
    const folder = call.text("svg");
    if (sheet !== undefined || folder !== undefined) {
      if (response.codes.length === 0) throw refused(`${hunt} has no scan clues`);
      const cards = response.codes.map((code) => cardOf(code, carry));
      if (sheet !== undefined) await writeSheet(call, sheet, hunt, cards);
      if (folder !== undefined) await writeSvgs(call, folder, hunt, cards);
      const first = URL.parse(response.codes[0]?.url ?? "");
      if (carry === "url" && first && isLoopback(first)) {
        out.note(
          `these QR codes lead to ${first.origin}, this machine: make those to print with --url of the deployed engine, or set its PUBLIC_URL`,
        );
      }
      if (!out.json) return EXIT.ok;
    }
    await out.result(response, ({ codes: told }) =>
      out.table(
        [{ title: "clue" }, { title: "title" }, { title: "code", whole: true }],
        told.map(({ clue, code, title }) => [clue, title, code]),
      ),
    );
    return EXIT.ok;
  },
};

interface DrawnCard extends Card {
  clue: string;
}

function cardOf({ clue, title, code, url }: Codes["codes"][number], carry: string): DrawnCard {
  const modules = qrModules(carry === "url" ? url : code);
  if (!modules) throw refused(`the code of ${clue} is too long for a QR code`);
  return { clue, title, code, svg: qrSvg(modules) };
}

async function writeSheet(
  call: Call,
  name: string,
  hunt: string,
  cards: readonly DrawnCard[],
): Promise<void> {
  const told = await call.engine.json<Hunt>("GET", `/v1/hunts/${encodeURIComponent(hunt)}`);
  const say = call.text("say");
  const html = sheetHtml({
    title: told.title,
    cards,
    look: await sheetLook(call, told),
    titles: !call.flag("no-titles"),
    ...(say === undefined ? {} : { say }),
  });
  await writeFile(call.path(name), html);
  if (!call.out.json)
    await call.out.confirm(undefined, `${plural(cards.length, "code")} in ${name}: print it at 100 %`);
}

async function writeSvgs(call: Call, name: string, hunt: string, cards: readonly DrawnCard[]): Promise<void> {
  const folder = call.path(name);
  await mkdir(folder, { recursive: true });
  for (const { clue, svg } of cards) {
    // Ids are slugs; another engine may send anything, and its file must not leave the directory.
    const file = `${hunt}-${clue}`.replaceAll(/[^a-z0-9-]/g, "_");
    await writeFile(join(folder, `${file}.svg`), `${svg}\n`);
  }
  if (!call.out.json) await call.out.confirm(undefined, `${plural(cards.length, "file")} in ${name}`);
}
