import { beforeEach, expect, test } from "vitest";
import { forgetRevoked, refuseRevoked } from "../../src/edge/organisers.ts";
import type { Env } from "../../src/objects/env.ts";
import type { Revocations } from "../../src/objects/names.ts";

const START = Date.parse("2026-06-06T18:00:00Z");

let told: Revocations["revoked"];
let mark: number;
let isDown: boolean;
let asked: number;
let sent: number;

const env = {
  DIRECTORY: {
    getByName: () => ({
      revocations: async (known: string | undefined) => {
        asked += 1;
        if (isDown) throw Object.assign(new Error("restarting"), { retryable: true });
        if (known === String(mark)) return { mark: known };
        sent += 1;
        return { mark: String(mark), revoked: told };
      },
    }),
  },
} as unknown as Pick<Env, "DIRECTORY">;

let now = START;

function revoke(more: NonNullable<Revocations["revoked"]>): void {
  told = more;
  mark += 1;
}

beforeEach(async () => {
  now += 3_600_000;
  [isDown, asked, sent, mark] = [false, 0, 0, now];
  revoke({ tokens: [], subs: [] });
  forgetRevoked();
  await refuseRevoked(env, ada(), now);
  [asked, sent] = [0, 0];
});

const ada = (id = "t-1", iat = 0) => ({ subject: "ada", id, iat });

test("[SEC-94] a void token is refused within a minute, and the directory is asked a few times in it", async () => {
  revoke({ tokens: ["t-1"], subs: [] });
  let lasts = 0;
  for (let second = 0; second < 60; second += 1) {
    await refuseRevoked(env, ada("t-1"), now + second * 1_000).then(
      () => {
        lasts = second;
      },
      (error: unknown) => expect(error).toMatchObject({ code: "unauthenticated" }),
    );
    await refuseRevoked(env, ada("t-2"), now + second * 1_000);
  }
  expect(lasts).toBeLessThan(30);
  expect(asked).toBeLessThanOrEqual(3);
  // What it knows already is not sent again.
  expect(sent).toBe(1);
});

test("[SEC-94] a person's tokens that were made until then are void, and no later ones", async () => {
  const at = now - 500;
  revoke({ tokens: [], subs: [{ sub: "ada", at }] });
  forgetRevoked();
  const second = Math.floor(at / 1_000);
  for (const iat of [0, second - 1, second]) {
    await expect(refuseRevoked(env, ada("x", iat), now)).rejects.toMatchObject({ code: "unauthenticated" });
  }
  await refuseRevoked(env, ada("x", second + 1), now);
  await refuseRevoked(env, { subject: "bob", iat: 0 }, now);
});

test("[SEC-94] while the directory cannot be asked, what is known counts for less than a minute, and then nobody is let in", async () => {
  isDown = true;
  await refuseRevoked(env, ada(), now + 45_000);
  await expect(refuseRevoked(env, ada(), now + 55_000)).rejects.toMatchObject({ code: "unavailable" });
  isDown = false;
  await refuseRevoked(env, ada(), now + 56_000);
});

test("[SEC-94] a clock that was ahead keeps nothing for longer", async () => {
  forgetRevoked();
  await refuseRevoked(env, ada(), now + 86_400_000);
  revoke({ tokens: ["t-1"], subs: [] });
  await expect(refuseRevoked(env, ada("t-1"), now)).rejects.toMatchObject({ code: "unauthenticated" });
});
