/** What a text is written in when it is not UTF-8, guessed from its bytes. PURE. */

/** Bytes looked at for zeros: enough to tell UTF-16, whatever follows. */
const HEAD = 4_096;

/** Stateless as long as it is not used for streaming. */
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/** Names the encoding or the kind of file that these bytes look like; undefined: they are UTF-8, with or without its mark. */
export function otherEncoding(bytes: Uint8Array): string | undefined {
  const marked = encodingOfStart(bytes);
  if (marked !== undefined) return marked;
  try {
    strictUtf8.decode(bytes);
    return undefined;
  } catch {
    return encodingOfInvalid(bytes);
  }
}

/** What the first bytes alone tell, so that a stream is refused before it is sent; undefined: it may be UTF-8. */
export function encodingOfStart(bytes: Uint8Array): string | undefined {
  const [a = -1, b = -1, c = -1, d = -1] = bytes;
  if (a === 0xff && b === 0xfe && c === 0 && d === 0) return "UTF-32";
  if (a === 0 && b === 0 && c === 0xfe && d === 0xff) return "UTF-32";
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) return "UTF-16";
  if (a === 0x50 && b === 0x4b && c === 3 && d === 4) return "a spreadsheet or another ZIP file";
  return encodingOfZeros(bytes.subarray(0, HEAD));
}

/**
 * The encoding of bytes that are not valid UTF-8. Of those with one byte a character, Windows-1252
 * is the usual one; where most letters are beyond ASCII, the text is in another script.
 */
export function encodingOfInvalid(bytes: Uint8Array): string {
  let ascii = 0;
  let beyond = 0;
  let control = 0;
  for (const byte of bytes) {
    if (byte >= 0x80) beyond += 1;
    else if ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a) ascii += 1;
    else if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) control += 1;
  }
  if (control > 0) return "no text at all";
  return beyond > ascii ? "an encoding of another script, such as Windows-1251" : "Windows-1252";
}

/** Text in UTF-16 or UTF-32 is full of zero bytes, which no text in UTF-8 has. */
function encodingOfZeros(head: Uint8Array): string | undefined {
  let zeros = 0;
  for (const byte of head) if (byte === 0) zeros += 1;
  // JSON and YAML refuse a lone NUL themselves, at its place.
  if (zeros * 4 < head.length || zeros === 0) return undefined;
  return zeros * 2 > head.length + 1 ? "UTF-32" : "UTF-16";
}
