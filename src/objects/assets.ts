/** The files of a hunt, as control tells them. */

export interface StoredAsset {
  name: string;
  /** Of its content in the bucket. */
  key: string;
  /** SHA-256 of the content as it is stored, and as it was sent; hex. */
  sha256: string;
  sent: string;
  size: number;
  type: string;
  /** Epoch ms. */
  at: number;
}

/** Where the published version names a file. */
export interface AssetUse {
  path: string;
  clue?: string;
}
