/** A clue of a definition that need not be published, as players would see it, and a try at it: judged as in play. */
import type { Preview } from "../contract/preview.ts";
import { type Issue, type Refusal, refuse } from "../errors.ts";
import { comparedWith } from "../hunt/compared.ts";
import type { ClueDefinition } from "../hunt/definition.ts";
import { kindOf } from "../hunt/kinds/all.ts";
import { writtenText } from "../hunt/kinds/texts.ts";
import { listText } from "../hunt/listed.ts";
import { previewOf } from "../hunt/preview.ts";
import { COMPARE_MODES, commandOf } from "../intake/digest.ts";
import type { PreviewWish } from "../objects/control.ts";
import type { CompareMode, PlayerEvent, Result } from "../protocol.ts";
import { currentKey, type Secrets } from "../secrets.ts";
import type { Publisher } from "./publish.ts";

/** The id of the try. */
const TRY = "try";

interface PreviewDeps {
  hunt: string;
  secrets: Pick<Secrets, "ANSWER_PEPPERS">;
  publisher: Pick<Publisher, "candidate">;
  now(): number;
}

export function preview(
  { hunt, secrets, publisher, now }: PreviewDeps,
  { source, format, clue, answer, choices, code, position }: PreviewWish,
): Preview | (Refusal & { issues?: Issue[] }) {
  const candidate = publisher.candidate(source, format);
  if ("refused" in candidate) return candidate;
  const { compiled, definition } = candidate;
  const head = { id: TRY, clue };
  const event: PlayerEvent | undefined =
    answer !== undefined || choices !== undefined
      ? { ...head, type: "answer", ...(choices ? { choices } : { answer: answer ?? "" }) }
      : code !== undefined
        ? { id: TRY, type: "scan", code }
        : position && { ...head, type: "checkin", position };
  const pepper = currentKey("ANSWER_PEPPERS", secrets.ANSWER_PEPPERS);
  const command = event && commandOf(event, hunt, pepper, COMPARE_MODES);
  const shown = previewOf(compiled.hunt, clue, command, now());
  const written = definition.clues.find(({ id }) => id === clue);
  if (!shown || !written) return refuse("not_found", "the definition has no such clue");
  const { result } = shown;
  const mode = compiled.hunt.clues.find(({ id }) => id === clue)?.compare ?? "exact";
  const given = choices ? listText(choices) : answer;
  return { clue: shown.clue, ...(result ? { verdict: verdictOf(result, written, mode, given) } : {}) };
}

function verdictOf(
  { outcome, clue, message, points, distance }: Result,
  written: ClueDefinition,
  mode: CompareMode,
  answer: string | undefined,
): NonNullable<Preview["verdict"]> {
  const isTyped =
    answer !== undefined && (kindOf(written).event.type === "answer" || written.instead !== undefined);
  return {
    outcome,
    ...(clue === undefined ? {} : { clue }),
    ...(message === undefined ? {} : { message }),
    ...(points === undefined ? {} : { points }),
    ...(distance === undefined ? {} : { distance }),
    ...(isTyped ? { compared: comparedOf(written, mode, answer) } : {}),
  };
}

function comparedOf(
  { instead, answers = instead?.answers ?? [], nudges = [] }: ClueDefinition,
  mode: CompareMode,
  answer: string,
) {
  const texts = [
    ...answers.map((given) => ({ text: writtenText(given), role: "answer" as const })),
    ...nudges.flatMap(({ match }) =>
      match.map((given) => ({ text: writtenText(given), role: "nudge" as const })),
    ),
  ];
  return comparedWith(mode, answer, texts);
}
