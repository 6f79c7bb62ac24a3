/** Submissions over the wire: files and words are sent, people judge them. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { mintOrganiserToken, type Person } from "../../scripts/local/secrets.ts";
import type { Audit } from "../../src/contract/data.ts";
import type { ClueView, Me } from "../../src/contract/me.ts";
import type { Result } from "../../src/contract/play.ts";
import type { Submission, SubmissionNow, Submissions, Uploaded } from "../../src/contract/submissions.ts";
import { bytes, jpegWithMore, mp4WithMore, png, SECRET, svg } from "../assets/files.ts";
import { type Answer, Client, expectProblem, type Player } from "./client.ts";
import { Socket } from "./socket.ts";

let engine: Engine;
let client: Client;
let judges: [string, string];
let operator: string;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off", SHARDS_PER_REGION: "2" } });
  client = await Client.of(engine);
  const tokenOf = (person: Partial<Person>) => mintOrganiserToken(engine.secrets, Date.now(), person);
  judges = [
    await tokenOf({ name: "Jo", roles: ["judge"] }),
    await tokenOf({ name: "Kim", roles: ["judge"] }),
  ];
  operator = await tokenOf({ name: "Olga", roles: ["operator"] });
});
afterAll(() => engine.stop());

const photoHunt = (clue: object = {}, more: object = {}): object => ({
  format: 1,
  title: "Photos",
  teams: { mode: "teams", maxSize: 4 },
  clues: [
    { id: "pyramid", title: "Pyramid", kind: "submission", accept: ["image", "text"], points: 40, ...clue },
    { id: "after", title: "After", kind: "answer", answers: ["x"], points: 5, opens: { solved: "pyramid" } },
    { id: "plain", title: "Plain", kind: "answer", answers: ["x"], points: 5 },
  ],
  ...more,
});

const upload = (
  player: Player,
  body: Uint8Array<ArrayBuffer>,
  clue = "pyramid",
  type = "application/octet-stream",
): Promise<Answer<Uploaded>> =>
  client.call<Uploaded>("POST", `/v1/hunts/${player.hunt}/clues/${clue}/uploads`, {
    token: player.token,
    body,
    type,
  });

async function uploaded(player: Player, body: Uint8Array<ArrayBuffer>): Promise<string> {
  const made = await upload(player, body);
  expect(made.status, made.text).toBe(201);
  return made.body.upload;
}

let events = 0;
const submit = async (player: Player, what: { text?: string; uploads?: string[] }, clue = "pyramid") => {
  events += 1;
  const [result] = await client.play(player, { id: `s${events}`, type: "submit", clue, ...what });
  return result as Result;
};

const clueOf = async (player: Player, id = "pyramid"): Promise<ClueView | undefined> =>
  (await client.call<Me>("GET", `/v1/hunts/${player.hunt}/me`, { token: player.token })).body.clues.find(
    (clue) => clue.id === id,
  );

const queue = async (hunt: string, query = "", token = judges[0]): Promise<Submission[]> => {
  const told = await client.call<Submissions>("GET", `/v1/hunts/${hunt}/submissions${query}`, { token });
  expect(told.status, told.text).toBe(200);
  return told.body.submissions;
};

const act = (hunt: string, id: string, what: string, json?: object, token: string = judges[0]) =>
  client.call<SubmissionNow>("POST", `/v1/hunts/${hunt}/submissions/${id}/${what}`, {
    token,
    ...(json === undefined ? {} : { json }),
  });

async function verdict(hunt: string, id: string, json: object, token?: string): Promise<Submission> {
  const done = await act(hunt, id, "verdict", json, token);
  expect(done.status, done.text).toBe(200);
  return done.body.submission;
}

const phase = (hunt: string, to: string) => client.organise("POST", `/v1/hunts/${hunt}/phase`, { phase: to });

const fileAt = (url: string): Promise<Response> => fetch(new URL(url, client.url));

describe("[SUBM-10] [SUBM-11] a file is sent", () => {
  test("its first bytes say what it is; where it was taken and by what stands in it no more", async () => {
    await client.publish("sent", photoHunt({ accept: ["image", "video"] }));
    const ada = await client.team("sent", "Owls");
    const made = await upload(ada, jpegWithMore(), "pyramid", "text/plain");
    expect(made.status, made.text).toBe(201);
    expect(made.body).toEqual({ upload: expect.any(String), type: "image/jpeg", size: expect.any(Number) });
    const film = await upload(ada, mp4WithMore());
    expect(film.body.type).toBe("video/mp4");
    expect(await submit(ada, { uploads: [made.body.upload, film.body.upload] })).toMatchObject({
      outcome: "submitted",
    });
    const [sent] = await queue("sent");
    expect(sent?.files.map(({ type }) => type)).toEqual(["image/jpeg", "video/mp4"]);
    for (const { url, size } of sent?.files ?? []) {
      const file = await fileAt(url);
      expect(file.status).toBe(200);
      const told = Buffer.from(await file.arrayBuffer());
      expect(told.byteLength).toBe(size);
      expect(told.includes(SECRET)).toBe(false);
      expect(file.headers.get("content-security-policy")).toContain("sandbox");
    }
    expect((await fileAt(sent?.files[0]?.url.replace(/t=.*/, "t=x") ?? "")).status).toBe(404);
    expect(Buffer.from(await client.export("sent").then(JSON.stringify)).includes(SECRET)).toBe(false);
  });

  test("drawings, documents and what the clue does not take are refused; a locked clue is none", async () => {
    await client.publish("refused-files", photoHunt());
    const ada = await client.team("refused-files", "Owls");
    for (const body of [bytes(svg()), bytes("%PDF-1.4 x"), bytes("PK\x03\x04xxxx"), mp4WithMore()]) {
      expectProblem(await upload(ada, body), "unsupported_media_type");
    }
    expectProblem(await upload(ada, bytes("")), "bad_request");
    expectProblem(await upload(ada, png(), "after"), "not_found");
    expectProblem(await upload(ada, png(), "nowhere"), "not_found");
    expectProblem(await upload(ada, png(), "plain"), "conflict");
    const large = new Uint8Array(15_000_001);
    large.set(png());
    expectProblem(await upload(ada, large), "payload_too_large");
    await phase("refused-files", "paused");
    expectProblem(await upload(ada, png()), "conflict");
  });

  test("20 in an hour for a team and clue; each is of its team, its clue and one submission", async () => {
    await client.publish("many-files", photoHunt());
    const ada = await client.team("many-files", "Owls");
    const bob = await client.team("many-files", "Foxes");
    const ids = await Promise.all(Array.from({ length: 20 }, () => uploaded(ada, png())));
    const more = await upload(ada, png());
    expectProblem(more, "rate_limited");
    expect(Number(more.headers.get("retry-after"))).toBeGreaterThan(3_000);
    expect(await submit(bob, { uploads: [ids[0] ?? ""] })).toMatchObject({ outcome: "invalid" });
    expect(await submit(ada, { uploads: [ids[0] ?? "", ids[0] ?? ""] })).toMatchObject({
      outcome: "invalid",
    });
    expect(await submit(ada, { uploads: ids.slice(0, 6) })).toMatchObject({ outcome: "invalid" });
    expect(await submit(ada, { uploads: ids.slice(0, 5) })).toMatchObject({ outcome: "submitted" });
    const [sent] = await queue("many-files");
    await verdict("many-files", sent?.id ?? "", { accept: false });
    expect(await submit(ada, { uploads: ids.slice(4, 6) })).toMatchObject({ outcome: "invalid" });
    expect(await submit(ada, { uploads: ids.slice(5, 6) })).toMatchObject({ outcome: "submitted" });
  });
});

