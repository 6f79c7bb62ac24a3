/** How long a piece of work takes, ms. */

/** By the wall clock. */
export async function millisOf(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** CPU time of this thread: other processes of the machine do not count. */
export function cpuMillisOf(work: () => void): number {
  const begun = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(begun);
  return (user + system) / 1_000;
}
