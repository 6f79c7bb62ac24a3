import { expect, test } from "vitest";
import { createSecrets } from "../../scripts/local/secrets.ts";
import { openSigned, signedText } from "../../src/cache/signed.ts";

const NOW = 1_750_000_000_000;
const JSON_TEXT = JSON.stringify({ v: 1, hunt: { title: "Hafen ⚓" }, list: [1, 2] });
const secrets = createSecrets();

test("[SEC-100] an entry is read as it was written, with the time of writing", () => {
  const text = signedText(secrets, "hunt/a", JSON_TEXT, NOW);
  expect(openSigned(secrets, "hunt/a", text)).toEqual({ json: JSON_TEXT, at: NOW });
  // An engine from before reads the same entry.
  expect(JSON.parse(text)).toMatchObject(JSON.parse(JSON_TEXT));
});

test("[SEC-100] what is not signed, moved, changed in any place or cut off counts as none", () => {
  const text = signedText(secrets, "hunt/a", JSON_TEXT, NOW);
  for (const lie of [null, "", "{}", JSON_TEXT, "null", "[]", '{"signed":"s1.', `${text} `, text.slice(1)]) {
    expect(openSigned(secrets, "hunt/a", lie)).toBeUndefined();
  }
  expect(openSigned(secrets, "hunt/b", text)).toBeUndefined();
  expect(openSigned(secrets, "board/a", text)).toBeUndefined();
  expect(openSigned(createSecrets(), "hunt/a", text)).toBeUndefined();
  for (let at = 0; at < text.length; at += 1) {
    expect(openSigned(secrets, "hunt/a", text.slice(0, at))).toBeUndefined();
    const other = text[at] === "1" ? "2" : "1";
    expect(openSigned(secrets, "hunt/a", text.slice(0, at) + other + text.slice(at + 1))).toBeUndefined();
  }
});

test("[SEC-100] a turned ring still reads what its older keys signed; a removed key's entries count as none", () => {
  const other = createSecrets().ANSWER_PEPPERS.replace(/^[a-z0-9]+/, "newer");
  const text = signedText(secrets, "hunt/a", JSON_TEXT, NOW);
  const turned = { ANSWER_PEPPERS: `${other},${secrets.ANSWER_PEPPERS}` };
  expect(openSigned(turned, "hunt/a", text)).toBeDefined();
  expect(openSigned({ ANSWER_PEPPERS: other }, "hunt/a", text)).toBeUndefined();
});
