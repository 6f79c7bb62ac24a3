/** Times in the reader's zone, with the zone named. */
import { locale } from "../shared/i18n.ts";

/** A day and a time of day, as one plans by it: "Fri, 4 Dec, 18:00 CET". */
export const dayAndTime = (at: string): string =>
  new Intl.DateTimeFormat(locale.value, {
    weekday: "short",
    day: "numeric",
    month: "short",
    ...(new Date(at).getFullYear() === new Date().getFullYear() ? {} : { year: "numeric" }),
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "short",
  }).format(new Date(at));

/** To the second, as one looks something up. */
export const stamp = (at: string): string =>
  new Intl.DateTimeFormat(locale.value, {
    dateStyle: "short",
    timeStyle: "medium",
  }).format(new Date(at));

/** The zone of the times, as the reader's device names it: "Europe/Berlin (CET)". */
export function zone(): string {
  const format = new Intl.DateTimeFormat(locale.value, { timeZoneName: "short" });
  const short = format.formatToParts(new Date()).find(({ type }) => type === "timeZoneName")?.value ?? "";
  const { timeZone } = format.resolvedOptions();
  return timeZone === short ? timeZone : `${timeZone} (${short})`;
}
