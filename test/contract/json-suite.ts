/** The texts of the JSON parsing test suite (nst/JSONTestSuite): `y_` is JSON, `n_` is none, of `i_` a parser decides. */
import suite from "../fixtures/json-suite.json" with { type: "json" };

export interface SuiteText {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
}

export const JSON_SUITE: readonly SuiteText[] = [
  ...Object.entries(suite.base64).map(([name, base64]) => ({ name, bytes: bytesOf(base64, "base64") })),
  { name: "n_structure_100000_opening_arrays", bytes: bytesOf("[".repeat(100_000), "utf8") },
  { name: "n_structure_open_array_object", bytes: bytesOf(`${'[{"":'.repeat(50_000)}\n`, "utf8") },
];

function bytesOf(text: string, encoding: "base64" | "utf8"): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, encoding));
}
