/** Small files of every form, and such as say where and by what they were made. */
import { crc32, deflateSync } from "node:zlib";

/** Stands for all that must not be stored. */
export const SECRET = "N 47 22.333 E 8 33.222 Canary Camera 7";

export const bytes = (...parts: (string | number[] | Uint8Array)[]): Uint8Array<ArrayBuffer> =>
  new Uint8Array(
    Buffer.concat(
      parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.from(part))),
    ),
  );

const u32 = (value: number): number[] => [
  value >>> 24,
  (value >>> 16) & 255,
  (value >>> 8) & 255,
  value & 255,
];
const u16 = (value: number): number[] => [value >> 8, value & 255];
const le32 = (value: number): number[] => u32(value).reverse();

// ── PNG ───────────────────────────────────────────────────────────────────

export function chunk(type: string, data: string | Uint8Array): Uint8Array {
  const body = bytes(type, bytes(data));
  return bytes(u32(body.byteLength - 4), body, u32(crc32(body)));
}

export function png({ side = 1, more = [] as Uint8Array[], behind = "" } = {}): Uint8Array<ArrayBuffer> {
  const rows = Buffer.alloc(side * (1 + 3 * side), 120);
  for (let row = 0; row < side; row += 1) rows[row * (1 + 3 * side)] = 0;
  return bytes(
    "\x89PNG\r\n\x1a\n",
    chunk("IHDR", bytes(u32(side), u32(side), [8, 2, 0, 0, 0])),
    ...more,
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", ""),
    behind,
  );
}

export const pngWithMore = (): Uint8Array<ArrayBuffer> =>
  png({
    more: [
      chunk("gAMA", bytes(u32(45_455))),
      chunk("tEXt", `Comment\0${SECRET}`),
      chunk("iTXt", `XML:com.adobe.xmp\0\0\0\0\0${SECRET}`),
      chunk("eXIf", SECRET),
      chunk("prVt", SECRET),
    ],
    behind: SECRET,
  });

// ── JPEG ──────────────────────────────────────────────────────────────────

const JPEG = Buffer.from(
  "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA=",
  "base64",
);
const segment = (marker: number, ...parts: Parameters<typeof bytes>): Uint8Array => {
  const body = bytes(...parts);
  return bytes([0xff, marker], u16(body.byteLength + 2), body);
};

/** Exif with an orientation, in the byte order named. */
export const exif = (orientation: number, order: "II" | "MM" = "MM"): Uint8Array => {
  const short = (value: number) => (order === "MM" ? u16(value) : u16(value).reverse());
  const long = (value: number) => (order === "MM" ? u32(value) : le32(value));
  const entry = (tag: number, type: number, count: number, value: number[]) => [
    ...short(tag),
    ...short(type),
    ...long(count),
    ...value,
    ...new Array(4 - value.length).fill(0),
  ];
  return bytes(
    "Exif\0\0",
    order,
    short(42),
    long(8),
    short(2),
    entry(0x010f, 2, SECRET.length, long(38)),
    entry(0x0112, 3, 1, short(orientation)),
    long(0),
    SECRET,
  );
};

export const jpeg = (): Uint8Array<ArrayBuffer> => bytes(JPEG, [0xff, 0xd9]);

export function jpegWithMore(exifSegment: Uint8Array = exif(6)): Uint8Array<ArrayBuffer> {
  return bytes(
    JPEG.subarray(0, 20),
    segment(0xe0, "JFXX\0", SECRET),
    segment(0xe1, exifSegment),
    segment(0xe1, "http://ns.adobe.com/xap/1.0/\0", SECRET),
    segment(0xe2, "MPF\0", SECRET),
    segment(0xe2, "ICC_PROFILE\0", [1, 1], "colours"),
    segment(0xed, "Photoshop 3.0\0", SECRET),
    segment(0xee, "Adobe", [0, 100, 0, 0, 0, 0, 0]),
    segment(0xef, SECRET),
    segment(0xfe, SECRET),
    JPEG.subarray(20),
    [0xff, 0xd9],
    SECRET,
  );
}

// ── GIF ───────────────────────────────────────────────────────────────────

const GIF_HEAD = bytes("GIF89a", [1, 0, 1, 0, 0x80, 0, 0], [0, 0, 0, 255, 255, 255]);
const GIF_IMAGE = bytes([0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0]);
export const gif = (): Uint8Array<ArrayBuffer> => bytes(GIF_HEAD, GIF_IMAGE, [0x3b]);
export const gifWithMore = (): Uint8Array<ArrayBuffer> =>
  bytes(
    GIF_HEAD,
    [0x21, 0xff, 11],
    "NETSCAPE2.0",
    [3, 1, 0, 0, 0],
    [0x21, 0xfe, SECRET.length],
    SECRET,
    [0],
    [0x21, 0xff, 11],
    "XMP DataXMP",
    [SECRET.length],
    SECRET,
    [0],
    [0x21, 0xf9, 4, 0, 0, 0, 0, 0],
    GIF_IMAGE,
    [0x3b],
    SECRET,
  );

// ── WebP ──────────────────────────────────────────────────────────────────

