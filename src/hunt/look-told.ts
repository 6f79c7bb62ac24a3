/** How a hunt's pages look, as it is told to them. PURE. */
import { ASSET_SCHEME } from "../contract/asset-types.ts";
import type { LookTold } from "../contract/look.ts";
import type { AddressOf } from "./asset-references.ts";
import type { Look } from "./compiled.ts";

/** A picture that the hunt does not have is left out. */
export function lookTold({ logo, cover, card, ...style }: Look, addressOf: AddressOf | undefined): LookTold {
  const at = (reference: string | undefined): string | undefined =>
    reference === undefined ? undefined : addressOf?.(reference.slice(ASSET_SCHEME.length));
  const [logoAt, coverAt, cardAt] = [at(logo), at(cover), at(card)];
  return {
    ...(logoAt === undefined ? {} : { logo: logoAt }),
    ...(coverAt === undefined ? {} : { cover: coverAt }),
    ...(cardAt === undefined ? {} : { card: cardAt }),
    ...style,
  };
}
