/**
 * What a hunt asks of who joins (`join` of a definition): fields, consents, an age. The schema, its
 * compiled form, and the check of what a joining brings. PURE.
 */
import * as z from "zod";
import { isBroken, isLonger } from "../contract/basics.ts";
import type { Issue } from "../errors.ts";
import type { GivenField } from "../protocol.ts";
import { slugSchema, titleSchema } from "./fields.ts";
import { foldExternalId } from "./fold.ts";
import { checkUnique, type Report } from "./report.ts";

// Entries.
const FIELDS_MAX = 20;
const OPTIONS_MAX = 100;
const CONSENTS_MAX = 10;
/** ISO 3166-1 has fewer. */
const COUNTRIES_MAX = 250;

/** Characters of the text that somebody agrees to, Markdown. */
const CONSENT_MAX = 2_000;

/** Characters of what somebody gives in a field. */
export const VALUE_MAX = 200;

const AGE_MAX = 120;

const fieldSchema = z.strictObject({
  id: slugSchema,
  label: titleSchema.describe("What stands above the field"),
  kind: z.enum(["text", "email", "phone", "number", "choice", "checkbox"]).describe("What is given in it"),
  required: z.boolean().default(false).describe("Nobody joins without it"),
  once: z
    .boolean()
    .default(false)
    .describe("No two players of the hunt give the same, case and blanks around it aside"),
  contact: z
    .boolean()
    .default(false)
    .describe("By it winners of prizes are reached: told with them, to those who hand out prizes alone"),
  options: z
    .array(z.strictObject({ id: slugSchema, label: titleSchema }))
    .min(1)
    .max(OPTIONS_MAX)
    .optional()
    .describe("What can be chosen, for kind choice"),
});

const consentSchema = z.strictObject({
  id: slugSchema,
  text: z
    .string()
    .trim()
    .min(1)
    .max(CONSENT_MAX)
    .describe("What is agreed to, Markdown; its hash is kept with each consent"),
  required: z.boolean().default(false).describe("Nobody joins without it"),
});

export const joinSchema = z
  .strictObject({
    fields: z.array(fieldSchema).max(FIELDS_MAX).default([]).describe("Kept apart from the log"),
    consent: z.array(consentSchema).max(CONSENTS_MAX).default([]).describe("What players agree to"),
    minAge: z
      .number()
      .int()
      .min(1)
      .max(AGE_MAX)
      .optional()
      .describe("Years; the date of birth is asked for, and only that it was enough is kept"),
    countries: z
      .array(z.string().regex(/^[A-Z]{2}$/, "a country is two capitals, as ISO 3166-1 has them"))
      .min(1)
      .max(COUNTRIES_MAX)
      .optional()
      .describe("Where players join from, by their address; who comes from an unknown place may join"),
    check: z.enum(["turnstile"]).optional().describe("A check that a person joins: Cloudflare Turnstile"),
  })
  .describe("What joining asks");

type JoinDefinition = z.output<typeof joinSchema>;
export type Field = JoinDefinition["fields"][number];
export type Consent = JoinDefinition["consent"][number];

/** As the public half of a hunt has it; what is not asked is absent. */
export interface Asks {
  fields?: Field[];
  consent?: Consent[];
  minAge?: number;
  countries?: string[];
  check?: "turnstile";
}

/** Undefined: nothing is asked. */
export function asksOf(join: JoinDefinition | undefined): Asks | undefined {
  if (!join) return undefined;
  const { fields, consent, minAge, countries, check } = join;
  const asks: Asks = {
    ...(fields.length > 0 ? { fields } : {}),
    ...(consent.length > 0 ? { consent } : {}),
    ...(minAge === undefined ? {} : { minAge }),
    ...(countries === undefined ? {} : { countries: [...new Set(countries)].sort() }),
    ...(check === undefined ? {} : { check }),
  };
  return Object.keys(asks).length === 0 ? undefined : asks;
}

/** Reports what of `join` cannot be. */
export function checkJoin(join: JoinDefinition | undefined, report: Report): void {
  if (!join) return;
  checkUnique(join.fields, "join.fields", report);
  checkUnique(join.consent, "join.consent", report);
  for (const [index, { kind, options, once }] of join.fields.entries()) {
    const path = `join.fields.${index}`;
    if (kind === "choice" && !options) {
      report({ path: `${path}.options`, code: "options-missing", message: "a choice needs its options" });
    }
    if (kind !== "choice" && options) {
      const message = `a field of kind ${kind} has no options`;
      report({ path: `${path}.options`, code: "options-superfluous", message });
    }
    if (once && kind === "checkbox") {
      const message = "a checkbox has one value to give: one player alone could join";
      report({ path: `${path}.once`, code: "once-superfluous", message });
    }
    checkUnique(options ?? [], `${path}.options`, report);
  }
}

/** What a joining brings of what the hunt asks. */
export interface Brought {
  fields?: Readonly<Record<string, string | number | boolean>>;
  consent?: readonly string[];
  born?: string;
}

/** The fields that were given, in the hunt's order, the consents, and every issue with either. */
export interface Checked {
  fields: GivenField[];
  consents: Consent[];
  issues: Issue[];
}

/**
 * Checks what a joining brings against what the hunt asks. Fields that it leaves out are taken from `registered`, as far
 * as the hunt takes what stands there. No issue quotes a value.
 */
