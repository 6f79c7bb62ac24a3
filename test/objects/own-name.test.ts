import { expect, test } from "vitest";
import { ownName } from "../../src/objects/own-name.ts";

const idOf = (hash: string, name?: string) =>
  ({ name, equals: (other: { hash: string }) => other.hash === hash, hash }) as unknown as DurableObjectId;
const namespace = { idFromName: (name: string) => idOf(`hash of ${name}`, name) };

test("[LOG-6] an object that is woken under the name of another one does not start", () => {
  expect(ownName({ id: idOf("hash of owls", "owls") }, namespace)).toBe("owls");
  expect(ownName({ id: idOf("hash of owls") }, namespace)).toBe("");
  expect(() => ownName({ id: idOf("hash of owls", "owlr") }, namespace)).toThrow(
    "the name of an object is not as it was written",
  );
});
