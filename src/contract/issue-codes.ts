/** Every code that an issue can have. The console has a message for each in every language. */

/** Of definitions: why one is refused, and what is warned about (docs/hunt-format.md). */
export const DEFINITION_ISSUES = [
  // Reading the text.
  "syntax",
  "tag",
  "key",
  "duplicate-key",
  "forbidden-key",
  "too-deep",
  // Its shape.
  "too-large",
  "too-small",
  "unknown-key",
  "missing",
  "type",
  "format",
  "value",
  "not-multiple-of",
  "invalid-key",
  "invalid-element",
  // References and conditions.
  "hunt-mismatch",
  "duplicate-id",
  "unknown-clue",
  "unknown-round",
  "cycle",
  "never-opens",
  "at-least-beyond",
  "points-beyond",
  "manual-prize",
  "too-many-conditions",
  // Keys that a kind of clue needs, or does not have.
  "answers-missing",
  "nudges-missing",
  "compare-missing",
  "choices-missing",
  "place-missing",
  "code-missing",
  "answers-superfluous",
  "nudges-superfluous",
  "compare-superfluous",
  "choices-superfluous",
  "place-superfluous",
  "code-superfluous",
  // Answers and codes.
  "answer-empty",
  "nudge-empty",
  "answer-duplicate",
  "nudge-duplicate",
  "answer-no-choice",
  "nudge-no-choice",
  "nudge-is-answer",
  "cannot-be-given",
  "duplicate-code",
  "code-duplicate",
  "code-key-missing",
  // Who may join, prizes, scoring, times.
  "once-for-anyone",
  "once-superfluous",
  "options-missing",
  "options-superfluous",
  "codes-stock",
  "odds-missing",
  "odds-superfluous",
  "prize-fixed",
  "window-missing",
  "decay-minimum",
  "speed-with-decay",
  "limit-without-clock",
  "times-order",
  "closes-in-past",
  "webhook-id-missing",
  "webhook-id-taken",
  "webhook-not-https",
  "webhook-forbidden",
  // Links and media.
  "unsafe-link",
  "remote-media",
  "no-such-page",
  "no-such-clue",
  "not-translated",
  "no-such-asset",
  // Warnings.
  "contrast",
  "bottleneck",
  "hint-costs-more-than-clue",
  "hint-unaffordable",
  "prize-out-of-time",
  "prize-many-entries",
  "answer-in-text",
  "code-in-text",
  "points-not-for-all",
  "points-need-everything",
  "points-below-minimum",
  "waits-for-itself",
  "finish-missing",
  "opens-has-no-effect",
  "no-effect",
] as const;

/** Of bodies and queries, as the schema library names them, and three of joining. */
export type BodyIssue =
  | "invalid_type"
  | "too_big"
  | "too_small"
  | "invalid_format"
  | "not_multiple_of"
  | "unrecognized_keys"
  | "invalid_union"
  | "invalid_key"
  | "invalid_element"
  | "invalid_value"
  | "custom"
  | "required"
  | "invalid_team"
  | "taken";

export type IssueCode = (typeof DEFINITION_ISSUES)[number] | BodyIssue;
