/** Of which form a file is, by its first bytes, and what is done with it on its way. */
import { endingOf } from "../contract/asset-types.ts";
import { type MediaKind, mediaKindOf } from "../contract/media.ts";
import { avif, film } from "./clean/boxes.ts";
import { gif } from "./clean/gif.ts";
import { jpeg } from "./clean/jpeg.ts";
import { png } from "./clean/png.ts";
import { text } from "./clean/text.ts";
import { webp } from "./clean/webp.ts";
import { type Cleaner, latin, u16, u32 } from "./flow.ts";

/** First bytes that tell the form. */
export const HEAD_BYTES = 512;

/** `svg` and the other texts have no bytes of their own: what tells them is that they are none of the rest. */
type Form =
  | "jpeg"
  | "png"
  | "gif"
  | "webp"
  | "avif"
  | "m4a"
  | "mp4"
  | "boxes"
  | "mp3"
  | "ogg"
  | "wav"
  | "flac"
  | "webm"
  | "quicktime"
  | "pdf"
  | "zip"
  | "svg"
  | "json"
  | "text";

/** As it comes. */
const asItIs: Cleaner = function* (flow) {
  yield* flow.pass(Number.POSITIVE_INFINITY);
};

/** By ending: the forms that agree with it, and what is done with such a file. SVG is looked at whole (`store.ts`). */
const BY_ENDING: Readonly<Record<string, { forms: readonly Form[]; cleaner: Cleaner }>> = {
  jpg: { forms: ["jpeg"], cleaner: jpeg },
  jpeg: { forms: ["jpeg"], cleaner: jpeg },
  png: { forms: ["png"], cleaner: png },
  webp: { forms: ["webp"], cleaner: webp },
  avif: { forms: ["avif"], cleaner: avif },
  gif: { forms: ["gif"], cleaner: gif },
  svg: { forms: ["svg"], cleaner: text },
  mp3: { forms: ["mp3"], cleaner: asItIs },
  m4a: { forms: ["m4a", "boxes"], cleaner: film },
  ogg: { forms: ["ogg"], cleaner: asItIs },
  oga: { forms: ["ogg"], cleaner: asItIs },
  wav: { forms: ["wav"], cleaner: asItIs },
  flac: { forms: ["flac"], cleaner: asItIs },
  mp4: { forms: ["mp4", "boxes"], cleaner: film },
  webm: { forms: ["webm"], cleaner: asItIs },
  pdf: { forms: ["pdf"], cleaner: asItIs },
  zip: { forms: ["zip"], cleaner: asItIs },
  txt: { forms: ["text", "json", "svg"], cleaner: text },
  csv: { forms: ["text", "json", "svg"], cleaner: text },
  json: { forms: ["json"], cleaner: text },
};

/** The cleaner of a file of this name that begins so; undefined: the two do not agree. */
export function cleanerOf(name: string, head: Uint8Array): Cleaner | undefined {
  const ending = BY_ENDING[endingOf(name)];
  const form = formOf(head);
  return ending && form && ending.forms.includes(form) ? ending.cleaner : undefined;
}

const RIFF: Readonly<Record<string, Form>> = { WEBP: "webp", WAVE: "wav" };

/** What a file is that begins so; undefined: none that a hunt may have. */
export function formOf(head: Uint8Array): Form | undefined {
  const begins = (magic: string, at = 0): boolean => latin(head, at, at + magic.length) === magic;
  if (begins("\xff\xd8\xff")) return "jpeg";
  if (begins("\x89PNG\r\n\x1a\n")) return "png";
  if (begins("GIF87a") || begins("GIF89a")) return "gif";
  if (begins("RIFF")) return RIFF[latin(head, 8, 12)];
  if (begins("ftyp", 4)) return formOfBrands(head);
  if (begins("OggS\0")) return "ogg";
  if (begins("fLaC")) return "flac";
  if (begins("%PDF-")) return "pdf";
  if (begins("PK\x03\x04") || begins("PK\x05\x06")) return "zip";
  if (begins("\x1aE\xdf\xa3")) return latin(head, 4, head.byteLength).includes("webm") ? "webm" : undefined;
  if (isMp3(head)) return "mp3";
  return formOfText(head);
}

