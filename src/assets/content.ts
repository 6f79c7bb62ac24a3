/** A content as it was stored. */
export interface StoredContent {
  /** In the bucket, behind the hunt's prefix: random. */
  key: string;
  /** SHA-256 as it is stored, and as it was sent; hex. */
  sha256: string;
  sent: string;
  size: number;
}
