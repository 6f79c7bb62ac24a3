/** What organisers do that other objects carry out: the audit's line comes first, and stays. */
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import type { AuditEntry } from "../../src/objects/control.ts";
import { PrizeVault } from "../../src/prizes/object.ts";
import { DeadLetters } from "../../src/queue/dead-letters-object.ts";
import { HuntShard } from "../../src/shard/object.ts";
import { command, control, join, logOf, makeOrigin, play, publish, setPhase } from "../shard/workerd.ts";

beforeAll(makeOrigin);
afterEach(() => {
  vi.restoreAllMocks();
});

const BY = { actor: "ada", request: "r-7" };
const AWARD = { type: "award", points: 5, reason: "kind" } as const;
const PRIZE = { id: "shell", title: "Shell", mode: "first-come", stock: 2 };

const newest = async (hunt: string): Promise<AuditEntry | undefined> =>
  (await control(hunt).audit(undefined, 100)).entries[0];

async function start(hunt: string) {
  await publish(hunt, 10, { prizes: [PRIZE] });
  await setPhase(hunt, "live");
  return join(hunt, "Ann");
}

interface Stoppable {
  ctx: DurableObjectState;
}

/** The method's object stops at each call, before or after its work. */
function stopAt(prototype: object, method: string, when: "before" | "after"): void {
  const holder = prototype as Record<string, (...args: unknown[]) => unknown>;
  const original = holder[method];
  vi.spyOn(holder, method).mockImplementation(async function (this: unknown, ...args: unknown[]) {
    if (when === "after") await original?.apply(this, args);
    (this as Stoppable).ctx.abort("restarted by a test");
    throw new Error("restarted by a test");
  });
}

/** Looks at the audit when the method is called. */
function lineAt(hunt: string, prototype: object, method: string): Promise<AuditEntry | undefined> {
  const holder = prototype as Record<string, (...args: unknown[]) => unknown>;
  const original = holder[method];
  return new Promise((resolve) => {
    vi.spyOn(holder, method).mockImplementation(async function (this: unknown, ...args: unknown[]) {
      resolve(await newest(hunt));
      return original?.apply(this, args);
    });
  });
}

test("[CTRL-1] the line is in the audit before the shard is asked", async () => {
  const { team } = await start("first");
  const line = lineAt("first", HuntShard.prototype, "organise");
  expect(await control("first").actOnTeam(team.id, AWARD, BY)).toEqual({ score: 5 });
  const detail = { team: team.id, points: 5, reason: "kind" };
  expect(await line).toMatchObject({ ...BY, action: "award", detail });
  expect(await newest("first")).toMatchObject({ ...BY, action: "award", detail });
});

test("[CTRL-1] a refused attempt stays in the audit, with the error's code", async () => {
  const { team } = await start("refused");
  const unlock = { type: "unlock", clue: "nowhere", reason: "typo" } as const;
  expect(await control("refused").actOnTeam(team.id, unlock, BY)).toMatchObject({ refused: "not_found" });
  expect((await newest("refused"))?.detail).toEqual({
    team: team.id,
    clue: "nowhere",
    reason: "typo",
    refused: "not_found",
  });
});

test("[CTRL-1] so does one whose shard stopped; the award is given once at most", async () => {
  const { team } = await start("stopped");
  stopAt(HuntShard.prototype, "organise", "after");
  expect(await control("stopped").actOnTeam(team.id, AWARD, BY)).toMatchObject({ refused: "unavailable" });
  vi.restoreAllMocks();
  expect((await newest("stopped"))?.detail).toMatchObject({ refused: "unavailable" });
  const awards = (await logOf("stopped")).filter(({ type }) => type === "award");
  expect(awards).toHaveLength(1);
});

test("[CTRL-1] a failure that nobody foresaw is marked, too", async () => {
  const { team } = await start("failed");
  vi.spyOn(HuntShard.prototype, "organise").mockRejectedValue(new Error("a defect"));
  await expect(
    (async () => {
      await control("failed").actOnTeam(team.id, AWARD, BY);
    })(),
  ).rejects.toThrow("a defect");
  expect((await newest("failed"))?.detail).toMatchObject({ refused: "internal" });
});

