/** Files of hunts: stored as they come, read with tickets, invisible before. */
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "../../scripts/local/engine.ts";
import { mintOrganiserToken } from "../../scripts/local/secrets.ts";
import { ASSET_BYTES } from "../../src/contract/asset-types.ts";
import type { AssetRow, AssetStored, Assets } from "../../src/contract/assets.ts";
import type { Audit } from "../../src/contract/data.ts";
import { bytes, FILES, jpeg, jpegWithMore, png, pngWithMore, SECRET, svg } from "../assets/files.ts";
import { type Answer, Client, expectProblem, type Player } from "./client.ts";

let engine: Engine;
let client: Client;

beforeAll(async () => {
  engine = await startEngine({ vars: { RATE_LIMITS: "off" } });
  client = await Client.of(engine);
});
afterAll(() => engine.stop());

const put = (
  hunt: string,
  name: string,
  body: Uint8Array<ArrayBuffer> | string,
): Promise<Answer<AssetStored>> =>
  client.call<AssetStored>("PUT", `/v1/hunts/${hunt}/assets/${name}`, {
    token: client.organiserToken,
    body,
    type: "application/octet-stream",
  });

/** Sends the pieces without saying how long they are. */
async function putChunked(
  hunt: string,
  name: string,
  pieces: () => Generator<Uint8Array>,
): Promise<Response> {
  const source = pieces();
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const { value, done } = source.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
  return fetch(new URL(`/v1/hunts/${hunt}/assets/${name}`, client.url), {
    method: "PUT",
    headers: { authorization: `Bearer ${client.organiserToken}` },
    body,
    duplex: "half",
  } as RequestInit);
}

