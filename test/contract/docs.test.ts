/** What the documentation shows: examples of the document, the guides' blocks, llms.txt. Nothing in it is invented. */
import { execFile } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { bundleClient } from "../../scripts/client/build.ts";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { Client } from "./client.ts";
import { everyOutcome } from "./hunts.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");

type Json = Record<string, unknown>;

let engine: Engine;
let client: Client;
let folder: string;
let guides: string;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off" } });
  client = await Client.of(engine);
  folder = await mkdtemp(join(tmpdir(), "hunt-guides-"));
  const library = join(folder, "node_modules/@treasure-hunt/client");
  await mkdir(library, { recursive: true });
  await bundleClient(join(library, "index.js"));
  await writeFile(join(library, "package.json"), '{"type":"module","exports":"./index.js"}');
  guides = await readFile(join(root, "docs/guides.md"), "utf8");
});
afterAll(async () => {
  await engine.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Every schema in a value that has examples, with where it stands. */
function* exampled(value: unknown, path: string): Generator<{ path: string; schema: Json }> {
  if (Array.isArray(value)) {
    for (const [index, inner] of value.entries()) yield* exampled(inner, `${path}/${index}`);
  } else if (typeof value === "object" && value !== null) {
    if (Array.isArray((value as Json).examples)) yield { path, schema: value as Json };
    for (const [key, inner] of Object.entries(value)) {
      // Their values are no schemas.
      if (key !== "examples") yield* exampled(inner, `${path}/${key}`);
    }
  }
}

/** References as Zod reads them. */
const referring = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value).replaceAll("#/components/schemas/", "#/$defs/"));

/** The forms that a schema names, and those that these name: all of them for each schema would take minutes. */
function namedIn(
  schema: Json,
  forms: Record<string, Json>,
  found: Record<string, Json> = {},
): Record<string, Json> {
  for (const [, name = ""] of JSON.stringify(schema).matchAll(/"#\/\$defs\/(\w+)"/g)) {
    const form = forms[name];
    if (!form || name in found) continue;
    found[name] = form;
    namedIn(form, forms, found);
  }
  return found;
}

/** The last example of a body: its own, or its component's. */
function exampleOf(schema: Json | undefined): unknown {
  const name = String(schema?.$ref ?? "").replace("#/components/schemas/", "");
  const found = (name === "" ? schema : client.document.components.schemas[name]) as Json | undefined;
  return (found?.examples as unknown[] | undefined)?.at(-1);
}

