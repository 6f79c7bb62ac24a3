/** The picture that previews of a link show: the cover, the logo and the title on it. */
import { FONTS, isFont, textOn, tintsOf } from "../../../contract/tints.ts";

// Pixels, as the sites that show previews ask for it.
const WIDTH = 1_200;
const HEIGHT = 630;
const MARGIN = 64;
const LOGO = { width: 360, height: 130 };

/** Type of the title: the first of these in which it fits into the lines. */
const SIZES = [92, 76, 62, 50, 40];
const LINES_MAX = 3;

/** Percent. */
const QUALITY = 85;

/** Without colours of its own the hunt has those of the pages. */
const OWN_DEEP = "#0f2a3d";

export interface CardParts {
  title: string;
  cover: string | undefined;
  logo: string | undefined;
  colour?: string;
  background?: string;
  font?: string;
}

async function pictureAt(address: string | undefined): Promise<HTMLImageElement | undefined> {
  if (address === undefined) return undefined;
  const picture = new Image();
  picture.src = address;
  await picture.decode();
  return picture;
}

/** Rejects where a picture cannot be drawn. */
export async function cardOf({ title, cover, logo, ...style }: CardParts): Promise<Blob> {
  const [behind, mark] = await Promise.all([pictureAt(cover), pictureAt(logo)]);
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = canvas.getContext("2d");
  if (!context) throw new Error("the browser has no canvas");
  const deep = tintsOf(style)?.light.deep ?? OWN_DEEP;
  context.fillStyle = deep;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  if (behind) {
    drawCovering(context, behind);
    // The title stands on it, whatever the picture shows there.
    const shade = context.createLinearGradient(0, HEIGHT * 0.25, 0, HEIGHT);
    shade.addColorStop(0, `${deep}00`);
    shade.addColorStop(0.6, `${deep}d9`);
    shade.addColorStop(1, deep);
    context.fillStyle = shade;
    context.fillRect(0, 0, WIDTH, HEIGHT);
  }
  if (mark) {
    const scale = Math.min(LOGO.width / (mark.naturalWidth || 1), LOGO.height / (mark.naturalHeight || 1));
    context.drawImage(mark, MARGIN, MARGIN, mark.naturalWidth * scale, mark.naturalHeight * scale);
  }
  drawTitle(context, title, isFont(style.font) ? FONTS[style.font] : FONTS.serif, textOn(deep));
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", QUALITY / 100));
  if (!blob) throw new Error("the browser cannot write a JPEG");
  return blob;
}

/** The middle of the picture fills the card. */
function drawCovering(context: CanvasRenderingContext2D, picture: HTMLImageElement): void {
  const [width, height] = [picture.naturalWidth || WIDTH, picture.naturalHeight || HEIGHT];
  const scale = Math.max(WIDTH / width, HEIGHT / height);
  const [w, h] = [width * scale, height * scale];
  context.drawImage(picture, (WIDTH - w) / 2, (HEIGHT - h) / 2, w, h);
}

function drawTitle(context: CanvasRenderingContext2D, title: string, font: string, colour: string): void {
  let lines: string[] = [];
  let size = 0;
  for (size of SIZES) {
    context.font = `700 ${size}px ${font}`;
    lines = linesOf(title, (text) => context.measureText(text).width <= WIDTH - 2 * MARGIN);
    if (lines.length <= LINES_MAX) break;
  }
  context.fillStyle = colour;
  context.textBaseline = "alphabetic";
  context.textAlign = "start";
  const shown = lines.slice(0, LINES_MAX);
  const isRightToLeft = /^[^\p{L}]*[\p{Script=Arabic}\p{Script=Hebrew}]/u.test(title);
  context.direction = isRightToLeft ? "rtl" : "ltr";
  for (const [index, line] of shown.entries()) {
    const x = isRightToLeft ? WIDTH - MARGIN : MARGIN;
    context.fillText(line, x, HEIGHT - MARGIN - (shown.length - 1 - index) * size * 1.15);
  }
}

/** Breaks at blanks; a word that is longer than a line is left whole. PURE. */
export function linesOf(title: string, fits: (text: string) => boolean): string[] {
  const lines: string[] = [];
  for (const word of title.split(/\s+/).filter((each) => each !== "")) {
    const last = lines.at(-1);
    if (last !== undefined && fits(`${last} ${word}`)) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
