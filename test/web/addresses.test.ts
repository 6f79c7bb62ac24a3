import { describe, expect, test } from "vitest";
import { linkTo, mediaAt } from "../../src/web/shared/addresses.ts";
import { htmlOf } from "../../src/web/shared/gfm.ts";
import { mediaOf } from "../../src/web/shared/media.ts";

const ways = {
  page: (id: string) => (id === "rules" ? "#page/rules" : undefined),
  clue: (id: string) => (id === "open" ? "#clue/open" : undefined),
};

test.each([
  ["page:rules", "#page/rules", false],
  ["page:other", undefined, false],
  ["clue:open", "#clue/open", false],
  ["clue:locked", undefined, false],
  ["https://example.org/a:b", "https://example.org/a:b", true],
  ["mailto:a@example.org", "mailto:a@example.org", true],
  ["/play/x", "/play/x", false],
  ["#clues", "#clues", false],
  ["javascript:alert(1)", undefined, false],
  ["data:text/html,x", undefined, false],
  ["//example.org", undefined, false],
  ["/\\example.org", undefined, false],
  ["x:y/z", undefined, false],
])("[TEXT-2] a link to %s leads to %s", (address, href, outward) => {
  expect(linkTo(address, ways)).toEqual(href === undefined ? undefined : { href, outward });
});

test("[TEXT-2] media are shown as the ending of their name says", () => {
  expect(["/a.mp3?t=x", "/a.webm", "/a.OGG", "/a.jpg", "/mp3"].map(mediaOf)).toEqual([
    "audio",
    "video",
    "audio",
    "img",
    "img",
  ]);
  expect(["javascript:x", "data:image/png,x", "//x/y", "asset:a.png"].map(mediaAt)).toEqual(
    Array.from({ length: 4 }, () => undefined),
  );
  expect(mediaAt("/v1/hunts/h/assets/a.png?t=x")).toBe("/v1/hunts/h/assets/a.png?t=x");
});

describe("[TEXT-1] GFM", () => {
  test.each([
    ["a table", "|a|\n|-|\n|1|", /<table>.*<th>a<\/th>.*<td>1<\/td>/s],
    ["a task list", "- [x] a", /<input type="checkbox" disabled="" checked="" \/> a/],
    ["strikethrough", "~~a~~", /<del>a<\/del>/],
    ["a bare address", "https://example.org", /<a href="https:\/\/example.org">/],
    ["a break by a backslash", "a\\\nb", /a<br \/>\nb/],
    ["no break of a wrapped line", "a\nb", /<p>a\nb<\/p>/],
    ["HTML as text", '<img src=x onerror="x">', /^&lt;img src=x onerror=&quot;x&quot;&gt;$/],
  ])("%s", (_, markdown, html) => {
    expect(htmlOf(markdown)).toMatch(html);
  });

  test("what somebody typed keeps its lines", () => {
    expect(htmlOf("one\ntwo\nthree", true)).toBe("<p>one<br />\ntwo<br />\nthree</p>");
  });
});
