/** Values from outside against their schemas: what is wrong with them, without quoting them. */
import type { z } from "zod";
import { type Issue, RequestError } from "../errors.ts";

/** Checks a value against a schema. Throws `invalid` with every issue. */
export function check<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new RequestError("invalid", "the content does not have the right form", issuesOf(parsed.error));
}

/** Zod's issues as ours: path, code and a message that quotes no input. */
export function issuesOf(error: z.ZodError): Issue[] {
  return error.issues.slice(0, 100).map((issue) => ({
    path: issue.path.map(String).join("."),
    code: issue.code,
    message: issue.code === "unrecognized_keys" ? "there are unknown keys" : issue.message,
  }));
}
