/** What is cut from files on their way, however the pieces are cut. */
import { describe, expect, test } from "vitest";
import { cleanSvg } from "../../src/assets/clean/svg.ts";
import { Flow, Unfit } from "../../src/assets/flow.ts";
import { cleanerOf, HEAD_BYTES } from "../../src/assets/forms.ts";
import {
  avif,
  avifWithMore,
  bytes,
  exif,
  FILES,
  gif,
  gifWithMore,
  jpeg,
  jpegWithMore,
  mp4WithMore,
  png,
  pngWithMore,
  SECRET,
  svg,
  webp,
  webpWithMore,
} from "./files.ts";

/** The file as it is stored, sent in pieces of so many bytes. */
function stored(name: string, file: Uint8Array, piece = file.byteLength): Uint8Array {
  const cleaner = cleanerOf(name, file.subarray(0, HEAD_BYTES));
  if (!cleaner) throw new Error(`${name} is not taken`);
  const flow = new Flow(cleaner);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < file.byteLength; at += piece) parts.push(...flow.push(file.subarray(at, at + piece)));
  parts.push(...flow.end());
  return bytes(...parts);
}

const text = (file: Uint8Array): string => Buffer.from(file).toString("latin1");

const MORE: [string, Uint8Array][] = [
  ["a.jpg", jpegWithMore()],
  ["a.png", pngWithMore()],
  ["a.gif", gifWithMore()],
  ["a.webp", webpWithMore()],
  ["a.avif", avifWithMore()],
  ["a.mp4", mp4WithMore()],
];

describe("[ASSET-4] what says where and by what a file was made is cut off", () => {
  test.each(MORE)("of %s, the same in pieces of any size", (name, file) => {
    const whole = stored(name, file);
    expect(text(file)).toContain(SECRET);
    expect(text(whole)).not.toContain(SECRET);
    for (const word of SECRET.split(" ").filter((each) => each.length > 3)) {
      expect(text(whole)).not.toContain(word);
    }
    for (const piece of [1, 2, 3, 7, 64]) expect(text(stored(name, file, piece))).toBe(text(whole));
  });

  test("a picture without any is as it was sent", () => {
    const plain = { "a.jpg": jpeg(), "a.png": png(), "a.gif": gif(), "a.webp": webp(), "a.avif": avif() };
    for (const [name, file] of Object.entries(plain)) expect(text(stored(name, file))).toBe(text(file));
  });

  test.each(["II", "MM"] as const)("of Exif the orientation stays (%s)", (order) => {
    const made = stored("a.jpg", jpegWithMore(exif(6, order)));
    const at = text(made).indexOf("Exif\0\0");
    expect(at).toBeGreaterThan(0);
    const tiff = made.subarray(at + 6);
    expect([...tiff.subarray(0, 2)]).toEqual([0x4d, 0x4d]);
    expect(tiff[19]).toBe(6);
    expect(text(stored("a.jpg", jpegWithMore(exif(1, order))))).not.toContain("Exif");
  });

  test("colours, and how often a picture repeats, stay", () => {
    expect(text(stored("a.jpg", jpegWithMore()))).toMatch(/ICC_PROFILE.*colours.*Adobe/s);
    expect(text(stored("a.png", pngWithMore()))).toContain("gAMA");
    expect(text(stored("a.gif", gifWithMore()))).toContain("NETSCAPE2.0");
    const made = stored("a.webp", webpWithMore());
    expect(text(made)).toMatch(/ICCP.*colours.*VP8 .*JUNK.*JUNK.*JUNK/s);
    // The flags of Exif and XMP are gone, that of colours is not.
    expect(made[20]).toBe(0x20);
    expect(text(stored("a.mp4", mp4WithMore()))).toMatch(
      /moov.*mvhd.*tkhd.*free.*free.*free.*free.*mdatfilm/s,
    );
    expect(text(stored("a.avif", avifWithMore()))).toMatch(/av01.*skip.*skip.*the coded picture/s);
  });

  test("what is no whole file of its form is not taken", () => {
    const cut: [string, Uint8Array][] = [
      ["a.png", pngWithMore().subarray(0, 60)],
      ["a.jpg", jpegWithMore().subarray(0, 60)],
      ["a.png", bytes(png().subarray(0, 8), "\0\0\0\x04....xxxxxxxx")],
    ];
    for (const [name, file] of cut) expect(() => stored(name, file)).toThrow(Unfit);
  });
});