test("[CTRL-1] a team that no shard of the hunt has is refused without a call or a line", async () => {
  await start("guessed");
  const lines = (await control("guessed").audit(undefined, 100)).entries;
  const organise = vi.spyOn(HuntShard.prototype, "organise");
  for (const team of ["nobody", "afr-3-0-abcde"]) {
    expect(await control("guessed").actOnTeam(team, AWARD, BY)).toMatchObject({ refused: "not_found" });
  }
  expect(organise).not.toHaveBeenCalled();
  expect((await control("guessed").audit(undefined, 100)).entries).toEqual(lines);
  expect(await control("no-hunt").rearchive("none", BY)).toMatchObject({ refused: "not_found" });
});

test("[CTRL-1] [PRIZE-11] a revocation stopped between shard and vault is finished by repeating it", async () => {
  const ann = await start("revoked");
  await play(ann, command("revoked", { id: "c", type: "claim", prize: "shell" }));
  const line = lineAt("revoked", PrizeVault.prototype, "winner");
  stopAt(PrizeVault.prototype, "revoked", "before");
  expect(await control("revoked").revoke("shell", 0, "why", BY)).toMatchObject({ refused: "unavailable" });
  expect((await line)?.detail).toEqual({ prize: "shell", unit: 0, reason: "why" });
  vi.restoreAllMocks();
  const detail = { prize: "shell", unit: 0, reason: "why", team: ann.team.id };
  expect((await newest("revoked"))?.detail).toEqual({ ...detail, refused: "unavailable" });
  expect(await control("revoked").revoke("shell", 0, "why", BY)).toEqual({ team: ann.team.id });
  expect((await newest("revoked"))?.detail).toEqual(detail);
  expect((await logOf("revoked")).filter(({ type }) => type === "revoke")).toHaveLength(1);
  expect(await env.PRIZES.getByName("revoked").winner("shell", 0)).toMatchObject({ revoked: true });
});

test("[SEC-39] a letter that dies again while it is being redriven stays a letter", async () => {
  const letters = env.DEAD_LETTERS.getByName("dies");
  const letter = { id: "l", at: 1, error: "e", attempts: 1, body: "{}" };
  await letters.store(letter);
  vi.spyOn(env.FACTS, "sendBatch").mockImplementation(async () => {
    await env.DEAD_LETTERS.getByName("dies").store({ ...letter, at: 2 });
    return undefined as never;
  });
  await letters.redrive();
  expect(await letters.list()).toMatchObject({ letters: [{ id: "l", at: 2 }], total: 1 });
});

test("[CTRL-1] rearchive and redrive say how much they sent", async () => {
  await start("sent");
  const rearchiving = lineAt("sent", HuntShard.prototype, "rearchive");
  expect(await control("sent").rearchive("lost", BY)).toEqual({ facts: 1 });
  expect((await rearchiving)?.detail).toEqual({ reason: "lost" });
  expect(await newest("sent")).toMatchObject({ action: "rearchive", detail: { reason: "lost", facts: 1 } });
  const letter = { id: "l", at: 1, error: "e", attempts: 1, body: "{}" };
  await env.DEAD_LETTERS.getByName("sent").store(letter);
  vi.spyOn(env.FACTS, "sendBatch").mockResolvedValue(undefined as never);
  const redriving = lineAt("sent", DeadLetters.prototype, "redrive");
  expect(await control("sent").redrive(undefined, BY)).toEqual({ redriven: 1 });
  expect((await redriving)?.detail).toEqual({});
  expect(await newest("sent")).toMatchObject({ action: "redrive", detail: { redriven: 1 } });
});

test("[Q-6] a letter that is named twice is redriven once", async () => {
  await start("twice");
  await env.DEAD_LETTERS.getByName("twice").store({ id: "l", at: 1, error: "e", attempts: 1, body: "{}" });
  const sent = vi.spyOn(env.FACTS, "sendBatch").mockResolvedValue(undefined as never);
  expect(await control("twice").redrive(["l", "l", "gone"], BY)).toEqual({ redriven: 1 });
  expect(sent).toHaveBeenCalledExactlyOnceWith([{ body: "{}", contentType: "text" }]);
});
