import { micromark } from "micromark";
import { expect, test } from "vitest";
import { withLineBreaks } from "../../src/web/shared/line-breaks.ts";

test.each([
  ["a poem", "one\ntwo\n\nthree", "<p>one<br />\ntwo</p>\n<p>three</p>"],
  ["breaks as Markdown writes them, once", "one  \ntwo\\\nthree", "<p>one<br />\ntwo<br />\nthree</p>"],
  [
    "beside emphasis",
    "*one*\n**two**\nthree",
    "<p><em>one</em><br />\n<strong>two</strong><br />\nthree</p>",
  ],
  ["in a quotation", "> one\n> two", "<blockquote>\n<p>one<br />\ntwo</p>\n</blockquote>"],
  [
    "not between blocks",
    "- one\n- two\n  - three",
    "<ul>\n<li>one</li>\n<li>two\n<ul>\n<li>three</li>\n</ul>\n</li>\n</ul>",
  ],
  ["not in code", "```\none\ntwo\n```", "<pre><code>one\ntwo\n</code></pre>"],
  [
    "not in a picture's text",
    '![a\nb](/x.png "c\nd")',
    '<p><img src="/x.png" alt="a\nb" title="c\nd" /></p>',
  ],
  ["HTML stays text", "a <b>\none", "<p>a &lt;b&gt;<br />\none</p>"],
  [
    "not of prose that was wrapped in the file",
    "Take the greeting that every first program prints, **in small letters**,\nwithout the comma and the mark, with an underscore where the space is, and\nput it away.",
    "<p>Take the greeting that every first program prints, <strong>in small letters</strong>,\nwithout the comma and the mark, with an underscore where the space is, and\nput it away.</p>",
  ],
  [
    "of a poem with long lines",
    "I am the smallest in the harbour, and the largest follow me on a string.\nI pull when I am asked and push when I must.\nTurn me about, stern first, and I am what you feel with before you think.",
    "<p>I am the smallest in the harbour, and the largest follow me on a string.<br />\nI pull when I am asked and push when I must.<br />\nTurn me about, stern first, and I am what you feel with before you think.</p>",
  ],
])("[WEB-33] line breaks: %s", (_, markdown, html) => {
  expect(withLineBreaks(micromark(markdown)).trim()).toBe(html);
});