describe("[ASSET-2] ending and first bytes agree", () => {
  test("each form is taken under its own endings alone", () => {
    const same = [
      ["a.jpg", "a.jpeg"],
      ["a.ogg", "a.oga"],
      ["a.mp4", "a.m4a"],
      ["a.txt", "a.csv", "a.json", "a.svg"],
    ];
    for (const [name, file] of Object.entries(FILES)) {
      for (const other of Object.keys(FILES)) {
        const mayAgree =
          name === other || same.some((group) => group.includes(name) && group.includes(other));
        if (mayAgree) continue;
        expect(cleanerOf(other, file), `${name} as ${other}`).toBeUndefined();
      }
      expect(cleanerOf(name, file), name).toBeDefined();
    }
    expect(cleanerOf("a.json", FILES["a.txt"] as Uint8Array)).toBeUndefined();
    expect(cleanerOf("a.svg", FILES["a.txt"] as Uint8Array)).toBeUndefined();
    expect(cleanerOf("a.m4a", bytes("\0\0\0\x18ftypM4V \0\0\0\0"))).toBeUndefined();
    expect(cleanerOf("a.mp4", bytes("\0\0\0\x18ftypheic\0\0\0\0"))).toBeUndefined();
    expect(cleanerOf("a.webm", bytes("\x1aE\xdf\xa3\x42\x82\x88matroska"))).toBeUndefined();
    expect(cleanerOf("a.txt", bytes("MZ\0\0"))).toBeUndefined();
  });

  test("a text is UTF-8 without control characters to its end", () => {
    const long = "x".repeat(1_000);
    expect(text(stored("a.txt", bytes(`${long}\n`)))).toBe(`${long}\n`);
    for (const end of ["\xff", "\0", "\x1b[31m"]) {
      expect(() => stored("a.txt", bytes(long, end))).toThrow(Unfit);
    }
  });
});

describe("[ASSET-3] a drawing draws, and does nothing else", () => {
  const PNG = `data:image/png;base64,${Buffer.from(pngWithMore()).toString("base64")}`;

  test.each([
    svg(),
    `<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n${svg()}`,
    svg('<style>.a{fill:#c00}\n.b{fill:url(#g)}</style><rect class="a" width="3" height="3"/>'),
    svg('<use xlink:href="#a"/><a href="#b"/>', ' xmlns:xlink="http://www.w3.org/1999/xlink"'),
    svg(
      '<sodipodi:namedview id="x" inkscape:path="C:\\home"/>',
      ' xmlns:sodipodi="http://x/" xmlns:inkscape="http://y/"',
    ),
    svg('<animate attributeName="r" values="1;4" dur="1s"/>'),
    svg("<text>3 &lt; 4 &amp; “5”</text>"),
  ])("taken as it is: %s", (source) => {
    expect(cleanSvg(source)).toBe(source);
  });

  test("a picture in it is cleaned as a file is", () => {
    const made = cleanSvg(svg(`<image href="${PNG}"/>`));
    const inner = Buffer.from(/base64,([^"]*)"/.exec(made)?.[1] ?? "", "base64");
    expect(inner.subarray(1, 4).toString()).toBe("PNG");
    expect(inner.toString("latin1")).not.toContain(SECRET);
  });

  test.each([
    svg("<script>alert(1)</script>"),
    svg("<x:script>alert(1)</x:script>", ' xmlns:x="http://www.w3.org/2000/svg"'),
    svg("<SCRIPT/>"),
    svg('<circle onclick="alert(1)"/>'),
    svg("", ' onload="alert(1)"'),
    svg('<circle ev:onClick="x"/>', ' xmlns:ev="http://e/"'),
    svg('<image href="https://elsewhere.example/a.png"/>'),
    svg('<image href="//elsewhere.example/a.png"/>'),
    svg('<image xlink:href="a.png"/>'),
    svg('<a href="javascript:alert(1)"/>'),
    svg('<a href="&#106;avascript:alert(1)"/>'),
    svg('<a href="java&Tab;script:alert(1)"/>'),
    svg('<use href="data:image/svg+xml;base64,AAAA"/>'),
    svg("<foreignObject><p>hi</p></foreignObject>"),
    svg("<h:p>hi</h:p>", ' xmlns:h="http://www.w3.org/1999/xhtml"'),
    svg('<set attributeName="href" to="javascript:alert(1)"/>'),
    svg('<animate attributeName="xlink:href" values="x"/>'),
    svg('<animate attributeName="onload" to="x"/>'),
    svg("<style>@import 'https://elsewhere.example/a.css';</style>"),
    svg("<style>@im<![CDATA[port]]> 'a.css';</style>"),
    svg("<style>@im<!-- -->port 'a.css';</style>"),
    svg("<style>&#64;import 'a.css';</style>"),
    svg("<style>.a{fill:url(https://elsewhere.example/)}</style>"),
    svg("<style>.a{fill:\\75rl(https://elsewhere.example/)}</style>"),
    svg("<style>.a{background:url( 'x'}</style>"),
    svg('<rect fill="url(https://elsewhere.example/#a)"/>'),
    svg('<rect fill="\\75rl(https://elsewhere.example/#a)"/>'),
    svg("<rect style=\"background:image-set('x.png' 1x)\"/>"),
    svg("", ' xml:base="https://elsewhere.example/"'),
    `<!DOCTYPE svg [<!ENTITY x "<script/>">]>${svg("&x;")}`,
    `<?xml-stylesheet href="https://elsewhere.example/a.css"?>${svg()}`,
    `<?xml version="1.0" encoding="UTF-16"?>${svg()}`,
    `${svg()}<script/>`,
    `<html>${svg()}</html>`,
    svg("<g>"),
    "<svg",
  ])("refused: %s", (source) => {
    expect(() => cleanSvg(source)).toThrow(Unfit);
  });
});
