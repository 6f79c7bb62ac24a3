import type { QueueFigures } from "./ship.ts";

/** The queue's own figures as the shipper takes them. */
export function queueFigures(metrics: QueueMetrics): QueueFigures {
  // Without waiting messages it says 0, or nothing.
  const oldest = metrics.oldestMessageTimestamp?.valueOf() || undefined;
  return { backlog: metrics.backlogCount, ...(oldest === undefined ? {} : { oldest }) };
}
