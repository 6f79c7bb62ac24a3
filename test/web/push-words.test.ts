import { describe, expect, test } from "vitest";
import { shownOf } from "../../src/web/player/push-words.ts";

const told = {
  kind: "announcement",
  hunt: "quays",
  title: "The Quays",
  tag: "a-1",
  text: "The ferry is late.",
  at: "2026-06-06T18:30:00.000Z",
};
const clues = [
  { id: "lamp", title: "The Lamp" },
  { id: "bell", title: "The Bell" },
];

describe("[WEB-103] what a notification says", () => {
  test("what was announced, and of which clue; a click leads there", () => {
    expect(shownOf(told)).toMatchObject({
      title: "The Quays",
      body: "The ferry is late.",
      tag: "quays/a-1",
      path: "/play/quays#news",
      dir: "auto",
    });
    expect(shownOf({ ...told, cut: true, clues: clues.slice(0, 1) })).toMatchObject({
      body: "The Lamp: The ferry is late. …",
      path: "/play/quays#clue/lamp",
    });
  });

  test.each([
    ["de", "Ein neues Rätsel ist offen: The Lamp", "3 neue Rätsel sind offen: The Lamp, The Bell …", "ltr"],
    [
      "de-AT",
      "Ein neues Rätsel ist offen: The Lamp",
      "3 neue Rätsel sind offen: The Lamp, The Bell …",
      "ltr",
    ],
    ["ar", "فُتح لغز جديد: The Lamp", "ألغاز جديدة مفتوحة (3): The Lamp وThe Bell …", "rtl"],
    ["xx", "A new clue is open: The Lamp", "3 new clues are open: The Lamp, The Bell …", "ltr"],
  ])("in the language of the player: %s", (lang, one, many, dir) => {
    const opened = { ...told, kind: "opened", lang, text: undefined };
    expect(shownOf({ ...opened, count: 1, clues: clues.slice(0, 1) })).toMatchObject({
      body: one,
      dir,
      path: "/play/quays#clue/lamp",
    });
    const several = shownOf({ ...opened, count: 3, clues });
    expect(several.path).toBe("/play/quays#clues");
    if (dir === "ltr") expect(several.body).toBe(many);
  });

  test("an answer of the help desk: that there is one", () => {
    expect(shownOf({ ...told, kind: "help", lang: "de" }).body).toBe(
      "Die Veranstalter haben euch geantwortet.",
    );
    expect(shownOf({ ...told, kind: "help", lang: "de", clues })).toMatchObject({
      body: "Die Veranstalter haben euch geantwortet: The Lamp",
      path: "/play/quays#clue/lamp",
    });
  });

  test("whatever comes, something is shown and nothing is led astray", () => {
    for (const sent of [undefined, null, 3, "x", [], {}, { clues: 3, hunt: "../../evil", kind: "opened" }]) {
      const shown = shownOf(sent);
      expect(shown.body.length).toBeGreaterThan(0);
      expect(new URL(shown.path, "https://hunt.example").origin).toBe("https://hunt.example");
      expect(new URL(shown.path, "https://hunt.example").pathname.startsWith("/play/")).toBe(true);
    }
  });
});