describe("[SUBM-20] people judge", () => {
  test("[SUBM-21] what waits is in the queue; accepted, it solves since it was sent, and opens since the verdict", async () => {
    await client.publish("judged", photoHunt());
    const ada = await client.team("judged", "Owls");
    const socket = await Socket.ofPlayer(client, ada);
    const sentAt = Date.now();
    expect(await submit(ada, { text: "Look!" })).toMatchObject({ outcome: "submitted", clue: "pyramid" });
    expect(await clueOf(ada)).toMatchObject({
      state: "submitted",
      accept: ["text", "image"],
      submission: { state: "waiting", text: "Look!", files: [] },
    });
    expect(await submit(ada, { text: "Again" })).toMatchObject({ outcome: "already_submitted" });
    const [sent] = await queue("judged");
    expect(sent).toMatchObject({ team: { name: "Owls" }, clue: "pyramid", text: "Look!", state: "waiting" });
    const id = sent?.id ?? "";
    expect((await act("judged", id, "claim")).body.submission.claimedBy).toBe("Jo");
    expectProblem(await act("judged", id, "claim", undefined, judges[1]), "conflict");
    expectProblem(await act("judged", id, "verdict", { accept: true }, judges[1]), "conflict");
    expectProblem(await act("judged", id, "release", undefined, judges[1]), "conflict");
    expect((await act("judged", id, "release", undefined, operator)).status).toBe(200);
    const done = await verdict("judged", id, { accept: true, say: "Lovely" }, judges[1]);
    expect(done).toMatchObject({ state: "accepted", say: "Lovely" });
    expect(await socket.next("submission")).toEqual({ clue: "pyramid", state: "waiting" });
    expect(await socket.next("submission")).toEqual({ clue: "pyramid", state: "accepted", say: "Lovely" });
    const clue = await clueOf(ada);
    expect(clue).toMatchObject({
      state: "solved",
      points: 40,
      submission: { state: "accepted", say: "Lovely" },
    });
    expect(Date.parse(clue?.solvedAt ?? "")).toBeLessThan(sentAt + 5_000);
    const opened = await clueOf(ada, "after");
    expect(Date.parse(opened?.openedAt ?? "")).toBeGreaterThan(Date.parse(clue?.solvedAt ?? ""));
    expect(await queue("judged")).toEqual([]);
    expect((await queue("judged", "?state=accepted")).map((each) => each.id)).toEqual([id]);
    // A mistake is undone: nothing closes, and the clue can be sent for again.
    await verdict("judged", id, { accept: false, say: "Oh no" });
    expect(await clueOf(ada)).toMatchObject({
      state: "open",
      submission: { state: "refused", say: "Oh no" },
    });
    expect(await clueOf(ada, "after")).toMatchObject({ openedAt: opened?.openedAt });
    expect(await submit(ada, { text: "Better" })).toMatchObject({ outcome: "submitted" });
    const actions = (await client.organise<Audit>("GET", "/v1/hunts/judged/audit")).body.entries;
    expect(actions.map(({ action }) => action)).toEqual(
      expect.arrayContaining(["judge", "claim-submission", "release-submission"]),
    );
    const { body } = await client.organise<{ ok: boolean }>("GET", "/v1/hunts/judged/verify");
    expect(body).toMatchObject({ ok: true });
    await socket.close();
  });

  test("points are fixed, or the judge says how many", async () => {
    await client.publish("points", photoHunt({ points: { from: 10, to: 60 } }));
    const ada = await client.team("points", "Owls");
    await submit(ada, { text: "Look!" });
    expect(await clueOf(ada)).toMatchObject({ range: { from: 10, to: 60 }, points: 60 });
    const [sent] = await queue("points");
    const id = sent?.id ?? "";
    for (const json of [{ accept: true }, { accept: true, points: 61 }, { accept: false, points: 20 }]) {
      expectProblem(await act("points", id, "verdict", json), "invalid");
    }
    await verdict("points", id, { accept: true, points: 25 });
    expect(await clueOf(ada)).toMatchObject({ points: 25, submission: { points: 25 } });
    await verdict("points", id, { accept: true, points: 30 });
    expect(await clueOf(ada)).toMatchObject({ points: 30 });
    await client.publish("fixed", photoHunt());
    const bob = await client.team("fixed", "Foxes");
    await submit(bob, { text: "Look!" });
    const [other] = await queue("fixed");
    expectProblem(await act("fixed", other?.id ?? "", "verdict", { accept: true, points: 5 }), "invalid");
  });

  test("judge: after counts at once until it is refused; judge: none counts, and nobody judges it", async () => {
    await client.publish("at-once", photoHunt({ judge: "after" }));
    const ada = await client.team("at-once", "Owls");
    expect(await submit(ada, { text: "Look!" })).toMatchObject({ outcome: "correct", points: 40 });
    const [sent] = await queue("at-once");
    await verdict("at-once", sent?.id ?? "", { accept: false });
    expect(await clueOf(ada)).toMatchObject({ state: "open" });
    await client.publish("unjudged", photoHunt({ judge: "none" }));
    const bob = await client.team("unjudged", "Foxes");
    expect(await submit(bob, { text: "Look!" })).toMatchObject({ outcome: "correct" });
    expect(await queue("unjudged")).toEqual([]);
    const [told] = await queue("unjudged", "?state=accepted");
    expectProblem(await act("unjudged", told?.id ?? "", "verdict", { accept: false }), "conflict");
  });

  test("[SUBM-12] [SUBM-22] [SUBM-23] words alone only where they are taken, 4,000 characters over HTTP, and deleted they are gone", async () => {
    await client.publish("words", photoHunt({ accept: ["image"] }));
    const ada = await client.team("words", "Owls");
    expect(await submit(ada, { text: "Only words" })).toMatchObject({ outcome: "invalid" });
    expect(await submit(ada, {})).toMatchObject({ outcome: "invalid" });
    const caption = "ä".repeat(4_000);
    const uploads = [await uploaded(ada, png())];
    expect(await submit(ada, { text: `${caption}x`, uploads })).toMatchObject({ outcome: "invalid" });
    expect(await submit(ada, { text: caption, uploads })).toMatchObject({ outcome: "submitted" });
    const [sent] = await queue("words");
    expect(sent?.text).toBe(caption);
    await verdict("words", sent?.id ?? "", { accept: true });
    const url = sent?.files[0]?.url ?? "";
    expect((await fileAt(url)).status).toBe(200);
    const path = `/v1/hunts/words/submissions/${sent?.id}?reason=private`;
    expectProblem(await client.call("DELETE", path, { token: judges[0] }), "forbidden");
    expect((await client.call("DELETE", path, { token: operator })).status).toBe(204);
    expect((await client.call("DELETE", path, { token: operator })).status).toBe(204);
    expect((await fileAt(url)).status).toBe(404);
    expect(await clueOf(ada)).toMatchObject({
      state: "solved",
      submission: { state: "accepted", files: [] },
    });
    expect((await clueOf(ada))?.submission?.text).toBeUndefined();
    expect((await client.organise("GET", "/v1/hunts/words/export")).text).not.toContain("ääää");
    const { body } = await client.organise<{ ok: boolean }>("GET", "/v1/hunts/words/verify");
    expect(body).toMatchObject({ ok: true });
  });

  test("after the end, until the hunt is final", async () => {
    await client.publish("late", photoHunt());
    const ada = await client.team("late", "Owls");
    await submit(ada, { text: "Look!" });
    const [sent] = await queue("late");
    await phase("late", "ended");
    await verdict("late", sent?.id ?? "", { accept: true });
    await phase("late", "final");
    expectProblem(await act("late", sent?.id ?? "", "verdict", { accept: false }), "conflict");
  });
});

describe("[SUBM-30] who is forgotten", () => {
  test("leaves nothing of what it sent; what was solved stays", async () => {
    await client.publish("forgotten", photoHunt());
    const ada = await client.team("forgotten", "Owls");
    const uploads = [await uploaded(ada, png())];
    const spare = await uploaded(ada, png());
    await submit(ada, { text: "Me, with my dog", uploads });
    const [sent] = await queue("forgotten");
    await verdict("forgotten", sent?.id ?? "", { accept: true });
    const data = await client.call("GET", "/v1/hunts/forgotten/me/data", { token: ada.token });
    expect(data.text).toContain("Me, with my dog");
    const url = sent?.files[0]?.url ?? "";
    expect((await client.call("DELETE", "/v1/hunts/forgotten/me", { token: ada.token })).status).toBeLessThan(
      300,
    );
    await expect.poll(async () => (await fileAt(url)).status).toBe(404);
    expect(spare).not.toBe("");
    const [left] = await queue("forgotten", "?state=accepted");
    expect(left).toMatchObject({ files: [], state: "accepted" });
    expect(left?.text).toBeUndefined();
    expect((await client.organise("GET", "/v1/hunts/forgotten/export")).text).not.toContain("dog");
  });
});
