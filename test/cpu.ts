/** What a test's own work costs, whatever else the machine does. */

/** Begins to count; the result tells the processor's time of this thread since then, ms. */
export function cpuTime(): () => number {
  const begun = process.threadCpuUsage();
  return () => {
    const { user, system } = process.threadCpuUsage(begun);
    return (user + system) / 1_000;
  };
}
