import { stringify } from "csv-stringify/sync";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { csvToLines } from "../../scripts/hunt/registrations.ts";
import { csvRows } from "../../src/intake/csv.ts";

describe("CSV as spreadsheets write it", () => {
  test.each([
    [
      "plain",
      "a,b\n1,2\n",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
    [
      "without a last line end",
      "a,b\n1,2",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
    [
      "with a last cell that is empty",
      "a,b\n1,",
      [
        ["a", "b"],
        ["1", ""],
      ],
    ],
    [
      "with semicolons, a mark of the byte order and Windows' line ends",
      "\ufeffa;b\r\n1,5;2\r\n",
      [
        ["a", "b"],
        ["1,5", "2"],
      ],
    ],
    [
      "with tabs",
      "a\tb\n1\t2",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
    [
      "quoted",
      'a,b\n"1,""x""","two\nlines"\n',
      [
        ["a", "b"],
        ['1,"x"', "two\nlines"],
      ],
    ],
    [
      "with blank lines",
      "a,b\n\n,\n1,2\n\n",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
    ["empty", "", []],
  ])("%s", (_, text, rows) => {
    expect(csvRows(text).map(({ cells }) => cells)).toEqual(rows);
  });

  test.each([
    ["a quote that does not close", 'a,b\n1,2\n"3,4', "line 3"],
    ["a quote inside a cell", 'a,b\n1,2"x', "line 2"],
    ["a quote that does not close before the end", 'a,b\n1,"two\nlines"\n"3,4\n5,6\n7,8\n', "line 4"],
    ["a quote that closes inside a cell", 'a,b\r\n"1\r\n2",3\r\n"4"5,6\r\n', "line 4"],
  ])("refuses %s", (_, text, where) => {
    expect(() => csvRows(text)).toThrow(where);
  });

  test("gives back what was written", () => {
    const cell = fc.string({ unit: fc.constantFrom("a", "b", ",", '"', "\n", ";", " ", "ü") });
    const table = fc.array(fc.tuple(cell, cell, cell), { minLength: 1 });
    fc.assert(
      fc.property(table, fc.constantFrom("\n", "\r\n"), (rows, lineEnd) => {
        const text = stringify([["h", "i", "j"], ...rows], { quoted: true, record_delimiter: lineEnd });
        const expected = rows.filter((row) => row.some((value) => value.trim() !== ""));
        expect(
          csvRows(text)
            .slice(1)
            .map(({ cells }) => cells),
        ).toEqual(expected);
      }),
    );
  });
});

describe("registrations from CSV", () => {
  const linesOf = (text: string) => csvToLines(text).split("\n");

  test("each row is one line, under the number it has in the file", () => {
    const text = 'name,externalId,blocked,bracket\nAnn,u-1,,locals\n\n"B\nen",u-2,yes,\nCid,u-3,No,\n';
    expect(linesOf(text)).toEqual([
      "",
      '{"name":"Ann","externalId":"u-1","bracket":"locals"}',
      "",
      '{"name":"B\\nen","externalId":"u-2","blocked":true}',
      "",
      '{"name":"Cid","externalId":"u-3","blocked":false}',
      "",
    ]);
  });

  test("what is wrong in a row is left for the engine to refuse by its line", () => {
    expect(linesOf("externalId,blocked\nu-1,perhaps,more\n")[1]).toBe(
      '{"externalId":"u-1","blocked":"perhaps","column 3":"more"}',
    );
  });

  test("an unknown or missing column is wrong usage", () => {
    expect(() => csvToLines("externalId,e-mail\n1,2\n")).toThrow('a column "e-mail"');
    expect(() => csvToLines("name\nAnn\n")).toThrow("no column externalId");
    expect(() => csvToLines("")).toThrow("no column externalId");
  });
});
