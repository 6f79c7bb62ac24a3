/**
 * The codes that solve clues: as they are printed, and when two of them are the
 * same. An author's code is compared folded (fold.ts). A generated one is
 * written in Crockford's base 32 in groups, so that it can be typed: O is 0, I
 * and L are 1, and any dashes and blanks do. Engines before gave other codes
 * (`1.key.clue.mac`), which are compared as an author's.
 */
import { CODE_UNITS_MAX, readingsOf } from "../contract/scanned.ts";
import type { ClueDefinition, Definition } from "./definition.ts";
import { foldCode } from "./fold.ts";
import { kindOf } from "./kinds/all.ts";
import type { Report } from "./report.ts";

/** Digits of a generated code: 60 bits. */
export const GENERATED_DIGITS = 12;
const GROUP = 4;
const GENERATED = new RegExp(`^[0-9A-HJKMNP-TV-Z]{${GENERATED_DIGITS}}$`, "u");
const BETWEEN_GROUPS = /[\p{Pd}\u2212\p{White_Space}]/gu;

/** Before the digits of a generated code, so that they are no author's code: none has a line feed. */
const OF_GENERATED = "generated\n";

/** A clue that a code solves. */
export interface Coded {
  /** In the definition. */
  index: number;
  clue: ClueDefinition;
  code: string;
  /** Its author gave none. */
  generated: boolean;
}

/**
 * Every clue that a code solves, with its code: the author's, or the one that
 * `generate` makes for the clue's id.
 */
export function codesOf(definition: Definition, generate: (clue: string) => string): Coded[] {
  return definition.clues.flatMap((clue, index) => {
    let generated = false;
    const code = kindOf(clue).code?.(clue, (id) => {
      generated = true;
      return generate(id);
    });
    return code === undefined ? [] : [{ index, clue, code, generated }];
  });
}

/** The digits of a generated code as it is printed. */
export const grouped = (digits: string): string =>
  digits.match(new RegExp(`.{1,${GROUP}}`, "gu"))?.join("-") ?? "";

/** Under which a text is known if it is a generated code, however it is typed. */
function generatedKey(text: string): string | undefined {
  const typed = text.normalize("NFKC").replace(BETWEEN_GROUPS, "").toUpperCase();
  const digits = typed.replaceAll("O", "0").replace(/[IL]/gu, "1");
  return GENERATED.test(digits) ? OF_GENERATED + digits : undefined;
}

/** Under which a clue's code is known. */
const keyOf = ({ code, generated }: Coded): string =>
  (generated ? generatedKey(code) : undefined) ?? foldCode(code);

/**
 * Under which the code of each clue is known, by the clue's id. Codes that
 * differ, and would be the same folded, are refused today; in a hunt that was
 * published before, each of them is known as it is written.
 */
export function keysOf(codes: readonly Coded[]): Map<string, string> {
  const owners = new Map<string, number>();
  for (const coded of codes) owners.set(keyOf(coded), (owners.get(keyOf(coded)) ?? 0) + 1);
  return new Map(
    codes.map((coded) => {
      const key = keyOf(coded);
      return [coded.clue.id, owners.get(key) === 1 ? key : coded.code];
    }),
  );
}

/**
 * Under which a scanned text may be known, the likeliest first: by each reading of it as it is
 * written, folded, and as a generated code.
 */
export function keysOfScanned(text: string): string[] {
  const keys = readingsOf(text).flatMap((reading) => {
    if (reading.length > CODE_UNITS_MAX) return [];
    const generated = generatedKey(reading);
    return [reading, foldCode(reading), ...(generated === undefined ? [] : [generated])];
  });
  return [...new Set(keys)];
}

/** A code solves one clue: no other clue has it, and it is neither another's address nor a generated code. */
export function checkCodes(codes: readonly Coded[], hunt: string, report: Report): void {
  const written = new Map<string, string>();
  const owners = new Map<string, string>();
  for (const coded of codes) {
    const key = keyOf(coded);
    if (!owners.has(key)) owners.set(key, coded.clue.id);
  }
  for (const { index, clue, code, generated } of codes) {
    const path = `clues.${index}.code`;
    const twin = written.get(code);
    if (twin !== undefined && twin !== clue.id) {
      report({ path, code: "duplicate-code", message: `"${twin}" has the same code` });
    } else if (!generated) {
      const owner = keysWithin(code, hunt)
        .map((key) => owners.get(key))
        .find((id) => id !== undefined && id !== clue.id);
      if (owner !== undefined) {
        const message = `scanned, this would be taken for the code of "${owner}": case, width and a printed address do not tell codes apart`;
        report({ path, code: "code-duplicate", message });
      }
    }
    written.set(code, clue.id);
  }
}

/** Under which an author's code is known; an address of another page than the hunt's own is a code like any other. */
function keysWithin(code: string, hunt: string): string[] {
  const [page = ""] = code.toLowerCase().split(/[?#]|%23/u);
  if (page.endsWith(`/play/${hunt}`)) return keysOfScanned(code);
  const generated = generatedKey(code);
  return [foldCode(code), ...(generated === undefined ? [] : [generated])];
}
