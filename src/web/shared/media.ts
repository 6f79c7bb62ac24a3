/** What a media file is shown as, by the ending of its name. PURE. */
const AUDIO = /\.(?:mp3|m4a|ogg|oga|wav|flac)$/i;
const VIDEO = /\.(?:mp4|webm)$/i;

/** `address`: of the file, with whatever stands behind its name. */
export function mediaOf(address: string): "img" | "audio" | "video" {
  const name = address.split(/[?#]/, 1)[0] ?? "";
  return AUDIO.test(name) ? "audio" : VIDEO.test(name) ? "video" : "img";
}
