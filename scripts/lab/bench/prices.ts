/**
 * The units that the platform bills, and the cost of a million events by counts. Prices of
 * the paid plan in dollars per million, without the included amounts
 * (developers.cloudflare.com: workers, durable-objects, kv, queues and d1
 * pricing, as of November 2026).
 */

/** Units billed for the events themselves, and for their archive in D1. */
const PRICES = {
  workerRequests: 0.3,
  objectRequests: 0.15,
  rowsWritten: 1,
  rowsRead: 0.001,
  kvReads: 0.5,
  kvWrites: 5,
  queueOperations: 0.4,
};
const D1_PRICES = { d1RowsWritten: 1, d1RowsRead: 0.001 };

/** Dollars per million milliseconds of CPU. */
const CPU_PRICE = 0.02;

/** Incoming messages of a WebSocket that make one object request. */
const MESSAGES_PER_REQUEST = 20;

export interface Cost {
  /** Units per event. */
  units: Record<string, number>;
  /** Dollars per million events, by unit. */
  dollars: Record<string, number>;
  /** Without the rows of D1. */
  total: number;
  /** The rows of D1. */
  archive: number;
}

/** The cost by `counts` of `events` events that took `cpuMicros` of CPU each. */
export function costOf(counts: Record<string, number>, events: number, cpuMicros: number): Cost {
  const objectRequests = (counts.objectRequests ?? 0) + (counts.socketMessages ?? 0) / MESSAGES_PER_REQUEST;
  const billed: Record<string, number> = { ...counts, objectRequests };
  const units: Record<string, number> = {};
  for (const [name, number] of Object.entries(billed)) units[name] = number / events;
  const dollars: Record<string, number> = { cpu: (cpuMicros / 1_000) * CPU_PRICE };
  for (const [name, price] of Object.entries(PRICES)) dollars[name] = (units[name] ?? 0) * price;
  const total = Object.values(dollars).reduce((sum, each) => sum + each, 0);
  let archive = 0;
  for (const [name, price] of Object.entries(D1_PRICES)) {
    dollars[name] = (units[name] ?? 0) * price;
    archive += dollars[name];
  }
  return { units, dollars, total, archive };
}