describe("[DOC-2] the document's examples", () => {
  test("each one is what its schema describes", () => {
    const forms = referring(client.document.components.schemas) as Record<string, Json>;
    const wrong: string[] = [];
    let count = 0;
    for (const { path, schema } of exampled(client.document, "")) {
      const own = referring(schema) as Json;
      const form = z.fromJSONSchema({ ...own, $defs: namedIn(own, forms) } as Parameters<
        typeof z.fromJSONSchema
      >[0]);
      for (const example of schema.examples as unknown[]) {
        count += 1;
        const { error } = form.safeParse(example);
        if (error)
          wrong.push(`${path}: ${JSON.stringify(example).slice(0, 80)}: ${error.issues[0]?.message}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(count).toBeGreaterThan(500);
  });

  test("each body is one that the engine reads: sent, it is refused for nothing in its form", async () => {
    const brackets = [{ id: "family", title: "Family" }];
    await client.publish("harbour-nights", { ...everyOutcome(), brackets });
    const player = await client.team("harbour-nights", "Examples");
    const refused: string[] = [];
    let sent = 0;
    for (const [template, methods] of Object.entries(client.document.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        const { requestBody, security = [] } = operation as unknown as {
          requestBody?: { content: Record<string, { schema?: Json }> };
          security?: Json[];
        };
        const json = exampleOf(requestBody?.content["application/json"]?.schema);
        // An object alone: a list of lines, a file and a definition have pages and tests of their own.
        if (json === undefined || template === "/v1/hunts/{hunt}" || template === "/v1/registrations")
          continue;
        const path = template
          .replace("{hunt}", "harbour-nights")
          .replace("{team}", player.team.id)
          .replace("{player}", player.id)
          .replaceAll(/\{\w+\}/g, "old-lamp");
        const kinds = security.flatMap((one) => Object.keys(one));
        const token =
          kinds[0] === "player" ? player.token : kinds.length > 0 ? client.organiserToken : undefined;
        const answer = await client.call<Json>(method.toUpperCase(), path, { token, json });
        sent += 1;
        // What it means for this hunt is another matter: no such clue, not the captain, not now.
        if ([400, 415, 500].includes(answer.status) || isOfForm(answer.body)) {
          refused.push(`${method} ${template} ${answer.status} ${answer.text.slice(0, 300)}`);
        }
      }
    }
    expect(refused).toEqual([]);
    expect(sent).toBeGreaterThan(30);
  });
});

/** Codes of what Zod finds wrong in a form. */
const FORM = [
  "invalid_type",
  "unrecognized_keys",
  "invalid_union",
  "invalid_format",
  "invalid_value",
  "too_small",
];

const isOfForm = (body: Json): boolean =>
  ((body.issues ?? []) as { code: string }[]).some(({ code }) => FORM.includes(code));

/** The blocks of a language, in order. */
const blocks = (language: string): string[] =>
  [...guides.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map(
    ([, block = ""]) => block,
  );

describe("[DOC-3] the guides", () => {
  test("each block of commands runs as it stands, in order", async () => {
    const commands = blocks("sh");
    expect(commands).toHaveLength(3);
    const script = [
      `npm() { echo '${client.organiserToken}'; }`,
      "set -e",
      ...commands.map((block) => block.replaceAll("http://127.0.0.1:8787", engine.url.origin)),
    ].join("\n");
    const { stdout } = await run("bash", ["-c", script], { cwd: folder });
    expect(stdout).not.toContain("urn:hunt:problem");
    expect(stdout).toContain('{"phase":"live"}');
    expect(stdout).toContain('"accepted":2');
    expect(stdout).toContain("rank,");
  });

  test("the program plays, with the client library", async () => {
    await writeFile(
      join(folder, "play.mjs"),
      (blocks("js")[0] ?? "").replaceAll("http://127.0.0.1:8787", engine.url.origin),
    );
    const { stdout } = await run(process.execPath, ["play.mjs"], { cwd: folder });
    expect(stdout).toMatch(/^Ada correct 50\n/);
  });

  test("the check of a webhook's signature takes genuine messages alone", async () => {
    const file = join(folder, "genuine.mjs");
    await writeFile(file, blocks("js")[1] ?? "");
    const { isGenuine } = (await import(/* @vite-ignore */ file)) as {
      isGenuine(secret: string, headers: Record<string, string>, body: string, now?: number): boolean;
    };
    const key = Buffer.from("a secret of this test");
    const secret = `whsec_${key.toString("base64")}`;
    const now = 1_790_000_000_000;
    const signed = (body: string, time = now / 1_000): Record<string, string> => ({
      "webhook-id": "m1",
      "webhook-timestamp": String(time),
      "webhook-signature": `v1,AAAA v1,${createHmac("sha256", key).update(`m1.${time}.${body}`).digest("base64")}`,
    });
    expect(isGenuine(secret, signed("{}"), "{}", now)).toBe(true);
    expect(isGenuine(secret, signed("{}"), "{ }", now)).toBe(false);
    expect(isGenuine(secret, signed("{}", now / 1_000 - 301), "{}", now)).toBe(false);
    expect(isGenuine(secret, {}, "{}", now)).toBe(false);
  });
});

test("[DOC-4] llms.txt is served, short, and its links lead somewhere", async () => {
  const response = await fetch(new URL("/llms.txt", engine.url));
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toContain("text/plain");
  const text = await response.text();
  expect(text.length).toBeLessThan(2_500);
  const links = [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, link = ""]) => link);
  expect(links.length).toBeGreaterThan(3);
  for (const link of links) expect((await fetch(new URL(link, engine.url))).status, link).toBe(200);
  for (const [, method = "", path = ""] of text.matchAll(/`(GET|POST) (\/v1\S*)`/g)) {
    expect(client.document.paths[path]?.[method.toLowerCase()], path).toBeDefined();
  }
});
