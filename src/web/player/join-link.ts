/** What the link that leads here carries of who joins: kept in the tab, and taken out of the address. */
import { huntOfPage } from "../shared/api.ts";
import { tab } from "../shared/device.ts";
import { decoded } from "../shared/outside.ts";

const id = huntOfPage();
const KEYS = { number: `identity/${id}`, source: `source/${id}`, ticket: `entry/${id}` };

/** Longest source that the engine takes, characters. */
const SOURCE_MAX = 40;

/** A registered player's number (`?id=`, `#id=`), what led here (`?src=`), an entry ticket (`#entry=`). */
function take(): void {
  const query = new URLSearchParams(location.search);
  const behind = (name: string): string =>
    decoded(new RegExp(`^#${name}=([^&]+)`).exec(location.hash)?.[1] ?? "");
  const told = {
    number: query.get("id") ?? behind("id"),
    source: [...(query.get("src") ?? "").trim()].slice(0, SOURCE_MAX).join(""),
    ticket: behind("entry"),
  };
  for (const [name, value] of Object.entries(told)) {
    if (value !== "") tab.remember(KEYS[name as keyof typeof KEYS], value);
  }
  if (Object.values(told).every((value) => value === "")) return;
  query.delete("id");
  query.delete("src");
  const rest = String(query);
  const search = rest === "" ? "" : `?${rest}`;
  history.replaceState(null, "", location.pathname + search + location.hash.replace(/^#(?:id|entry)=.*/, ""));
}
take();
window.addEventListener("hashchange", take);

export const broughtNumber = (): string => tab.recall(KEYS.number) ?? "";
export const broughtTicket = (): string => tab.recall(KEYS.ticket) ?? "";
export const broughtSource = (): string => tab.recall(KEYS.source) ?? "";

/** Once they have served. */
export function forgetBrought(): void {
  for (const key of Object.values(KEYS)) tab.forget(key);
}