const VP8 = Buffer.from("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA", "base64").subarray(12);
const riffChunk = (type: string, data: string | Uint8Array): Uint8Array => {
  const body = bytes(data);
  return bytes(type, le32(body.byteLength), body, body.byteLength % 2 === 1 ? [0] : []);
};
const riff = (form: string, ...chunks: Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const body = bytes(form, ...chunks);
  return bytes("RIFF", le32(body.byteLength), body);
};
export const webp = (): Uint8Array<ArrayBuffer> => riff("WEBP", VP8);
export const webpWithMore = (): Uint8Array<ArrayBuffer> =>
  bytes(
    riff(
      "WEBP",
      riffChunk("VP8X", bytes([0x2c, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
      riffChunk("ICCP", "colours"),
      VP8,
      riffChunk("EXIF", SECRET),
      riffChunk("XMP ", SECRET),
      riffChunk("MAKR", SECRET),
    ),
    SECRET,
  );
export const wav = (): Uint8Array<ArrayBuffer> =>
  riff("WAVE", riffChunk("fmt ", bytes(new Array(16).fill(1))));

// ── Boxes ─────────────────────────────────────────────────────────────────

export const box = (type: string, ...parts: Parameters<typeof bytes>): Uint8Array => {
  const body = bytes(...parts);
  return bytes(u32(body.byteLength + 8), type, body);
};
const ftyp = (major: string, ...brands: string[]): Uint8Array => box("ftyp", major, u32(0), ...brands);

export const mp4 = (): Uint8Array<ArrayBuffer> => bytes(ftyp("isom", "isom", "mp41"), box("mdat", "film"));
export const m4a = (): Uint8Array<ArrayBuffer> => bytes(ftyp("M4A ", "M4A ", "isom"), box("mdat", "song"));
export const mp4WithMore = (): Uint8Array<ArrayBuffer> =>
  bytes(
    ftyp("mp42", "mp42"),
    box(
      "moov",
      box("mvhd", "head"),
      box("trak", box("tkhd", "track"), box("udta", SECRET)),
      box("udta", box("\xa9xyz", SECRET)),
      box("meta", SECRET),
    ),
    box("uuid", SECRET),
    box("mdat", "film"),
  );

/** An AVIF whose Exif stands behind its picture, and whose XMP is in its index. */
export function avifWithMore(): Uint8Array<ArrayBuffer> {
  const picture = "the coded picture";
  const exifData = bytes(u32(0), exif(1).subarray(6));
  const infe = (id: number, type: string, rest: string) =>
    box("infe", [2, 0, 0, 0], u16(id), u16(0), type, "\0", rest);
  const iinf = box(
    "iinf",
    [0, 0, 0, 0],
    u16(3),
    infe(1, "av01", ""),
    infe(2, "Exif", ""),
    infe(3, "mime", "application/rdf+xml\0"),
  );
  const begin = ftyp("avif", "avif", "mif1");
  const made = (mdatAt: number): Uint8Array => {
    const item = (id: number, method: number, offset: number, length: number) => [
      ...u16(id),
      ...u16(method),
      ...u16(0),
      ...u16(1),
      ...u32(offset),
      ...u32(length),
    ];
    const iloc = box(
      "iloc",
      [1, 0, 0, 0],
      [0x44, 0x00],
      u16(3),
      item(1, 0, mdatAt, picture.length),
      item(2, 0, mdatAt + picture.length, exifData.byteLength),
      item(3, 1, 0, SECRET.length),
    );
    return box("meta", [0, 0, 0, 0], box("hdlr", "pict"), iinf, iloc, box("idat", SECRET));
  };
  const mdatAt = begin.byteLength + made(0).byteLength + 8;
  return bytes(begin, made(mdatAt), box("mdat", picture, exifData));
}
export const avif = (): Uint8Array<ArrayBuffer> => bytes(ftyp("avif", "avif"), box("mdat", "picture"));

// ── The rest ──────────────────────────────────────────────────────────────

export const svg = (inner = '<circle r="4" fill="url(#a)"/>', attributes = ""): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"${attributes}>${inner}</svg>`;

/** A file of every ending. */
export const FILES: Record<string, Uint8Array<ArrayBuffer>> = {
  "a.jpg": jpeg(),
  "a.jpeg": jpeg(),
  "a.png": png(),
  "a.webp": webp(),
  "a.avif": avif(),
  "a.gif": gif(),
  "a.svg": bytes(svg()),
  "a.mp3": bytes("ID3", [4, 0, 0, 0, 0, 0, 0], [0xff, 0xfb, 0x90, 0]),
  "a.m4a": m4a(),
  "a.ogg": bytes("OggS\0", [2, 0, 0]),
  "a.oga": bytes("OggS\0", [2, 0, 0]),
  "a.wav": wav(),
  "a.flac": bytes("fLaC", [0, 0, 0, 34]),
  "a.mp4": mp4(),
  "a.webm": bytes([0x1a, 0x45, 0xdf, 0xa3, 0x87, 0x42, 0x82, 0x84], "webm"),
  "a.pdf": bytes("%PDF-1.4\n%%EOF\n"),
  "a.zip": bytes("PK\x05\x06", new Array(18).fill(0)),
  "a.txt": bytes("Plain words.\n"),
  "a.csv": bytes("a,b\n1,2\n"),
  "a.json": bytes('{"a": 1}'),
};
