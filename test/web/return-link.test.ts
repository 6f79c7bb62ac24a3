/** When the player page renews its token, and what it takes for a way back. */
import { expect, test } from "vitest";
import { isDue } from "../../client/src/token.ts";
import { returnCodeIn } from "../../src/web/player/return-link.ts";

const token = (payload: unknown): string =>
  `h.${Buffer.from(JSON.stringify(payload)).toString("base64url")}.s`;

test("[WEB-71] a token is renewed in the last quarter of its life and when it has ended", () => {
  const made = token({ iat: 1_000, exp: 5_000 });
  expect(isDue(made, 3_999_000)).toBe(false);
  expect(isDue(made, 4_000_000)).toBe(true);
  expect(isDue(made, 9_000_000)).toBe(true);
  expect(isDue(token({ exp: 5_000 }), 4_999_000)).toBe(false);
  expect(isDue(token({ exp: 5_000 }), 5_000_000)).toBe(true);
  for (const none of ["", "a.b.c", "x", token(7), token({ exp: "soon" }), "a.%%%.c"]) {
    expect(isDue(none, 9_000_000)).toBe(false);
  }
});

test("[WEB-70] a return code is read behind the #, also where an app has encoded it", () => {
  const code = "WEUR0-001EX7-K2QM4T-VB9ZCQ";
  expect(returnCodeIn(`https://h.example/play/x#return=${code}`)).toBe(code);
  expect(returnCodeIn(`https://h.example/play/x%23return%3D${code}`)).toBe(code);
  expect(returnCodeIn(`https://h.example/play/x?join=1#return=${code}&y=2`)).toBe(code);
  expect(returnCodeIn("https://h.example/play/x#team")).toBeUndefined();
  // What the engine would hear of is no way back.
  expect(returnCodeIn(`https://h.example/play/x?return=${code}`)).toBeUndefined();
});
