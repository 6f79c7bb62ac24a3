/**
 * A forgotten player leaves no byte in an origin of PostgreSQL either: canaries in every field are searched for in
 * the files of the server and of the engine, after what was dead is redriven, the log sent again and both restarted.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client as PgClient } from "pg";
import { afterAll, expect, test, vi } from "vitest";
import { compactPostgres } from "../../scripts/local/compact.ts";
import { startEngine } from "../../scripts/local/engine.ts";
import { startPostgres } from "../../scripts/local/postgres.ts";
import { foundIn } from "../bytes.ts";
import { Client, type Player } from "../contract/client.ts";
import { everyOutcome, soloHunt } from "../contract/hunts.ts";

const SPOT = { lat: 53.54361357, lng: 9.96691357, accuracy: 13.371357 };
const CANARIES = {
  name: "Canary Lyrebird",
  "external id": "CANARY-kookaburra",
  "registered name": "Canary Registered",
  field: "canary.lyrebird@example.org",
  latitude: String(SPOT.lat),
  longitude: String(SPOT.lng),
  accuracy: String(SPOT.accuracy),
  "name of a solo player": "Canary Cassowary",
  "name in a dead letter": "Canary Buried",
  "name of who is forgotten by retention": "Canary Galah",
};
const KEPT = { mate: "Mate Bowerbird" };
const HUNTS = ["pg-team", "pg-solo", "pg-retention"];

let folder: string | undefined;
afterAll(async () => {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

test("[PD-2] [PD-5] no byte of who is forgotten is left in PostgreSQL, also after a restart and a redrive", {
  timeout: 720_000,
}, async () => {
  folder = await mkdtemp(join(tmpdir(), "hunt-forget-postgres-"));
  const [dataDir, databaseDir] = [join(folder, "engine"), join(folder, "postgres")];
  let postgres = await startPostgres({ dataDir: databaseDir });
  const begin = () =>
    startEngine({
      dataDir,
      origin: { postgres: postgres.url },
      vars: { RATE_LIMITS: "off", LOOKUP_NEGATIVE_MS: "0" },
      log: () => undefined,
    });
  const query = async (text: string): Promise<Record<string, unknown>[]> => {
    const database = new PgClient({ connectionString: postgres.url });
    await database.connect();
    try {
      return (await database.query<Record<string, unknown>>(text)).rows;
    } finally {
      await database.end();
    }
  };
  let engine = await begin();
  let client = await Client.of(engine);
  const archived = (hunt: string) =>
    vi.waitFor(
      async () => {
        const { body } = await client.organise<{ shards: { seq: number; archived: number }[] }>(
          "GET",
          `/v1/hunts/${hunt}/stats`,
        );
        for (const { seq, archived: upto } of body.shards) expect(upto).toBe(seq);
      },
      { timeout: 120_000, interval: 200 },
    );
  const forgetMe = async ({ hunt, token }: Player) =>
    expect((await client.call("DELETE", `/v1/hunts/${hunt}/me`, { token })).status).toBe(204);

  await client.call("POST", "/v1/registrations", {
    token: client.organiserToken,
    body: [
      JSON.stringify({ externalId: CANARIES["external id"], name: CANARIES["registered name"] }),
      JSON.stringify({ externalId: "MATE-1" }),
    ].join("\n"),
    type: "application/x-ndjson",
  });
  await vi.waitFor(async () => expect(await query("SELECT external_id FROM registration")).toHaveLength(2), {
    timeout: 30_000,
    interval: 200,
  });
  const mail = { id: "mail", label: "E-mail", kind: "email", once: true };
  await client.publish(
    "pg-team",
    everyOutcome({
      teams: { mode: "teams", maxSize: 4 },
      players: { require: "registered", whenOriginDown: "refuse" },
      join: { fields: [mail] },
    }),
  );
  const ada = await client.join("pg-team", {
    name: CANARIES.name,
    externalId: CANARIES["external id"],
    fields: { mail: CANARIES.field },
    team: { create: "Owls" },
  });
  await client.join("pg-team", {
    name: KEPT.mate,
    externalId: "MATE-1",
    team: { join: ada.team.joinCode ?? "" },
  });
  await client.playOne(ada, { id: "here", type: "checkin", clue: "pier", position: SPOT });
  await client.publish("pg-solo", soloHunt());
  const solo = await client.join("pg-solo", { name: CANARIES["name of a solo player"] });
  await client.playOne(solo, { id: "r", type: "answer", clue: "c0", answer: "right 0" });
  await client.publish("pg-retention", everyOutcome({ retention: "1s" }));
  await client.join("pg-retention", {
    name: CANARIES["name of who is forgotten by retention"],
    team: { create: "Ended" },
  });
  for (const hunt of HUNTS) await archived(hunt);
  // What the database refuses becomes a dead letter.
  await query(`CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN
    IF NEW.hunt = 'pg-solo' THEN RAISE EXCEPTION USING ERRCODE = '23514'; END IF; RETURN NEW; END $$ LANGUAGE plpgsql`);
  await query("CREATE TRIGGER refuse BEFORE INSERT ON player FOR EACH ROW EXECUTE FUNCTION refuse()");
  const buried = await client.join("pg-solo", { name: CANARIES["name in a dead letter"] });
  const letters = () => client.organise<{ total: number }>("GET", "/v1/hunts/pg-solo/dead-letters");
  await vi.waitFor(async () => expect((await letters()).body.total).toBeGreaterThan(0), {
    timeout: 180_000,
    interval: 300,
  });
  // The search finds what is there.
  await query("CHECKPOINT");
  expect(foundIn(databaseDir, { name: CANARIES.name, registered: CANARIES["registered name"] })).not.toEqual(
    [],
  );

  await forgetMe(ada);
  await forgetMe(solo);
  await forgetMe(buried);
  await client.setPhase("pg-retention", "ended");
  await vi.waitFor(
    async () => {
      const { text } = await client.organise<string>("GET", "/v1/hunts/pg-retention/export");
      expect(text).toContain('"type":"forget"');
    },
    { timeout: 90_000, interval: 300 },
  );
  await query("DROP TRIGGER refuse ON player");
  for (const hunt of HUNTS) {
    await client.organise("POST", `/v1/hunts/${hunt}/dead-letters/redrive`, {});
    await archived(hunt);
  }
  await engine.stop();
  engine = await begin();
  client = await Client.of(engine);
  for (const hunt of HUNTS) {
    await client.organise("POST", `/v1/hunts/${hunt}/rearchive`, { reason: "a test" });
    await client.organise("POST", `/v1/hunts/${hunt}/dead-letters/redrive`, {});
    await archived(hunt);
    await client.verify(hunt);
  }
  expect(await query("SELECT external_id FROM registration")).toEqual([{ external_id: "MATE-1" }]);
  const names = await query("SELECT name FROM player ORDER BY name");
  expect(new Set(names.map(({ name }) => name))).toEqual(new Set(["–", KEPT.mate]));
  await engine.stop();
  // As `npm start` does with a server of its own, before it stops and after it starts.
  await compactPostgres(postgres.url);
  await postgres.stop();
  expect(foundIn(folder, CANARIES)).toEqual([]);
  postgres = await startPostgres({ dataDir: databaseDir });
  await postgres.stop();
  expect(foundIn(folder, CANARIES)).toEqual([]);
  expect(foundIn(databaseDir, KEPT).join()).toContain("mate in ");
});
