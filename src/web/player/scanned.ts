/**
 * Codes of printed sheets that opened the page: kept on the device until
 * somebody who plays has them in the outbox, over a reload and the joining.
 */
import { signal } from "@preact/signals";
import { device } from "../shared/device.ts";
import { parsed } from "../shared/outside.ts";

/** Codes kept at most: somebody who scans a wall of posters before joining. */
const CODES_MAX = 20;

export const scanned = signal<readonly string[]>([]);

const keyOf = (hunt: string): string => `codes/${hunt}`;

function keep(hunt: string): void {
  if (scanned.value.length === 0) device.forget(keyOf(hunt));
  else device.remember(keyOf(hunt), JSON.stringify(scanned.value));
}

/** Takes up what was read before a reload. */
export function recallScanned(hunt: string): void {
  const codes = parsed(device.recall(keyOf(hunt)) ?? "");
  if (!Array.isArray(codes)) return;
  scanned.value = codes.filter((code) => typeof code === "string" && code !== "").slice(-CODES_MAX);
}

export function keepScanned(hunt: string, code: string): void {
  scanned.value = [...scanned.value.filter((each) => each !== code), code].slice(-CODES_MAX);
  keep(hunt);
}

export function dropScanned(hunt: string, code: string): void {
  scanned.value = scanned.value.filter((each) => each !== code);
  keep(hunt);
}
