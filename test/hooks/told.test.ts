/** What webhooks are told, and how it is written. */
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { WEBHOOK_TYPES } from "../../src/contract/webhook-types.ts";
import { bodyOf } from "../../src/hooks/body.ts";
import { nextTry } from "../../src/hooks/schedule.ts";
import { isSigned, secretText, signatureOf } from "../../src/hooks/sign.ts";
import { inOrder, toldOf } from "../../src/hooks/told.ts";
import type { WebhookConfig, WebhookFact, WebhookReport } from "../../src/objects/webhooks.ts";
import { retryAfter } from "../../src/retry-after.ts";

const config: WebhookConfig = {
  revision: 1,
  version: 1,
  hunt: "h",
  codeKey: "k",
  webhook: { id: "w", url: "https://example.org/", as: "signed", on: [...WEBHOOK_TYPES] },
  since: 1_000,
  phase: { live: true, paused: false, openedAt: 0 },
  clues: { a: "A" },
  prizes: { p: "P" },
  announcements: [],
};

const team = (name: string, more: object = {}) => ({ name, isConcealed: false, isPublic: true, ...more });
const solve = (seq: number, at: number, of: string, clue = "a"): WebhookFact => ({
  seq,
  at,
  team: of,
  what: "solved",
  clue,
  points: 5,
});
const report = (shard: string, facts: WebhookFact[]): WebhookReport => ({
  shard,
  after: { seq: 0, thread: 0 },
  upto: { seq: facts.at(-1)?.seq ?? 0, thread: 0 },
  facts,
  threads: [],
  more: false,
});
const never = (): boolean => false;

test("[SUBM-24] what was sent and judged is told with its id; one that counts at once is a solve as well", () => {
  const about = { team: "owls", clue: "a" };
  const facts = inOrder([
    report("a-0", [
      { seq: 4, at: 2_000, what: "submitted", submission: 4, ...about },
      { seq: 5, at: 2_001, what: "judged", submission: 4, ...about },
      { ...solve(6, 2_002, "owls"), submission: 6 },
      { seq: 7, at: 2_003, what: "judged", submission: 6, ...about, team: "staff" },
    ]),
  ]);
  const teams = new Map([
    ["owls", team("Owls")],
    ["staff", team("Staff", { isConcealed: true })],
  ]);
  const told = toldOf(config, facts, [], teams, () => true, 3_000).deliveries;
  expect(told.map(({ type, data }) => [type, data.submission])).toEqual([
    ["submitted", "owls.4"],
    ["judged", "owls.4"],
    ["submitted", "owls.6"],
    ["solved", undefined],
  ]);
  const still = { ...config, freeze: 1_500, closes: 10_000 };
  expect(toldOf(still, facts, [], teams, () => true, 3_000).deliveries).toEqual([]);
});

describe("who was first", () => {
  test("[HOOK-1] counts over all shards, whoever tells of it first", () => {
    const facts = inOrder([
      report("b-0", [solve(1, 2_001, "late")]),
      report("a-0", [solve(9, 2_000, "early")]),
    ]);
    const teams = new Map([
      ["late", team("Late")],
      ["early", team("Early")],
    ]);
    const { deliveries } = toldOf(config, facts, [], teams, never, 3_000);
    const first = deliveries.filter(({ type }) => type === "first_solve");
    expect(first.map(({ data }) => data.team?.name)).toEqual(["Early"]);
    expect(deliveries.map(({ key }) => key)).toEqual(["solved a-0 9", "first_solve a-0 9", "solved b-0 1"]);
  });

  test("[HOOK-4] is the first that is neither hidden nor banned", () => {
    const facts = inOrder([report("a-0", [solve(1, 2_000, "staff"), solve(2, 2_001, "owls")])]);
    const teams = new Map([
      ["staff", team("Staff", { isConcealed: true })],
      ["owls", team("Owls")],
    ]);
    const { deliveries } = toldOf(config, facts, [], teams, never, 3_000);
    expect(deliveries.map(({ type, data }) => [type, data.team?.name])).toEqual([
      ["solved", "Owls"],
      ["first_solve", "Owls"],
    ]);
  });

  test("[HOOK-6] a first solve that a freeze holds back is told to nobody, and there is no other", () => {
    const frozen = { ...config, freeze: 1_500, closes: 10_000 };
    const teams = new Map([["owls", team("Owls")]]);
    const held = toldOf(frozen, inOrder([report("a-0", [solve(1, 2_000, "owls")])]), [], teams, never, 3_000);
    expect(held.deliveries).toEqual([]);
    expect([...held.firsts]).toEqual(["a"]);
    // What comes late out of a shard stays held back when the freeze is over.
    const after = toldOf(
      frozen,
      inOrder([report("a-0", [solve(1, 2_000, "owls")])]),
      [],
      teams,
      never,
      20_000,
    );
    expect(after.deliveries).toEqual([]);
  });
});

