import { expect, test, vi } from "vitest";
import { Children } from "../../src/leaderboard/children.ts";
import type { LivePage, Showing } from "../../src/objects/leaderboard.ts";

const PAGE: LivePage = { asOf: 1, frozen: false, total: 0, entries: [] };

test("[LIVE-11] what a child could not be shown goes with the next call, frames in their order", async () => {
  let fails = true;
  const shown: Showing[] = [];
  const children = new Children(
    {
      show: async (_, showing) => {
        if (fails) throw new Error("restarts");
        shown.push(showing);
        return true;
      },
      phase: () => "live",
      save: () => undefined,
    },
    ["child"],
  );
  vi.spyOn(console, "warn").mockReturnValue();
  children.tell({ announcement: 1 });
  children.show(PAGE);
  await vi.waitFor(() => expect(console.warn).toHaveBeenCalled(), { timeout: 30_000 });
  fails = false;
  children.tell({ announcement: 2 });
  await vi.waitFor(() => expect(shown).toHaveLength(1), { timeout: 30_000 });
  expect(shown).toEqual([{ page: PAGE, phase: "live", words: [{ announcement: 1 }, { announcement: 2 }] }]);
  vi.restoreAllMocks();
});

test("[LIVE-11] also when the child asked anew while the call that failed was under way", async () => {
  const failing: ((error: Error) => void)[] = [];
  const shown: Showing[] = [];
  const children = new Children(
    {
      show: (_, showing) =>
        new Promise((resolve, reject) => {
          if (failing.length < 3) failing.push(reject);
          else {
            shown.push(showing);
            resolve(true);
          }
        }),
      phase: () => "live",
      save: () => undefined,
    },
    ["child"],
  );
  const warned = vi.spyOn(console, "warn").mockReturnValue();
  children.tell({ announcement: 1 });
  await vi.waitFor(() => expect(failing).toHaveLength(1), { timeout: 30_000 });
  failing[0]?.(new Error("restarts"));
  await vi.waitFor(() => expect(failing).toHaveLength(2), { timeout: 30_000 });
  children.add("child");
  failing[1]?.(new Error("restarts"));
  await vi.waitFor(() => expect(failing).toHaveLength(3), { timeout: 30_000 });
  failing[2]?.(new Error("restarts"));
  await vi.waitFor(() => expect(warned).toHaveBeenCalled(), { timeout: 30_000 });
  children.tell({ announcement: 2 });
  await vi.waitFor(() => expect(shown).toHaveLength(1), { timeout: 30_000 });
  expect(shown).toEqual([{ phase: "live", words: [{ announcement: 1 }, { announcement: 2 }] }]);
  vi.restoreAllMocks();
});
