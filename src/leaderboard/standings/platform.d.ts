/** All that the standings take from the platform: two classes that every runtime has. */
declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>;
  encodeInto(text: string, into: Uint8Array): { read: number; written: number };
}
declare class TextDecoder {
  decode(bytes?: ArrayBuffer | ArrayBufferView): string;
}