export function checkBrought(
  asks: Asks | undefined,
  { fields = {}, consent = [], born }: Brought,
  registered: readonly GivenField[] = [],
): Checked {
  const issues: Issue[] = [];
  const report: Report = (issue) => {
    issues.push(issue);
  };
  const given = givenFields(asks, fields, report, (field) => {
    const known = registeredField(field, registered);
    if (!known && field.required) {
      report({ path: `fields.${field.id}`, code: "required", message: "is needed" });
    }
    return known;
  });
  const consents = asks?.consent ?? [];
  if (consent.some((id) => !consents.some((each) => each.id === id))) {
    report({ path: "consent", code: "invalid_value", message: "the hunt asks for no such consent" });
  }
  for (const { id, required } of consents) {
    if (required && !consent.includes(id)) {
      report({ path: "consent", code: "required", message: `the consent "${id}" is needed` });
    }
  }
  if (asks?.minAge !== undefined) {
    if (born === undefined) {
      report({ path: "born", code: "required", message: "the date of birth is needed" });
    } else if (!isDate(born)) {
      report({ path: "born", code: "invalid_format", message: "must be a date, as 2001-12-31" });
    }
  }
  return { fields: given, consents: consents.filter(({ id }) => consent.includes(id)), issues };
}

/** Checks what a company knows of a player: any of the fields that the hunt asks. No issue quotes a value. */
export function checkRegistered(
  asks: Asks | undefined,
  fields: Required<Brought>["fields"],
): Pick<Checked, "fields" | "issues"> {
  const issues: Issue[] = [];
  const report: Report = (issue) => {
    issues.push(issue);
  };
  return { fields: givenFields(asks, fields, report, () => undefined), issues };
}

/** Those that were given, in the hunt's order. Reports what is wrong with them, and those that nobody asked for. */
function givenFields(
  asks: Asks | undefined,
  fields: Required<Brought>["fields"],
  report: Report,
  whenLeftOut: (field: Field) => GivenField | undefined,
): GivenField[] {
  const asked = asks?.fields ?? [];
  const given: GivenField[] = [];
  for (const field of asked) {
    const sent = Object.hasOwn(fields, field.id) ? fields[field.id] : undefined;
    if (sent === undefined || isEmpty(sent)) {
      const known = whenLeftOut(field);
      if (known) given.push(known);
      continue;
    }
    const path = `fields.${field.id}`;
    const value = keptValue(field, sent);
    if (value === undefined) report({ path, code: "invalid_value", message: EXPECTED[field.kind] });
    else if (field.required && value === false) {
      report({ path, code: "required", message: "must be ticked" });
    } else given.push({ id: field.id, value });
  }
  for (const id of Object.keys(fields)) {
    if (asked.some((field) => field.id === id)) continue;
    report({ path: `fields.${id}`, code: "unrecognized_keys", message: "the hunt asks for no such field" });
  }
  return given;
}

/** What is registered in the field, if the hunt takes that still: it may have changed since. */
function registeredField(field: Field, registered: readonly GivenField[]): GivenField | undefined {
  const known = registered.find(({ id }) => id === field.id);
  const value = known && keptValue(field, known.value);
  if (!known || value === undefined || (field.required && value === false)) return undefined;
  return { ...known, value };
}

const EXPECTED: Record<Field["kind"], string> = {
  text: `must be one line of ${VALUE_MAX} characters at most`,
  email: `must be an e-mail address of ${VALUE_MAX} characters at most`,
  phone: `must be a telephone number of ${VALUE_MAX} characters at most`,
  number: "must be a number",
  choice: "must be the id of one of the options",
  checkbox: "must be true or false",
};

const isEmpty = (value: string | number | boolean): boolean =>
  typeof value === "string" && value.trim() === "";

const EMAIL = /^[^\s@<>()[\],;:"\\]+@[^\s@<>()[\],;:"\\.]+(?:\.[^\s@<>()[\],;:"\\.]+)+$/u;
/** Digits with what stands between them on paper. */
const PHONE = /^\+?[\d\s()./-]+$/;
const PHONE_DIGITS = { min: 4, max: 20 };

/** As it is kept; undefined: it is none of this kind. */
function keptValue(field: Field, sent: string | number | boolean): GivenField["value"] | undefined {
  if (field.kind === "checkbox") return typeof sent === "boolean" ? sent : undefined;
  if (typeof sent === "boolean") return undefined;
  if (field.kind === "number") return numberOf(sent);
  if (typeof sent === "number") return undefined;
  const text = sent.trim();
  if (isLonger(text, VALUE_MAX) || isBroken(text)) return undefined;
  switch (field.kind) {
    case "email":
      return EMAIL.test(text) ? text : undefined;
    case "phone": {
      const digits = text.replaceAll(/\D/g, "").length;
      const fits = digits >= PHONE_DIGITS.min && digits <= PHONE_DIGITS.max;
      return fits && PHONE.test(text) ? text : undefined;
    }
    case "choice":
      return field.options?.some(({ id }) => id === text) ? text : undefined;
    default:
      return text;
  }
}

function numberOf(sent: string | number): number | undefined {
  if (typeof sent === "string" && !/^\s*[+-]?\d{1,20}(?:\.\d{1,20})?\s*$/.test(sent)) return undefined;
  const number = Number(sent);
  return Number.isFinite(number) ? number : undefined;
}

/** A value as `once` compares it. */
export const foldValue = (value: GivenField["value"]): string => foldExternalId(String(value));

/** Nobody who lives was born before. */
const BORN_MIN = 1880;

function isDate(text: string): boolean {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!match || Number(match[1]) < BORN_MIN) return false;
  const at = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
}

/** Whether who was born on that date is so many years old at `now`, by the calendar of UTC. */
export function isOldEnough(born: string, years: number, now: number): boolean {
  const [year = 0, month = 0, day = 0] = born.split("-").map(Number);
  const today = new Date(now);
  const passed = today.getUTCFullYear() - year;
  const isBefore = (today.getUTCMonth() + 1 - month || today.getUTCDate() - day) < 0;
  return passed - (isBefore ? 1 : 0) >= years;
}
