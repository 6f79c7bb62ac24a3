/** The faults of the origin database while the load goes on. They stay until the healing: the worst one counts. */
import type { FaultProxy } from "../faults/proxy.ts";

export interface Phase {
  name: string;
  what: string;
  /** Length as a multiple of --seconds. */
  share: number;
  begin(proxy: FaultProxy): void | Promise<void>;
}

/** Added to each response of the database while it is slow, ms. */
const SLOW = { latency: 300, jitter: 100 };

/** Both contestants are warm before anything is measured. */
export const WARM_UP = "warm-up";
export const HEALTHY = "healthy";
export const HEALED = "healed";

export const PHASES: readonly Phase[] = [
  { name: WARM_UP, what: "not measured", share: 0.5, begin: () => undefined },
  { name: HEALTHY, what: "nothing is wrong", share: 1, begin: () => undefined },
  {
    name: "slow",
    what: `each response of the database takes ${SLOW.latency} ± ${SLOW.jitter} ms longer`,
    share: 1,
    begin: (proxy) => void proxy.add({ type: "latency", ...SLOW }, "downstream"),
  },
  {
    name: "frozen",
    what: "connections are accepted and nothing passes",
    share: 1,
    begin: (proxy) => void proxy.freeze(),
  },
  {
    name: "dead",
    what: "existing connections are cut, new ones refused",
    share: 1,
    begin: (proxy) => proxy.down(),
  },
  { name: HEALED, what: "nothing is wrong any more", share: 2, begin: (proxy) => proxy.heal() },
];