const GENERIC = /^(?:isom|iso[2-9a-c]|mp41|mp42|dash)$/;
const FILM = /^(?:M4V[ HP]|avc1|mp4v|MSNV|ndas|f4v |cmfc|cmff|hvc1|av01)$/;

function formOfBrands(head: Uint8Array): Form | undefined {
  const major = latin(head, 8, 12);
  const end = Math.min(u32(head, 0), head.byteLength);
  const brands = [major];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(latin(head, at, at + 4));
  if (major === "avif" || major === "avis") return "avif";
  if (/^(?:mif1|msf1)$/.test(major)) {
    return brands.some((brand) => brand === "avif" || brand === "avis") ? "avif" : undefined;
  }
  if (/^M4[ABP] $/.test(major)) return "m4a";
  if (major === "qt  ") return "quicktime";
  if (FILM.test(major)) return "mp4";
  return GENERIC.test(major) ? "boxes" : undefined;
}

/** A tag, or the first frame of layer III. */
function isMp3(head: Uint8Array): boolean {
  if (latin(head, 0, 3) === "ID3") return (head[3] ?? 255) < 5 && (head[4] ?? 255) < 255;
  const sync = head.byteLength < 4 ? 0 : u16(head, 0);
  const rates = head[2] ?? 0;
  // Eleven bits of ones, a version that there is, layer III; a bit rate and a sampling rate that there are.
  return (
    (sync & 0xffe6) === 0xffe2 &&
    (sync & 0x0018) !== 0x0008 &&
    (rates & 0xf0) !== 0xf0 &&
    (rates & 0x0c) !== 0x0c
  );
}

function formOfText(head: Uint8Array): Form | undefined {
  // The last character may be cut.
  const shown = new TextDecoder().decode(head);
  if (shown.includes("\0")) return undefined;
  const begun = shown.replace(/^\ufeff/, "").trimStart();
  if (/^<(?:\?xml|!--|!DOCTYPE svg|svg|[\w.-]+:svg)/i.test(begun)) return "svg";
  return /^(?:[{["]|-?\d|true\b|false\b|null\b)/.test(begun) ? "json" : "text";
}

/** What players send: by form its media type, and what is cut from it. */
const SENT: Partial<Record<Form, { type: string; cleaner: Cleaner }>> = {
  jpeg: { type: "image/jpeg", cleaner: jpeg },
  png: { type: "image/png", cleaner: png },
  webp: { type: "image/webp", cleaner: webp },
  gif: { type: "image/gif", cleaner: gif },
  avif: { type: "image/avif", cleaner: avif },
  m4a: { type: "audio/mp4", cleaner: film },
  mp3: { type: "audio/mpeg", cleaner: asItIs },
  ogg: { type: "audio/ogg", cleaner: asItIs },
  wav: { type: "audio/wav", cleaner: asItIs },
  flac: { type: "audio/flac", cleaner: asItIs },
  mp4: { type: "video/mp4", cleaner: film },
  boxes: { type: "video/mp4", cleaner: film },
  quicktime: { type: "video/quicktime", cleaner: film },
  webm: { type: "video/webm", cleaner: asItIs },
};

/** What a file is that a player sent; undefined: nothing that can be sent. `accepts`: the kinds that the clue takes. */
export function sentFormOf(
  head: Uint8Array,
  accepts: (kind: MediaKind) => boolean,
): { type: string; cleaner: Cleaner; kind: MediaKind } | undefined {
  const form = formOf(head);
  const sent = form && SENT[form];
  if (!sent) return undefined;
  // Boxes and Matroska hold sound alone as well, and recorders on phones use them so.
  const isEither = form === "boxes" || form === "webm";
  const isSound = isEither && (form === "webm" ? !hasPicture(head) : !accepts("video"));
  const type = isSound && accepts("audio") ? sent.type.replace("video/", "audio/") : sent.type;
  const kind = mediaKindOf(type);
  return kind && { ...sent, type, kind };
}

/** Of a WebM: whether a track of it is one of pictures, as far as its beginning says. */
const hasPicture = (head: Uint8Array): boolean => latin(head, 0, head.byteLength).includes("V_");
