import { expect, test } from "vitest";
import { csvRows } from "../../src/intake/csv.ts";

test("[TE-25] a list is read with quotes, blank lines and any line ends, each row with its line", () => {
  const text = '\ufeffname,bracket\r\n"a ""b"", c",x\n\n , \n"over\nlines",y\nlast';
  expect(csvRows(text)).toEqual([
    { line: 1, cells: ["name", "bracket"] },
    { line: 2, cells: ['a "b", c', "x"] },
    { line: 5, cells: ["over\nlines", "y"] },
    { line: 7, cells: ["last"] },
  ]);
  expect(csvRows("")).toEqual([]);
});

test("[TE-25] semicolons and tabs separate cells where they stand in the first line", () => {
  expect(csvRows("name;bracket\na, b;x\n").map(({ cells }) => cells)).toEqual([
    ["name", "bracket"],
    ["a, b", "x"],
  ]);
  expect(csvRows("name\tbracket\na\tx\n").map(({ cells }) => cells)[1]).toEqual(["a", "x"]);
});

test("[TE-25] a quote that does not close is told with its line", () => {
  expect(() => csvRows('name\n"open,\n')).toThrow("line 2 of the CSV has a quote");
});