const read = (address: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(new URL(address, client.url), { headers });

const bytesAt = async (address: string): Promise<Buffer> =>
  Buffer.from(await (await read(address)).arrayBuffer());

const asOrganiser = (): Record<string, string> => ({ authorization: `Bearer ${client.organiserToken}` });

const list = async (hunt: string): Promise<AssetRow[]> =>
  (await client.organise<Assets>("GET", `/v1/hunts/${hunt}/assets`)).body.assets;

const addressesIn = (text: string): string[] => text.match(/\/v1\/hunts\/[^/]+\/assets\/[^)\s"\\]+/g) ?? [];

const huntWith = (first: string, second = "", more: object = {}): object => ({
  format: 1,
  title: "Files",
  teams: { mode: "teams", maxSize: 3 },
  rounds: [{ id: "one", title: "One" }],
  clues: [
    {
      id: "first",
      round: "one",
      title: "First",
      kind: "answer",
      answers: ["yes"],
      body: first,
      hints: [{ id: "see", text: "Look: ![plan](asset:hint.png)", cost: 0 }],
    },
    {
      id: "second",
      round: "one",
      title: "Second",
      kind: "answer",
      answers: ["yes"],
      body: second,
      opens: { solved: "first" },
    },
  ],
  ...more,
});

describe("storing", () => {
  test("[ASSET-1] a file of each ending is stored before the hunt is published, and read again by its organisers", async () => {
    for (const [name, file] of Object.entries(FILES)) {
      const stored = await put("kinds", name, file);
      expect(stored.status, stored.text).toBe(201);
      const sha256 = createHash("sha256").update(file).digest("hex");
      expect(stored.body).toMatchObject({ name, sha256, size: file.byteLength });
      const got = await read(`/v1/hunts/kinds/assets/${name}`, asOrganiser());
      expect(got.status).toBe(200);
      expect(Buffer.from(await got.arrayBuffer()).equals(Buffer.from(file)), name).toBe(true);
    }
    const rows = await list("kinds");
    expect(rows.map(({ name }) => name)).toEqual(Object.keys(FILES).sort());
    expect((await put("kinds", "a.png", png())).status).toBe(200);
    const deep = await put("kinds", "one/two/three/a.png", png());
    expect(deep.status).toBe(201);
    const encoded = await read("/v1/hunts/kinds/assets/one%2Ftwo%2Fthree%2Fa.png", asOrganiser());
    expect(encoded.status).toBe(200);
  });

  test("[ASSET-1] a name that no file can have is refused at it", async () => {
    for (const name of [
      "A.png",
      "a%20b.png",
      "one/two/three/four/a.png",
      `${"a".repeat(101)}`,
      "one//a.png",
      ".a.png",
    ]) {
      const refused = expectProblem(await put("kinds", name, png()), "invalid");
      expect(refused.issues?.[0]?.path).toBe("name");
    }
  });

  test("[ASSET-2] what is not what its ending says is 415", async () => {
    const wrong: [string, Uint8Array<ArrayBuffer>][] = [
      ["a.png", jpeg()],
      ["a.jpg", png()],
      ["a.txt", png()],
      ["a.exe", bytes("MZ")],
      ["a.html", bytes("<html>")],
      ["noending", png()],
      ["a.png", bytes(png().subarray(0, 30))],
      ["a.json", bytes("words")],
      ["a.pdf", bytes(svg())],
    ];
    for (const [name, file] of wrong) expectProblem(await put("kinds", name, file), "unsupported_media_type");
    expectProblem(await put("kinds", "a.png", new Uint8Array(0)), "bad_request");
  });

  test("[ASSET-3] a drawing that could act is 415, and says why", async () => {
    const refused = await put("kinds", "bad.svg", svg("<script>alert(1)</script>"));
    expect(expectProblem(refused, "unsupported_media_type").detail).toContain("<script>");
  });

  test("[ASSET-4] what says where and by what pictures were made is not stored, on every road", async () => {
    expect((await put("kinds", "more.jpg", jpegWithMore())).status).toBe(201);
    const chunked = await putChunked("kinds", "more.png", function* () {
      const file = pngWithMore();
      for (let at = 0; at < file.byteLength; at += 10) yield file.subarray(at, at + 10);
    });
    expect(chunked.status).toBe(201);
    for (const name of ["more.jpg", "more.png"]) {
      const row = (await list("kinds")).find((each) => each.name === name);
      const got = await bytesAt(row?.url ?? "");
      expect(got.byteLength).toBe(row?.size);
      expect(got.includes(SECRET)).toBe(false);
      expect(createHash("sha256").update(got).digest("hex")).toBe(row?.sha256);
      expect(row?.sent).not.toBe(row?.sha256);
    }
  });

  test("[ASSET-5] a long film of unknown length comes in parts, and is the same", {
    timeout: 180_000,
  }, async () => {
    const piece = new Uint8Array(randomBytes(1_000_003));
    const head = FILES["a.mp4"] as Uint8Array;
    const hash = createHash("sha256");
    const pieces = 21;
    const answer = await putChunked("kinds", "long.mp4", function* () {
      hash.update(head);
      yield head;
      const box = bytes([0, 0, 0, 0], "mdat");
      hash.update(box);
      yield box;
      for (let at = 0; at < pieces; at += 1) {
        hash.update(piece);
        yield piece;
      }
    });
    expect(answer.status).toBe(201);
    const { sha256, size } = (await answer.json()) as AssetStored;
    expect(sha256).toBe(hash.digest("hex"));
    expect(size).toBe(head.byteLength + 8 + pieces * piece.byteLength);
    const row = (await list("kinds")).find(({ name }) => name === "long.mp4");
    const part = await read(row?.url ?? "", { range: `bytes=${size - 10}-` });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(Buffer.from(piece.subarray(-10)));
  });

  test("[ASSET-5] beyond 100 MB is 413, announced or not; nothing of it is left", {
    timeout: 360_000,
  }, async () => {
    const answer = await fetch(new URL("/v1/hunts/kinds/assets/huge.txt", client.url), {
      method: "PUT",
      headers: asOrganiser(),
      body: new Uint8Array(ASSET_BYTES + 1).fill(32),
    });
    expect(answer.status).toBe(413);
    const piece = new Uint8Array(4_000_000).fill(32);
    const chunked = await putChunked("kinds", "huge.txt", function* () {
      for (let sent = 0; sent <= ASSET_BYTES; sent += piece.byteLength) yield piece;
    });
    expect(chunked.status).toBe(413);
    expect((await list("kinds")).some(({ name }) => name === "huge.txt")).toBe(false);
  });

  test("[ASSET-6] needs an editor; all of it is in the audit", async () => {
    const viewer = await mintOrganiserToken(engine.secrets, Date.now(), { roles: ["viewer"] });
    const refused = await client.call("PUT", "/v1/hunts/kinds/assets/b.png", { token: viewer, body: png() });
    expectProblem(refused, "forbidden");
    expect((await client.call("GET", "/v1/hunts/kinds/assets", { token: viewer })).status).toBe(200);
    const byViewer = await read("/v1/hunts/kinds/assets/a.png", { authorization: `Bearer ${viewer}` });
    expect(byViewer.status).toBe(200);
    expect((await read("/v1/hunts/kinds/assets/a.png")).status).toBe(404);
    await put("audited", "a.png", png());
    await client.organise("DELETE", "/v1/hunts/audited/assets/a.png");
    await client.publish(
      "audited",
      huntWith("x", "", { clues: [{ id: "a", kind: "answer", round: "one", title: "A", answers: ["b"] }] }),
    );
    const { entries } = (await client.organise<Audit>("GET", "/v1/hunts/audited/audit")).body;
    expect(entries.map(({ action }) => action)).toEqual(
      expect.arrayContaining(["store-file", "remove-file"]),
    );
  });
});

describe("reading", () => {
  let player: Player;

  beforeAll(async () => {
    await put("read", "open.png", png({ side: 8 }));
    await put("read", "hint.png", png({ side: 9 }));
    await put("read", "locked.png", png({ side: 10 }));
    await put("read", "public.png", png({ side: 11 }));
    await put("read", "plan.svg", svg());
    await put("read", "plan.pdf", FILES["a.pdf"] as Uint8Array<ArrayBuffer>);
    await put("read", "data.csv", FILES["a.csv"] as Uint8Array<ArrayBuffer>);
    await client.publish(
      "read",
      huntWith(
        "![one](asset:open.png) [plan](asset:plan.svg) [document](asset:plan.pdf) [table](asset:data.csv)",
        "![two](asset:locked.png)",
        { description: "![cover](asset:public.png)" },
      ),
    );
    player = await client.team("read", "Readers");
  });

  const bodyOf = async (clue: string): Promise<string> => {
    const found = (await client.me(player)).clues.find(({ id }) => id === clue);
    return (found as { body?: string } | undefined)?.body ?? "";
  };

  test("[ASSET-7] a clue's text has an address with a ticket, which opens this file and no other", async () => {
    const [address = ""] = addressesIn(await bodyOf("first"));
    const got = await read(address);
    expect(got.status).toBe(200);
    expect(Buffer.from(await got.arrayBuffer())).toEqual(Buffer.from(png({ side: 8 })));
    expect(got.headers.get("cache-control")).toMatch(/^private, max-age=8\d{4}|9\d{4}, immutable$/);
    expect(got.headers.get("content-type")).toBe("image/png");
    expect(got.headers.get("x-content-type-options")).toBe("nosniff");
    expect(got.headers.get("content-disposition")).toBe('inline; filename="open.png"');
    const ticket = new URL(address, client.url).searchParams.get("t");
    for (const name of ["locked.png", "hint.png", "missing.png"]) {
      expectProblem(await client.call("GET", `/v1/hunts/read/assets/${name}?t=${ticket}`), "not_found");
    }
    const altered = `${ticket?.slice(0, -1)}${ticket?.endsWith("A") ? "B" : "A"}`;
    expect((await read(`/v1/hunts/read/assets/open.png?t=${altered}`)).status).toBe(404);
    expect((await read(`/v1/hunts/other/assets/open.png?t=${ticket}`)).status).toBe(404);
  });

  test("[ASSET-8] of what is locked nothing is told: not by name, not by a token, before its clue opens", async () => {
    const me = await client.call("GET", "/v1/hunts/read/me", { token: player.token });
    expect(me.text).not.toMatch(/locked\.png|hint\.png/);
    const missing = await client.call("GET", "/v1/hunts/read/assets/missing.png");
    for (const options of [{}, { token: player.token }]) {
      const locked = await client.call("GET", "/v1/hunts/read/assets/locked.png", options);
      const { requestId: _, ...told } = expectProblem(locked, "not_found");
      const { requestId: __, ...of } = expectProblem(missing, "not_found");
      expect(told).toEqual(of);
    }
    const hint = await client.playOne(player, { id: "h", type: "hint", clue: "first", hint: "see" });
    const [address = ""] = addressesIn(hint.hint?.text ?? "");
    expect(await bytesAt(address)).toEqual(Buffer.from(png({ side: 9 })));
    const again = await client.playOne(player, { id: "h", type: "hint", clue: "first", hint: "see" });
    expect(addressesIn(again.hint?.text ?? "")).toEqual([address]);
    await client.playOne(player, { id: "a", type: "answer", clue: "first", answer: "yes" });
    const [opened = ""] = addressesIn(await bodyOf("second"));
    expect(await bytesAt(opened)).toEqual(Buffer.from(png({ side: 10 })));
    expect(JSON.stringify(await client.me(player))).toContain(address);
  });

  test("[ASSET-9] anybody sees what the description names, with and without its ticket", async () => {
    expect((await read("/v1/hunts/read/assets/public.png")).status).toBe(200);
    const { text } = await client.call("GET", "/v1/hunts/read");
    const [address = ""] = addressesIn(text);
    expect(address).toContain("/public.png?t=");
    expect((await read(address)).status).toBe(200);
  });

  test("[ASSET-10] ranges, ETags and headers by type", async () => {
    const body = await bodyOf("first");
    const [picture = "", drawing = "", document = "", table = ""] = addressesIn(body);
    const whole = Buffer.from(png({ side: 8 }));
    const first = await read(picture);
    const etag = first.headers.get("etag") ?? "";
    await first.arrayBuffer();
    expect((await read(picture, { "if-none-match": etag })).status).toBe(304);
    const ranges: [string, number, string | null, Buffer?][] = [
      ["bytes=0-3", 206, `bytes 0-3/${whole.length}`, whole.subarray(0, 4)],
      ["bytes=-4", 206, `bytes ${whole.length - 4}-${whole.length - 1}/${whole.length}`, whole.subarray(-4)],
      ["bytes=5-99999", 206, `bytes 5-${whole.length - 1}/${whole.length}`, whole.subarray(5)],
      [`bytes=${whole.length}-`, 416, `bytes */${whole.length}`],
      ["bytes=3-1", 200, null, whole],
      ["bytes=0-1,4-5", 200, null, whole],
      ["lines=1-2", 200, null, whole],
    ];
    for (const [range, status, told, content] of ranges) {
      const part = await read(picture, { range });
      expect(part.status, range).toBe(status);
      expect(part.headers.get("content-range"), range).toBe(told);
      const got = Buffer.from(await part.arrayBuffer());
      if (content) expect(got, range).toEqual(content);
    }
    expect((await read(picture, { range: "bytes=0-3", "if-range": etag })).status).toBe(206);
    expect((await read(picture, { range: "bytes=0-3", "if-range": '"other"' })).status).toBe(200);
    const head = await fetch(new URL(picture, client.url), { method: "HEAD" });
    expect(head.headers.get("content-length")).toBe(String(whole.length));
    const csp = async (address: string) => (await read(address)).headers.get("content-security-policy");
    expect(await csp(drawing)).toMatch(/default-src 'none'.*sandbox/);
    expect(await csp(document)).toMatch(/default-src 'none'/);
    const csv = await read(table);
    expect(csv.headers.get("content-disposition")).toBe('attachment; filename="data.csv"');
    expect(csv.headers.get("content-type")).toBe("text/csv; charset=utf-8");
  });

  test("[ASSET-11] publishing names each file that is not there; the list says where each is used", async () => {
    const refused = await client.organise(
      "PUT",
      "/v1/hunts/read",
      huntWith("![a](asset:none.png)", "[b](asset:../x)"),
    );
    expect(expectProblem(refused, "invalid").issues).toEqual([
      expect.objectContaining({ path: "clues.0.body", code: "no-such-asset" }),
      expect.objectContaining({ path: "clues.1.body", code: "no-such-asset" }),
    ]);
    const rows = await list("read");
    const usesOf = (name: string) => rows.find((row) => row.name === name)?.usedIn;
    expect(usesOf("locked.png")).toEqual([{ path: "clues.1.body", clue: "second" }]);
    expect(usesOf("hint.png")).toEqual([{ path: "clues.0.hints.0.text", clue: "first" }]);
    expect(usesOf("public.png")).toEqual([{ path: "description" }]);
  });

  test("[ASSET-12] another content has another address, and is told at once; the one before stays for its tickets", async () => {
    const before = await client.call("GET", "/v1/hunts/read/me", { token: player.token });
    const [old = ""] = addressesIn(before.text);
    expect((await put("read", "open.png", png({ side: 20 }))).status).toBe(200);
    const after = await client.call("GET", "/v1/hunts/read/me", {
      token: player.token,
      headers: { "if-none-match": before.headers.get("etag") ?? "" },
    });
    expect(after.status).toBe(200);
    const [address = ""] = addressesIn(after.text);
    expect(address).not.toBe(old);
    expect(await bytesAt(address)).toEqual(Buffer.from(png({ side: 20 })));
    expect(await bytesAt(old)).toEqual(Buffer.from(png({ side: 8 })));
    // The content of before is at its address again.
    expect((await put("read", "open.png", png({ side: 8 }))).status).toBe(200);
    expect(
      addressesIn((await client.call("GET", "/v1/hunts/read/me", { token: player.token })).text)[0],
    ).toBe(old);
  });

  test("[ASSET-13] what the published version names is not deleted; what it does not is gone at once", async () => {
    expectProblem(await client.organise("DELETE", "/v1/hunts/read/assets/locked.png"), "conflict");
    await put("read", "spare.png", png({ side: 30 }));
    await put("read", "spare.png", png({ side: 31 }));
    const url = (await list("read")).find(({ name }) => name === "spare.png")?.url ?? "";
    expect((await read(url)).status).toBe(200);
    expect((await client.organise("DELETE", "/v1/hunts/read/assets/spare.png")).status).toBe(204);
    expect((await read(url)).status).toBe(404);
    expectProblem(await client.organise("DELETE", "/v1/hunts/read/assets/spare.png"), "not_found");
  });
});

test("[ASSET-15] a rehearsal has copies of the files, which go with it; those of the hunt stay", async () => {
  await put("real", "hint.png", png());
  await put("real", "shown.png", png({ side: 3 }));
  await client.publish("real", huntWith("![a](asset:shown.png)"));
  const made = await client.organise<{ hunt: string }>("POST", "/v1/hunts/real/rehearsal", {});
  expect(made.status, made.text).toBe(201);
  const { hunt } = made.body;
  await client.setPhase(hunt, "live");
  const player = await client.team(hunt, "Rehearsing");
  const body = (await client.call("GET", `/v1/hunts/${hunt}/me`, { token: player.token })).text;
  const [address = ""] = addressesIn(body);
  expect(address).toContain(`/v1/hunts/${hunt}/assets/shown.png`);
  expect(await bytesAt(address)).toEqual(Buffer.from(png({ side: 3 })));
  expect((await client.organise("DELETE", "/v1/hunts/real/rehearsal")).status).toBe(204);
  expect((await read(address)).status).toBe(404);
  const url = (await list("real")).find(({ name }) => name === "shown.png")?.url ?? "";
  expect((await read(url)).status).toBe(200);
});

test("[ASSET-14] a hunt that is deleted leaves no file in the bucket", async () => {
  await put("gone", "hint.png", png());
  await put("gone", "spare.png", png({ side: 2 }));
  await client.publish("gone", huntWith("nothing"), "draft");
  const [url = ""] = (await list("gone")).map((row) => row.url);
  expect((await client.organise("DELETE", "/v1/hunts/gone?confirm=gone&reason=test")).status).toBe(202);
  const bucket = await engine.miniflare.getR2Bucket("ASSETS_BUCKET");
  const left = async () => (await bucket.list({ prefix: "hunts/gone/" })).objects.length;
  for (let tries = 0; tries < 50 && (await left()) > 0; tries += 1) await sleep(100);
  expect(await left()).toBe(0);
  expect((await read(url)).status).toBe(404);
});

test("[ASSET-14] files outlast a restart of a local engine; deleted ones leave no byte in its folder", {
  timeout: 180_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "assets-"));
  const vars = { RATE_LIMITS: "off" };
  let local = await startEngine({ dataDir: folder, vars });
  try {
    const canary = "canary of files 4711 ";
    const small = bytes(canary);
    const long = bytes(canary.repeat(600_000));
    const send = async (name: string, body: Uint8Array<ArrayBuffer>): Promise<number> => {
      const token = await mintOrganiserToken(local.secrets);
      const url = new URL(`/v1/hunts/lasting-files/assets/${name}`, local.url);
      return (await fetch(url, { method: "PUT", headers: { authorization: `Bearer ${token}` }, body }))
        .status;
    };
    expect([
      await send("small.txt", small),
      await send("long.txt", long),
      await send("hint.png", png()),
    ]).toEqual([201, 201, 201]);
    for (const stops of [() => local.stop(), () => local.kill()]) {
      await stops();
      local = await startEngine({ dataDir: folder, vars });
      const organiser = await Client.of(local);
      for (const [name, file] of [
        ["small.txt", small],
        ["long.txt", long],
      ] as const) {
        const { url } = (
          await organiser.organise<Assets>("GET", "/v1/hunts/lasting-files/assets")
        ).body.assets.find((row) => row.name === name) as AssetRow;
        const got = Buffer.from(await (await fetch(new URL(url, local.url))).arrayBuffer());
        expect(got.equals(file), name).toBe(true);
      }
    }
    const organiser = await Client.of(local);
    await organiser.publish("lasting-files", huntWith("nothing"), "draft");
    const deletion = await organiser.organise<{ job: string }>(
      "DELETE",
      "/v1/hunts/lasting-files?confirm=lasting-files&reason=test",
    );
    for (let tries = 0; tries < 300; tries += 1) {
      const { state } = (await organiser.organise<{ state: string }>("GET", `/v1/jobs/${deletion.body.job}`))
        .body;
      if (state === "done") break;
      await sleep(100);
    }
    await local.stop();
    const found = readdirSync(join(folder, "storage"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => {
        const content = readFileSync(path);
        return content.includes(canary) || content.includes("hunts/lasting-files/");
      });
    expect(found).toEqual([]);
  } finally {
    await local.kill();
    rmSync(folder, { recursive: true, force: true });
  }
});
