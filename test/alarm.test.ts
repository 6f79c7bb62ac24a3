/** Named reasons over one alarm, against a platform that keeps a single time. */
import { describe, expect, test } from "vitest";
import { Alarm } from "../src/alarm.ts";

class Platform {
  now = 1_000;
  at: number | null = null;
  sets = 0;
  readonly clock = { now: () => this.now };
  readonly storage = {
    getAlarm: async () => this.at,
    setAlarm: async (at: number | Date) => {
      this.at = Number(at);
      this.sets += 1;
    },
  };

  instance(): Alarm<"ship" | "phase"> {
    return new Alarm({ clock: this.clock, storage: this.storage });
  }

  /** Moves to the alarm's time and runs it; returns the reasons that were due. */
  async fire(alarm: Alarm<"ship" | "phase">, work?: () => void): Promise<string[]> {
    this.now = Math.max(this.now, this.at ?? this.now);
    this.at = null;
    const due: string[] = [];
    await alarm.run(async (isDue) => {
      for (const reason of ["ship", "phase"] as const) if (isDue(reason)) due.push(reason);
      work?.();
    });
    return due;
  }
}

describe("alarm", () => {
  test("the earliest reason decides; a later time of a reason changes nothing", () => {
    const platform = new Platform();
    const alarm = platform.instance();
    alarm.set("ship", 3_000);
    alarm.set("phase", 2_000);
    alarm.set("ship", 4_000);
    expect(platform).toMatchObject({ at: 2_000, sets: 2 });
  });

  test("only what is due is told, and the rest is armed again when the run ends", async () => {
    const platform = new Platform();
    const alarm = platform.instance();
    await platform.fire(alarm);
    alarm.set("ship", 3_000);
    alarm.set("phase", 2_000);
    expect(await platform.fire(alarm)).toEqual(["phase"]);
    expect(platform.at).toBe(3_000);
    expect(await platform.fire(alarm)).toEqual(["ship"]);
    expect(platform.at).toBeNull();
  });

  test("after a restart every reason is due once, and the alarm left behind is not set again", async () => {
    const platform = new Platform();
    platform.instance().set("phase", 5_000);
    const alarm = platform.instance();
    await alarm.resume();
    alarm.set("ship", 9_000);
    expect(platform).toMatchObject({ at: 5_000, sets: 1 });
    expect(await platform.fire(alarm)).toEqual(["ship", "phase"]);
  });

  test("woken before its own clock says so, it is due all the same", async () => {
    const platform = new Platform();
    const alarm = platform.instance();
    await platform.fire(alarm);
    alarm.set("ship", 3_000);
    alarm.set("phase", 9_000);
    platform.at = null;
    const due: string[] = [];
    await alarm.run(async (isDue) => {
      for (const reason of ["ship", "phase"] as const) if (isDue(reason)) due.push(reason);
    });
    expect(due).toEqual(["ship"]);
    expect(platform.at).toBe(9_000);
  });

  test("what fails is armed by what it had set before it failed", async () => {
    const platform = new Platform();
    const alarm = platform.instance();
    alarm.set("ship", 2_000);
    const failing = platform.fire(alarm, () => {
      alarm.set("ship", 7_000);
      throw new Error("down");
    });
    await expect(failing).rejects.toThrow("down");
    expect(platform.at).toBe(7_000);
  });

  test("[SEC-37] what was set by a clock that was ahead is due that much sooner", () => {
    const platform = new Platform();
    const alarm = platform.instance();
    alarm.set("ship", 3_605_000);
    expect(platform.at).toBe(3_605_000);
    alarm.wentBack(3_600_000);
    expect(platform.at).toBe(5_000);
  });

  test("a cleared reason does not wake the object again", async () => {
    const platform = new Platform();
    const alarm = platform.instance();
    await platform.fire(alarm);
    alarm.set("ship", 2_000);
    alarm.set("phase", 3_000);
    alarm.clear("phase");
    expect(await platform.fire(alarm)).toEqual(["ship"]);
    expect(platform.at).toBeNull();
  });
});
