/** Addresses of the files that everybody may see, for what the edge itself tells of a hunt. */
import { assetPeriod, assetUrl } from "../assets/ticket.ts";
import { type AddressOf, type AssetRefs, allWithAddresses } from "../hunt/asset-references.ts";
import type { Env } from "../objects/env.ts";

/** `assets`: those of the public half. `now`: epoch ms. */
export function addressesOf(env: Env, hunt: string, assets: AssetRefs = {}, now: number): AddressOf {
  const period = assetPeriod(env, now);
  return (name) => {
    const file = Object.hasOwn(assets, name) ? assets[name] : undefined;
    return file && assetUrl(env, hunt, name, file.key, period);
  };
}

/** Tells any part of the public half with addresses where it refers to files. */
export const toldWith =
  (addressOf: AddressOf) =>
  <Value>(value: Value): Value =>
    allWithAddresses(value, addressOf);
