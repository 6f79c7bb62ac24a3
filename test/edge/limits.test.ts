import { describe, expect, test } from "vitest";
import { networkOf } from "../../src/edge/address.ts";
import { limitAddress, limitJoining, limitPlayer } from "../../src/edge/limits.ts";
import type { Env } from "../../src/objects/env.ts";

const T0 = Date.UTC(2026, 11, 1, 18);

describe("[SEC-40] the network of an address", () => {
  test.each([
    ["192.0.2.7", "192.0.2.7"],
    ["2001:db8:1:23ff::1", "2001:db8:1:2300::/56"],
    ["2001:db8:1:2345:6789:abcd:ef01:2345", "2001:db8:1:2300::/56"],
    ["2001:DB8:1:2300::", "2001:db8:1:2300::/56"],
    ["2001:0db8:0001:2400::1", "2001:db8:1:2400::/56"],
    ["::1", "0:0:0:0::/56"],
    ["fe80::1%eth0", "fe80:0:0:0::/56"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["::ffff:c000:207", "192.0.2.7"],
    ["64:ff9b::192.0.2.7", "64:ff9b:0:0::/56"],
    // What is no address is one party of its own.
    ["unknown", "unknown"],
    ["1::2::3", "1::2::3"],
    ["1:2:3", "1:2:3"],
    ["1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8:9"],
    ["g::1", "g::1"],
  ])("of %s is %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

test("[SEC-44] a player beyond the rate is refused for a second without asking the platform again", async () => {
  let asked = 0;
  const limit = async () => {
    asked += 1;
    return { success: asked !== 2 };
  };
  const env = { RATE_LIMITS: "on", PLAYER_RATE: { limit } } as unknown as Env;
  await limitPlayer(env, "p-flood", T0);
  for (const at of [0, 1, 999]) {
    await expect(limitPlayer(env, "p-flood", T0 + at)).rejects.toMatchObject({ code: "rate_limited" });
  }
  expect(asked).toBe(2);
  await limitPlayer(env, "p-flood", T0 + 1_000);
  await limitPlayer(env, "p-other", T0);
  expect(asked).toBe(4);
});

/** An environment whose counters of the platform let `placeMax` pass. */
function world(vars: Record<string, string>, placeMax = Number.POSITIVE_INFINITY) {
  const asked: string[] = [];
  const limit = async ({ key }: { key: string }) => {
    asked.push(key);
    return { success: asked.length <= placeMax };
  };
  const env = { RATE_LIMITS: "on", ...vars, JOIN_PLACE_RATE: { limit }, ADDRESS_RATE: { limit } };
  return { env: env as unknown as Env, asked };
}

const from = (address: string): Request =>
  new Request("http://engine.test/", { headers: { "cf-connecting-ip": address } });

const joins = async (env: Env, address: string, now: number): Promise<number | "in"> => {
  try {
    await limitJoining(env, from(address), now);
    return "in";
  } catch (error) {
    expect(error).toMatchObject({ code: "rate_limited" });
    return (error as { retryAfter: number }).retryAfter;
  }
};

describe("[SEC-40] joinings of an address", () => {
  test("are JOIN_RATE a minute for one network, and then wait for the minute's end", async () => {
    const { env } = world({ JOIN_RATE: "3" });
    for (const host of ["1", "2", "3"]) expect(await joins(env, `2001:db8:7:100::${host}`, T0)).toBe("in");
    expect(await joins(env, "2001:db8:7:1ff::4", T0 + 20_000)).toBe(40);
    expect(await joins(env, "2001:db8:7:200::4", T0 + 20_000)).toBe("in");
    expect(await joins(env, "2001:db8:7:100::1", T0 + 60_000)).toBe("in");
  });

  test("are bounded by the platform's word as well; off and from within nobody is", async () => {
    const { env, asked } = world({}, 2);
    expect(await joins(env, "192.0.2.40", T0)).toBe("in");
    expect(await joins(env, "192.0.2.40", T0)).toBe("in");
    expect(await joins(env, "192.0.2.40", T0)).toBe(60);
    expect(asked).toEqual(Array(3).fill("192.0.2.40"));
    const off = world({ RATE_LIMITS: "off", JOIN_RATE: "1" });
    for (let index = 0; index < 5; index += 1) expect(await joins(off.env, "192.0.2.41", T0)).toBe("in");
    expect(off.asked).toEqual([]);
    const inside = world({ JOIN_RATE: "1" });
    for (let index = 0; index < 5; index += 1)
      await limitJoining(inside.env, new Request("http://engine.test/"), T0);
  });

  test("at a higher rate than the platform's figure it counts one in so many", async () => {
    const { env, asked } = world({ JOIN_RATE: "900" }, 2);
    for (let index = 0; index < 8; index += 1) expect(await joins(env, "192.0.2.42", T0)).toBe("in");
    expect(asked).toHaveLength(2);
    expect(await joins(env, "192.0.2.42", T0)).toBe(60);
  });

  test("other requests without a token count by network, too", async () => {
    const { env, asked } = world({});
    await limitAddress(env, from("2001:db8:7:100::1"), T0);
    await limitAddress(env, from("2001:db8:7:1ff::2"), T0);
    expect(asked).toEqual(["2001:db8:7:100::/56", "2001:db8:7:100::/56"]);
  });
});
