/**
 * Counts the messages of a PostgreSQL client (protocol 3, without TLS) by
 * the letter they begin with, of which `Q` (simple query), `P` (parse),
 * `B` (bind) and `E` (execute) are work for the database; `startup` is a new
 * session, `cancel` a request to cancel another.
 */
import type { MessageCounter } from "./proxy.ts";

/** A first message's code instead of a protocol version: TLS and GSS are asked for, then the client starts anew. */
const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;
const CANCEL_REQUEST = 80_877_102;

/** A letter and a length; a first message has a length and a code. */
const HEADER = 5;
const FIRST_HEADER = 8;

/** The longest first message the server itself accepts, bytes. */
const FIRST_MAX = 10_000;

export class PostgresMessages implements MessageCounter {
  #started = false;
  /** The beginning of a header that was cut. */
  #rest = Buffer.alloc(0);
  /** Bytes of the message under way that are still to come. */
  #body = 0;
  /** The stream is in another form, TLS most likely. */
  #lost = false;

  take(bytes: Buffer): readonly string[] {
    const names: string[] = [];
    let data = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes;
    while (!this.#lost) {
      const skipped = Math.min(this.#body, data.length);
      this.#body -= skipped;
      data = data.subarray(skipped);
      if (data.length < (this.#started ? HEADER : FIRST_HEADER)) break;
      if (this.#started) {
        names.push(String.fromCharCode(data.readUInt8(0)));
        this.#body = 1 + data.readUInt32BE(1); // the length counts itself, not the letter
      } else {
        const length = data.readUInt32BE(0);
        const code = data.readUInt32BE(4);
        this.#lost = length < FIRST_HEADER || length > FIRST_MAX;
        if (this.#lost) break;
        this.#body = length;
        this.#started = code !== SSL_REQUEST && code !== GSS_REQUEST && code !== CANCEL_REQUEST;
        if (this.#started) names.push("startup");
        else if (code === CANCEL_REQUEST) names.push("cancel");
      }
    }
    this.#rest = this.#lost ? Buffer.alloc(0) : Buffer.from(data);
    return names;
  }
}
