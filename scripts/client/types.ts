/**
 * Writes the wire's types out, so that the published client needs neither the schemas nor Zod: from the JSON
 * Schemas that Zod makes, with their descriptions. What it does not know it refuses to write.
 */
import { z } from "zod";

/** The part of JSON Schema that the contract uses. */
interface Schema {
  $ref?: string;
  type?: string;
  description?: string;
  enum?: unknown[];
  const?: unknown;
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  required?: string[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  $defs?: Record<string, Schema>;
}

/** The text of a module that exports a type for each schema, and for each that these name. */
export function typesOf(schemas: Readonly<Record<string, z.ZodType>>): string {
  const made = new Map<string, Schema>();
  for (const [name, schema] of Object.entries(schemas)) {
    const { $defs = {}, ...own } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Schema;
    for (const [id, definition] of Object.entries($defs)) made.set(id, definition);
    // With an id of this name it is among the definitions.
    if (own.$ref !== `#/$defs/${name}`) made.set(name, own);
  }
  return [...made]
    .map(([name, schema]) => `${commentOf(schema, "")}export type ${name} = ${typeOf(schema, "")};\n`)
    .join("\n");
}

function typeOf(schema: Schema, indent: string): string {
  const { $ref, type, const: only, enum: values, anyOf, oneOf } = schema;
  if ($ref !== undefined) return $ref.replace("#/$defs/", "");
  if (only !== undefined) return JSON.stringify(only);
  if (values) return values.map((value) => JSON.stringify(value)).join(" | ");
  const union = anyOf ?? oneOf;
  if (union) return union.map((each) => typeOf(each, indent)).join(" | ");
  switch (type) {
    case "string":
    case "boolean":
    case "null":
      return type;
    case "number":
    case "integer":
      return "number";
    case "array": {
      const items = typeOf(schema.items ?? {}, indent);
      return /^\w+$/.test(items) ? `${items}[]` : `(${items})[]`;
    }
    case "object":
      return objectOf(schema, indent);
    case undefined:
      return "unknown";
    default:
      throw new Error(`no type is known for ${JSON.stringify(schema)}`);
  }
}

function objectOf({ properties, additionalProperties, required = [] }: Schema, indent: string): string {
  if (!properties) {
    const values =
      typeof additionalProperties === "object" ? typeOf(additionalProperties, indent) : "unknown";
    return `Record<string, ${values}>`;
  }
  const inner = `${indent}  `;
  const fields = Object.entries(properties).map(([key, schema]) => {
    const name = /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
    const mark = required.includes(key) ? "" : "?";
    return `${commentOf(schema, inner)}${inner}${name}${mark}: ${typeOf(schema, inner)};\n`;
  });
  return `{\n${fields.join("")}${indent}}`;
}

const commentOf = ({ description }: Schema, indent: string): string =>
  description === undefined ? "" : `${indent}/** ${description.replaceAll("*/", "*\\/")} */\n`;
