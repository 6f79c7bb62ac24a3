/** Where the addresses of a hunt's texts lead on a page. PURE but for the pages' own ways, which they set. */
import { signal } from "@preact/signals";

/** Undefined: it leads nowhere here, and only the link's text is shown. */
export interface Ways {
  page(id: string): string | undefined;
  clue(id: string): string | undefined;
}

/** A page that knows its hunt's pages and clues says where they are. */
export const ways = signal<Ways>({ page: () => undefined, clue: () => undefined });

/** What opens in a tab of its own, or in another app. */
const OUTWARD = /^(?:https?|mailto|tel|sms):/i;
const OWN = /^(?:page|clue):([a-z0-9-]+)/;

/** Where a link leads, and whether away from the page. */
export function linkTo(
  address: string,
  { page, clue }: Ways,
): { href: string; outward: boolean } | undefined {
  const [, id = ""] = OWN.exec(address) ?? [];
  if (id !== "") {
    const href = address.startsWith("page:") ? page(id) : clue(id);
    return href === undefined ? undefined : { href, outward: false };
  }
  if (OUTWARD.test(address)) return { href: address, outward: true };
  // What names no protocol is of this engine: `/play/…`, `#clues`. A colon before the path would be one.
  return /^(?![/\\]{2})[^:]*(?:[/?#]|$)/.test(address) ? { href: address, outward: false } : undefined;
}

/** Where a picture, a sound, a film is; undefined: nothing is shown of it but its text. */
export const mediaAt = (address: string): string | undefined =>
  /^https:/i.test(address) || /^\/(?![/\\])/.test(address) ? address : undefined;
