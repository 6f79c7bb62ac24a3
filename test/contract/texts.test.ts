/** Texts of a hunt in several languages, its pages, stories and solutions, over HTTP. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import type { Hunt } from "../../src/contract/hunt.ts";
import type { Me, MeApart } from "../../src/contract/me.ts";
import { Client, expectProblem } from "./client.ts";
import { Socket } from "./socket.ts";

const LONG = "Und so weiter. ".repeat(60);

const definition = (change: object = {}): object => ({
  format: 1,
  languages: ["en", "de", "pt-BR"],
  title: { en: "Harbour", de: "Hafen" },
  description: { en: "By the water.", de: "Am Wasser.", "pt-BR": "Na água." },
  pages: [
    {
      id: "rules",
      title: { en: "Rules", de: "Regeln" },
      body: { en: "Be kind.", de: "Seid nett.", "pt-BR": "Seja gentil." },
    },
  ],
  rounds: [
    {
      id: "quay",
      title: { en: "The Quay", de: "Der Kai" },
      body: { en: "Fog.", de: "Nebel.", "pt-BR": "Névoa." },
    },
    { id: "sea", title: "Sea", body: { en: "Waves.", de: "Wellen.", "pt-BR": "Ondas." } },
  ],
  clues: [
    {
      id: "tower",
      round: "quay",
      title: { en: "Tower", de: "Turm" },
      body: { en: "Which tower?", de: "Welcher Turm?", "pt-BR": "Qual torre?" },
      tags: ["outdoors"],
      kind: "answer",
      points: 10,
      answers: [{ en: ["lighthouse"], de: ["Leuchtturm"] }, "faro", { en: "Lamp", de: "LAMP" }],
      nudges: [{ match: ["house"], say: { en: "A special one.", de: "Ein besonderes." } }],
      solution: { en: "It shines.", de: `Er leuchtet. ${LONG}`, "pt-BR": "Ele brilha." },
      hints: [{ id: "h", text: { en: "By night.", de: "Bei Nacht.", "pt-BR": "À noite." } }],
    },
    {
      id: "colour",
      round: "quay",
      title: "Colour",
      body: { en: "Which?", de: "Welche?", "pt-BR": "Qual?" },
      kind: "choice",
      choices: [
        { id: "red", label: { en: "Red", de: "Rot" } },
        { id: "blue", label: { en: "Blue", de: "Blau" } },
      ],
      answers: ["red"],
      solution: { en: "Secret-en", de: "Secret-de", "pt-BR": "Secret-pt" },
    },
    {
      id: "locked",
      round: "sea",
      title: { en: "Canary title", de: "Kanarientitel" },
      body: { en: "Canary body", de: "Kanarientext", "pt-BR": "Canário" },
      kind: "answer",
      answers: [{ en: ["canaryanswer"], de: ["kanarienantwort"] }],
      opens: { solved: "tower" },
    },
  ],
  ...change,
});

let engine: Engine;
let client: Client;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off" }, log: () => undefined });
  client = await Client.of(engine);
  await client.publish("harbour", definition());
});
afterAll(() => engine.stop());

const huntIn = (query = "", headers: Record<string, string> = {}) =>
  client.call<Hunt>("GET", `/v1/hunts/harbour${query}`, { headers });

describe("[TEXT-4] the language of what everybody may see", () => {
  test.each([
    ["?lang=de", {}, "de", "Hafen"],
    ["?lang=de-AT", {}, "de", "Hafen"],
    ["?lang=DE", {}, "de", "Hafen"],
    ["?lang=fr", { "accept-language": "de" }, "en", "Harbour"],
    ["", { "accept-language": "fr, de-CH;q=0.8, en;q=0.5" }, "de", "Hafen"],
    ["", { "accept-language": "fr" }, "en", "Harbour"],
    ["?lang=pt", {}, "pt-BR", "Harbour"],
  ])("%s %o", async (query, headers, language, title) => {
    const { headers: told, body } = await huntIn(query, headers as Record<string, string>);
    expect(told.get("content-language")).toBe(language);
    expect(told.get("vary")?.includes("Accept-Language") ?? false).toBe(query === "");
    expect(body).toMatchObject({ title, languages: ["en", "de", "pt-BR"] });
  });

  test("[TEXT-5] rounds that are open at the start, and pages, in that language", async () => {
    const { body } = await huntIn("?lang=de");
    expect(body.rounds).toEqual([{ id: "quay", title: "Der Kai", body: "Nebel." }]);
    expect(body.pages).toEqual([{ id: "rules", title: "Regeln" }]);
    const page = await client.call("GET", "/v1/hunts/harbour/pages/rules?lang=de");
    expect(page.body).toEqual({ id: "rules", title: "Regeln", body: "Seid nett." });
    expectProblem(await client.call("GET", "/v1/hunts/harbour/pages/none"), "not_found");
  });
});

describe("[TEXT-6] a player is told everything in its language", () => {
  const lookOf = (token: string, query = "", headers: Record<string, string> = {}) =>
    client.call<Me>("GET", `/v1/hunts/harbour/me${query}`, { token, headers });

  test("by lang, locale, Accept-Language, in this order", async () => {
    const player = await client.join("harbour", { name: "Ada", locale: "de-CH" });
    expect((await lookOf(player.token)).headers.get("content-language")).toBe("de");
    const asked = await lookOf(player.token, "?lang=pt-BR", { "accept-language": "en" });
    expect(asked.headers.get("content-language")).toBe("pt-BR");
    expect(asked.body.clues[0]).toMatchObject({ title: "Tower", body: "Qual torre?" });
    const other = await client.join("harbour", { name: "Bo" });
    const told = await lookOf(other.token, "", { "accept-language": "de" });
    expect(told.body).toMatchObject({
      rounds: [{ id: "quay", title: "Der Kai", body: "Nebel." }],
      pages: [{ id: "rules", title: "Regeln" }],
      languages: ["en", "de", "pt-BR"],
    });
    expect(told.body.clues[0]).toMatchObject({ title: "Turm", tags: ["outdoors"] });
    expect(told.body.clues[1]?.choices?.[0]?.label).toBe("Rot");
    expect(told.headers.get("vary")).toContain("Accept-Language");
  });

  test("[WEB-141] an organiser who looks as a team reads it in the language it asks for", async () => {
    const { team } = await client.join("harbour", { name: "Di", locale: "pt-BR" });
    const json = { reason: "a look" };
    const view = await client.organise<{ token: string }>(
      "POST",
      `/v1/hunts/harbour/teams/${team.id}/view`,
      json,
    );
    for (const [query, header, language, title] of [
      ["?lang=de", "en", "de", "Turm"],
      ["", "de-AT", "de", "Turm"],
      ["?lang=fr", "de", "en", "Tower"],
    ] as const) {
      const told = await lookOf(view.body.token, query, { "accept-language": header });
      expect(told.headers.get("content-language")).toBe(language);
      expect(told.body.clues[0]?.title).toBe(title);
    }
  });

  test("an ETag is of a language; what changed since one of another is all", async () => {
    const { token } = await client.join("harbour", { name: "Cy" });
    const english = await lookOf(token, "?lang=en");
    const etag = english.headers.get("etag") ?? "";
    expect((await lookOf(token, "?lang=en", { "if-none-match": etag })).status).toBe(304);
    expect((await lookOf(token, "?lang=de", { "if-none-match": etag })).status).toBe(200);
    const since = await lookOf(token, `?lang=de&since=${encodeURIComponent(etag)}`);
    expect(since.body).not.toHaveProperty("since");
    expect(since.body.clues[0]?.title).toBe("Turm");
  });

  test("results, hints and sockets speak as it asked last; answers of all languages count", async () => {
    const player = await client.join("harbour", { name: "Di" });
    await lookOf(player.token, "?lang=de");
    expect(
      await client.playOne(player, { id: "n", type: "answer", clue: "tower", answer: "House" }),
    ).toMatchObject({ outcome: "nudge", message: "Ein besonderes." });
    const socket = await Socket.ofPlayer(client, player);
    socket.send({ events: [{ id: "h", type: "hint", clue: "tower", hint: "h" }] });
    expect(await socket.next("results")).toMatchObject([{ outcome: "taken", hint: { text: "Bei Nacht." } }]);
    await socket.close();
    await lookOf(player.token, "?lang=en");
    expect(
      await client.playOne(player, { id: "a", type: "answer", clue: "tower", answer: "LEUCHTTURM" }),
    ).toMatchObject({ outcome: "correct", unlocked: ["locked"] });
  });

  test("[TEXT-7] the answer and the solution are told once solved, in every form", async () => {
    const player = await client.join("harbour", { name: "Eve" });
    const before = await lookOf(player.token, "?lang=de");
    for (const secret of ["Canary", "Kanarien", "Canário", "leuchtet", "Secret", "Wellen"]) {
      expect(before.text).not.toContain(secret);
    }
    await client.playOne(player, { id: "a", type: "answer", clue: "tower", answer: " Leuchtturm " });
    const { body } = await lookOf(player.token, "?lang=de");
    expect(body.clues[0]).toMatchObject({ answer: "Leuchtturm", solution: `Er leuchtet. ${LONG}` });
    expect(body.rounds[1]?.body).toBe("Wellen.");
    expect(body.clues.find(({ id }) => id === "locked")?.title).toBe("Kanarientitel");
    const apart = await client.call<MeApart>("GET", "/v1/hunts/harbour/me?bodies=apart&lang=de", {
      token: player.token,
    });
    const at = apart.body.clues[0]?.solutionAt;
    expect(apart.body.clues[0]).not.toHaveProperty("solution");
    expect((await client.call("GET", at?.url ?? "")).text).toBe(`Er leuchtet. ${LONG}`);
  });

  test("[TEXT-7] to everybody who has the clue, once the hunt is final", async () => {
    await client.publish("ending", definition());
    const player = await client.join("ending", { name: "Flo" });
    await client.setPhase("ending", "ended");
    const me = () => client.call<Me>("GET", "/v1/hunts/ending/me?lang=de", { token: player.token });
    expect((await me()).text).not.toContain("Secret");
    await client.setPhase("ending", "final");
    const { body, text } = await me();
    expect(body.clues[1]?.solution).toBe("Secret-de");
    expect(text).not.toContain("Kanarien");
  });
});

describe("[TEXT-8] what is missing", () => {
  const publish = (change: object) =>
    client.organise<{ warnings: { code: string; path: string }[] }>(
      "PUT",
      "/v1/hunts/check?dryRun=true",
      definition(change),
    );

  test("in the first language is an error, elsewhere a warning; a text for all is one of bodies alone", async () => {
    const { body } = await publish({ description: "For all." });
    expect(body.warnings.map(({ path, code }) => `${path} ${code}`).sort()).toEqual(
      expect.arrayContaining(["description not-translated", "title not-translated"]),
    );
    expect(body.warnings.map(({ path }) => path)).not.toContain("clues.1.title");
    const refused = expectProblem(await publish({ title: { de: "Hafen" } }), "invalid");
    expect(refused.issues).toMatchObject([{ path: "title", code: "not-translated" }]);
  });

  test("faults are told at the text of their language", async () => {
    const refused = expectProblem(
      await publish({
        title: { en: "T", de: "x".repeat(300), fr: "T" },
        description: { en: "[x](clue:tower)", de: "[x](javascript:x)" },
      }),
      "invalid",
    );
    expect(refused.issues?.map(({ path, code }) => `${path} ${code}`).sort()).toEqual([
      "title.de too-large",
      "title.fr unknown-key",
    ]);
    const unsafe = expectProblem(
      await publish({ description: { en: "x", de: "[x](javascript:x)" } }),
      "invalid",
    );
    expect(unsafe.issues).toMatchObject([{ path: "description.de", code: "unsafe-link" }]);
  });
});
