/** What the hunt asks of who joins: its fields, what to agree to, the date of birth. */
import type { Hunt } from "../../contract/hunt.ts";
import type { JoinBody } from "../../contract/join.ts";
import { t } from "../shared/i18n.ts";
import { Markdown } from "../shared/markdown.tsx";

type Joining = Hunt["joining"];
type Field = NonNullable<Joining["fields"]>[number];

/** Longest value that the engine takes, in UTF-16 units. */
const UNITS_MAX = 400;

/** A hunt that the device kept from an earlier release does not say it. */
export const joiningOf = (hunt: Partial<Pick<Hunt, "joining">>): Joining =>
  hunt.joining ?? { require: "anyone" };

const fieldName = (id: string): string => `field/${id}`;
const consentName = (id: string): string => `consent/${id}`;

/** What of the form is given of what the hunt asks. */
export function askedOf(joining: Joining, form: FormData): Pick<JoinBody, "fields" | "consent" | "born"> {
  const fields: Record<string, string | boolean> = {};
  for (const { id, kind } of joining.fields ?? []) {
    const value = form.get(fieldName(id));
    if (kind === "checkbox") fields[id] = value !== null;
    else if (typeof value === "string" && value.trim() !== "") fields[id] = value.trim();
  }
  const consent = (joining.consent ?? [])
    .filter(({ id }) => form.get(consentName(id)) !== null)
    .map(({ id }) => id);
  const born = form.get("born");
  return {
    ...(Object.keys(fields).length > 0 ? { fields } : {}),
    ...(consent.length > 0 ? { consent } : {}),
    ...(typeof born === "string" && born !== "" ? { born } : {}),
  };
}

/** The name of the form's input that the engine's path means; undefined: it is none of these. */
export function inputAt(path: string, joining: Joining): { input: string; label?: string } | undefined {
  if (path === "born") return { input: "born" };
  if (path === "consent") {
    const first = joining.consent?.find(({ required }) => required);
    return first && { input: consentName(first.id) };
  }
  const field = joining.fields?.find(({ id }) => path === `fields.${id}`);
  return field && { input: fieldName(field.id), label: field.label };
}

/** Where the form says what is wrong. */
export const PROBLEM_ID = "join-problem";

/** A refused input is marked, and a screen reader says with it what is wrong. */
function marks(isWrong: boolean, hint?: string) {
  const described = [hint, isWrong ? PROBLEM_ID : undefined].filter((each) => each !== undefined);
  return {
    "aria-invalid": isWrong,
    ...(described.length === 0 ? {} : { "aria-describedby": described.join(" ") }),
  };
}

export function Asks({ joining, wrong }: { joining: Joining; wrong: string }) {
  // The engine knows what the organisers have of a registered player; the page does not.
  const isRegistered = joining.require !== "anyone";
  return (
    <>
      {isRegistered && joining.fields?.some(({ required }) => required) && (
        <p class="soft small">{t("registeredFields")}</p>
      )}
      {joining.fields?.map((field) => (
        <FieldInput
          key={field.id}
          field={field}
          mayLack={isRegistered}
          isWrong={wrong === fieldName(field.id)}
        />
      ))}
      {joining.minAge !== undefined && (
        <label>
          {t("born")}
          <input
            name="born"
            type="date"
            required
            autocomplete="bday"
            {...marks(wrong === "born", "born-hint")}
          />
          <span class="soft small" id="born-hint">
            {t("bornHint", { age: joining.minAge })}
          </span>
        </label>
      )}
      {joining.consent?.map(({ id, text, required }) => (
        <div key={id} class="tick">
          <input
            id={consentName(id)}
            name={consentName(id)}
            type="checkbox"
            required={required}
            aria-labelledby={`${consentName(id)}/text`}
            {...marks(wrong === consentName(id))}
          />
          {/* Its links would lead away from what was typed. The rest of the text ticks the box. */}
          <label for={consentName(id)} id={`${consentName(id)}/text`}>
            <Markdown text={text} apart />
            {!required && <span class="soft small">{t("notRequired")}</span>}
          </label>
        </div>
      ))}
    </>
  );
}

const TYPES = { text: "text", email: "email", phone: "tel", number: "text" } as const;
const COMPLETED = { text: "on", email: "email", phone: "tel", number: "off" } as const;

function FieldInput({
  field: { id, label, kind, required, contact, options },
  mayLack,
  isWrong,
}: {
  field: Field;
  /** It may stay empty on the page, whatever the hunt asks. */
  mayLack: boolean;
  isWrong: boolean;
}) {
  const name = fieldName(id);
  const isNeeded = required && !mayLack;
  const said = (
    <span>
      <bdi>{label}</bdi>
      {!required && <span class="soft small"> {t("notRequired")}</span>}
      {contact && <span class="soft small"> {t("forWinners")}</span>}
    </span>
  );
  if (kind === "checkbox") {
    return (
      <label class="tick">
        <input name={name} type="checkbox" required={isNeeded} {...marks(isWrong)} />
        {said}
      </label>
    );
  }
  if (kind === "choice") {
    return (
      <label>
        {said}
        <select name={name} required={isNeeded} {...marks(isWrong)}>
          <option value="">{t("chooseOption")}</option>
          {options?.map((option) => (
            <option key={option.id} value={option.id}>
              {option.label}
            </option>
          ))}
        </select>
      </label>
    );
  }
  return (
    <label>
      {said}
      <input
        name={name}
        type={TYPES[kind] as "text"}
        required={isNeeded}
        maxLength={UNITS_MAX}
        autocomplete={COMPLETED[kind]}
        enterkeyhint="next"
        {...marks(isWrong)}
        {...(kind === "number" ? { inputMode: "decimal", pattern: "[+\\-]?[0-9]+([.][0-9]+)?" } : {})}
        {...(kind === "text" ? { dir: "auto" } : { dir: "ltr" })}
      />
    </label>
  );
}
