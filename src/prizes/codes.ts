/**
 * The code that a winner is shown. Codes are stored nowhere: the organiser's list is part
 * of the secret half of the hunt, and the others follow from the hunt's code key.
 */
import { createHmac } from "node:crypto";
import { BASE32, type Key } from "../secrets.ts";

/** Bytes of a generated code: 80 bits, which nobody guesses at a shop's till. */
const CODE_BYTES = 10;

/** The generated code of a unit, as XXXX-XXXX-XXXX-XXXX: always the same, for nobody to guess. */
export function generatedCode(key: Key, hunt: string, prize: string, unit: number): string {
  const mac = createHmac("sha256", key.bytes).update(`prize\n${hunt}\n${prize}\n${unit}`).digest();
  let bits = 0n;
  for (const byte of mac.subarray(0, CODE_BYTES)) bits = (bits << 8n) | BigInt(byte);
  let text = "";
  for (let place = (CODE_BYTES * 8) / 5 - 1; place >= 0; place -= 1) {
    text += BASE32.charAt(Number((bits >> BigInt(5 * place)) & 31n));
  }
  return text.replaceAll(/(.{4})(?=.)/g, "$1-");
}