test("[HOOK-5] what was before the webhook is not told", () => {
  const teams = new Map([["owls", team("Owls")]]);
  const facts = inOrder([report("a-0", [solve(1, 999, "owls"), solve(2, 1_000, "owls", "b")])]);
  expect(toldOf(config, facts, [], teams, never, 3_000).deliveries.map(({ data }) => data.clue?.id)).toEqual([
    "b",
    "b",
  ]);
});

test("[HOOK-14] tries come after 5 s, 30 s, 5 min, 30 min and 2 h; a receiver may ask for more, a day at most", () => {
  const delays = [1, 2, 3, 4, 5, 6].map((failures) => nextTry(failures, 0));
  expect(delays).toEqual([5_000, 30_000, 300_000, 1_800_000, 7_200_000, undefined]);
  expect(nextTry(1, 0, 60_000)).toBe(60_000);
  expect(retryAfter("7", 0)).toBe(7_000);
  expect(retryAfter(new Date(9_000).toUTCString(), 0)).toBe(9_000);
  expect(retryAfter("Wed, 01 Jan 2020 00:00:00 GMT", 2e12)).toBe(0);
  expect(retryAfter("99999999", 0)).toBe(86_400_000);
  for (const none of [null, "soon", ""]) expect(retryAfter(none, 0)).toBeUndefined();
});

test("[HOOK-3] no text of a player mentions anybody or leads anywhere", () => {
  const data = {
    hunt: "h",
    at: "",
    team: { id: "t", name: "@everyone <!here> <@1> *x* [l](https://e) ＠all" },
    clue: { id: "a", title: "A" },
  };
  for (const type of WEBHOOK_TYPES) {
    const discord = JSON.parse(bodyOf("discord", type, data)) as {
      content: string;
      allowed_mentions: object;
    };
    expect(discord.allowed_mentions).toEqual({ parse: [] });
    expect(discord.content).not.toMatch(/[@＠](?!\u200b)|(?<!\\)[[<]/);
    const slack = JSON.parse(bodyOf("slack", type, data)) as { text: string };
    expect(slack.text).not.toMatch(/[@＠](?!\u200b)|[<>]/);
  }
  const long = { hunt: "h", at: "", text: "😀".repeat(3_000) };
  expect([
    ...(JSON.parse(bodyOf("discord", "announcement", long)) as { content: string }).content,
  ]).toHaveLength(2_000);
});

describe("signatures", () => {
  const secret = new Uint8Array(32).fill(7);
  const now = 1_800_000_000_000;
  const headers = (timestamp: number, signature: string) => ({
    id: "msg_1",
    timestamp: String(timestamp),
    signature,
  });

  test("[HOOK-2] are those of Standard Webhooks, both ways", () => {
    const sign = new Webhook(secretText(secret)).sign("msg_1", new Date(now), "{}");
    expect(signatureOf(secret, "msg_1", now / 1_000, "{}")).toBe(sign);
    expect(isSigned(secret, headers(now / 1_000, `v1a,x v1,AAAA ${sign}`), Buffer.from("{}"), now)).toBe(
      true,
    );
  });

  test("[HOOK-2] another body, id, time, key or version is none; five minutes from the present it ends", () => {
    const seconds = now / 1_000;
    const sign = signatureOf(secret, "msg_1", seconds, "{}");
    const good = headers(seconds, sign);
    const body = Buffer.from("{}");
    expect(isSigned(secret, good, body, now)).toBe(true);
    expect(isSigned(secret, good, body, now + 300_000)).toBe(true);
    expect(isSigned(secret, good, body, now + 301_000)).toBe(false);
    expect(isSigned(secret, good, body, now - 301_000)).toBe(false);
    expect(isSigned(secret, good, Buffer.from("[]"), now)).toBe(false);
    expect(isSigned(secret, { ...good, id: "msg_2" }, body, now)).toBe(false);
    expect(isSigned(secret, { ...good, timestamp: `${seconds + 1}` }, body, now)).toBe(false);
    expect(isSigned(new Uint8Array(32), good, body, now)).toBe(false);
    expect(isSigned(secret, { ...good, signature: sign.replace("v1,", "v2,") }, body, now)).toBe(false);
    for (const missing of ["id", "timestamp", "signature"] as const) {
      expect(isSigned(secret, { ...good, [missing]: undefined }, body, now)).toBe(false);
    }
    expect(isSigned(secret, { ...good, timestamp: "1e9" }, body, now)).toBe(false);
  });
});
