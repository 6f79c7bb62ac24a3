/** Addresses in `/me`: of long texts that stand apart from it, with the text behind a digest, and of files. */
import { createHash } from "node:crypto";
import { assetPeriod, assetUrl } from "../assets/ticket.ts";
import type { Clock } from "../clock.ts";
import { type AddressOf, type AssetRefs, withAddresses } from "../hunt/asset-references.ts";
import type { IndexedHunt } from "../hunt/indexed.ts";
import { type Addresses, APART_OVER, type Apart, longTexts } from "../hunt/look.ts";
import { contentTicket, periodOf } from "../objects/content-ticket.ts";
import type { Secrets } from "../secrets.ts";

/** Of SHA-256: equal digests mean equal texts. */
const DIGEST_BYTES = 16;

/** By the platform: these are long, and all of a version's are digested when its first player looks. */
const digestOf = (text: string): string =>
  createHash("sha256").update(text).digest().subarray(0, DIGEST_BYTES).toString("base64url");

export class Texts {
  readonly #secrets: Secrets;
  readonly #hunt: string;
  readonly #shard: string;
  /** The engine's: tickets end by it. */
  readonly #clock: Pick<Clock, "now">;
  /** The long texts of a version by their digests. */
  readonly #known = new WeakMap<IndexedHunt, { texts: Map<string, string>; digests: Map<string, string> }>();
  /** Addresses of the hunt's files, in the period. */
  #files: { assets: AssetRefs; addresses: Addresses } | undefined;
  /** Addresses of the period, by digest. */
  #addresses = { period: 0, urls: new Map<string, string>() };

  constructor(secrets: Secrets, hunt: string, shard: string, clock: Pick<Clock, "now">) {
    this.#secrets = secrets;
    this.#hunt = hunt;
    this.#shard = shard;
    this.#clock = clock;
  }

  /** The text with this digest; undefined: the version has none. It is for holders of a ticket. */
  find(hunt: IndexedHunt, digest: string): string | undefined {
    return this.#of(hunt).texts.get(digest);
  }

  /** Where the texts of this version stand now. */
  apart(hunt: IndexedHunt): Apart {
    const period = periodOf(this.#clock.now());
    return {
      period,
      of: (text) => {
        const digest = this.#of(hunt).digests.get(text) ?? digestOf(text);
        return { digest, url: this.#urlOf(digest, period) };
      },
    };
  }

  /** Where the files of this version stand; undefined: its texts name none. */
  addresses(hunt: IndexedHunt): Addresses | undefined {
    const { assets } = hunt.compiled;
    if (!assets) return undefined;
    const period = assetPeriod(this.#secrets, this.#clock.now());
    const known = this.#files;
    if (known?.assets === assets && known.addresses.period === period) return known.addresses;
    const urls = new Map<string, string>();
    const addressOf: AddressOf = (name) => {
      const file = Object.hasOwn(assets, name) ? assets[name] : undefined;
      if (!file) return undefined;
      const url = urls.get(name) ?? assetUrl(this.#secrets, this.#hunt, name, file.key, period);
      urls.set(name, url);
      return url;
    };
    const addresses = { period, of: (text: string) => withAddresses(text, addressOf), addressOf };
    this.#files = { assets, addresses };
    return addresses;
  }

  /** Of all languages together: a ticket names a text, and no language. */
  #of(spoken: IndexedHunt) {
    const hunt = spoken.original ?? spoken;
    const known = this.#known.get(hunt);
    if (known) return known;
    const made = { texts: new Map<string, string>(), digests: new Map<string, string>() };
    for (const text of longTexts(hunt)) {
      if (text.length <= APART_OVER || made.digests.has(text)) continue;
      const digest = digestOf(text);
      made.texts.set(digest, text);
      made.digests.set(text, digest);
    }
    this.#known.set(hunt, made);
    return made;
  }

  #urlOf(digest: string, period: number): string {
    if (this.#addresses.period !== period) this.#addresses = { period, urls: new Map() };
    const known = this.#addresses.urls.get(digest);
    if (known !== undefined) return known;
    const ticket = contentTicket(this.#secrets, this.#hunt, this.#shard, digest, period);
    const url = `/v1/hunts/${this.#hunt}/bodies/${digest}?t=${ticket}`;
    this.#addresses.urls.set(digest, url);
    return url;
  }
}
