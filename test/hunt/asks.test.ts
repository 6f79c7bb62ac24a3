import { describe, expect, test } from "vitest";
import {
  type Asks,
  checkBrought,
  checkRegistered,
  type Field,
  foldValue,
  isOldEnough,
} from "../../src/hunt/asks.ts";

const field = (kind: Field["kind"], more: Partial<Field> = {}): Field => ({
  id: "f",
  label: "F",
  kind,
  required: false,
  once: false,
  contact: false,
  ...more,
});
const OPTIONS = [{ id: "red", label: "Red" }];

/** What is kept of a value; its code where it is refused. */
function kept(of: Field, value: string | number | boolean | undefined): unknown {
  const { fields, issues } = checkBrought(
    { fields: [of] },
    value === undefined ? {} : { fields: { f: value } },
  );
  return issues[0]?.code ?? fields[0]?.value;
}

describe("[JOIN-2] values of fields", () => {
  test.each([
    ["text", "  two words ", "two words"],
    ["text", "x".repeat(200), "x".repeat(200)],
    ["text", "𝒳".repeat(200), "𝒳".repeat(200)],
    ["text", "x".repeat(201), "invalid_value"],
    ["text", "two\nlines", "invalid_value"],
    ["text", "\ufffd", "invalid_value"],
    ["text", 7, "invalid_value"],
    ["text", true, "invalid_value"],
    ["email", "a@b.example", "a@b.example"],
    ["email", "ä.b+c@münchen.example", "ä.b+c@münchen.example"],
    ["email", "a@b", "invalid_value"],
    ["email", "a@b..example", "invalid_value"],
    ["email", "a b@c.example", "invalid_value"],
    ["email", "Ann <a@b.example>", "invalid_value"],
    ["email", `${"a".repeat(40_000)}@`, "invalid_value"],
    ["phone", "+41 (79) 123-45.67", "+41 (79) 123-45.67"],
    ["phone", "123", "invalid_value"],
    ["phone", "call me", "invalid_value"],
    ["number", 2.5, 2.5],
    ["number", " -3.25 ", -3.25],
    ["number", Number.NaN, "invalid_value"],
    ["number", "1e9", "invalid_value"],
    ["number", "0x10", "invalid_value"],
    ["checkbox", false, false],
    ["checkbox", "true", "invalid_value"],
  ] as const)("%s %j", (kind, value, expected) => {
    expect(kept(field(kind), value)).toEqual(expected);
  });

  test("[REG-20] what is left out is taken from what is registered, as far as the hunt takes that", () => {
    const asks: Asks = { fields: [field("choice", { options: OPTIONS, required: true })] };
    const known = (value: string) => checkBrought(asks, {}, [{ id: "f", value }]);
    expect(known("red")).toMatchObject({ fields: [{ id: "f", value: "red" }], issues: [] });
    expect(known("blue")).toMatchObject({ fields: [], issues: [{ path: "fields.f", code: "required" }] });
    const both = checkBrought(asks, { fields: { f: "blue" } }, [{ id: "f", value: "red" }]);
    expect(both.issues).toMatchObject([{ code: "invalid_value" }]);
    const ticked: Asks = { fields: [field("checkbox", { required: true })] };
    expect(checkBrought(ticked, {}, [{ id: "f", value: false }]).issues).toHaveLength(1);
    expect(checkRegistered(asks, {})).toEqual({ fields: [], issues: [] });
    expect(checkRegistered(asks, { f: "blue", g: 1 }).issues.map(({ path }) => path)).toEqual([
      "fields.f",
      "fields.g",
    ]);
  });

  test("a choice is one of its options", () => {
    const choice = field("choice", { options: OPTIONS });
    expect([kept(choice, "red"), kept(choice, "blue"), kept(choice, "Red")]).toEqual([
      "red",
      "invalid_value",
      "invalid_value",
    ]);
  });

  test("what is not given is missing where it is required alone; blanks are nothing, and a box must be ticked", () => {
    for (const value of [undefined, "", " \t"]) {
      expect(kept(field("text"), value)).toBeUndefined();
      expect(kept(field("text", { required: true }), value)).toBe("required");
    }
    expect(kept(field("checkbox", { required: true }), false)).toBe("required");
    expect(kept(field("checkbox", { required: true }), true)).toBe(true);
  });

  test("a field that the hunt does not ask is none, also by a name that every object has", () => {
    const fields = JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>;
    const { issues } = checkBrought(undefined, { fields });
    expect(issues.map(({ path }) => path)).toEqual(["fields.__proto__", "fields.constructor"]);
    const asks: Asks = { fields: [field("text", { id: "constructor", required: true })] };
    expect(checkBrought(asks, { fields: {} }).issues).toHaveLength(1);
  });
});

test("[JOIN-4] values are the same without case and blanks around them", () => {
  expect(foldValue("  Straße@X.example ")).toBe(foldValue("STRASSE@x.EXAMPLE"));
  expect(foldValue(7)).toBe(foldValue("7"));
  expect(foldValue("a b")).not.toBe(foldValue("ab"));
});

test.each([
  ["2008-02-29", "2026-02-28", false],
  ["2008-02-29", "2026-03-01", true],
  ["2008-06-15", "2026-06-14", false],
  ["2008-06-15", "2026-06-15", true],
  ["2008-06-15", "2025-12-31", false],
  ["2030-01-01", "2026-06-15", false],
])("[JOIN-7] who was born on %s is 18 on %s: %s", (born, day, expected) => {
  expect(isOldEnough(born, 18, Date.parse(`${day}T00:00:00Z`))).toBe(expected);
});
