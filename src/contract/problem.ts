/** Failed requests: application/problem+json (RFC 9457). The table code → status is src/errors.ts. */
import { z } from "zod";
import { told, whole } from "./basics.ts";

export const errorCode = z
  .enum([
    "bad_request",
    "unauthenticated",
    "forbidden",
    "not_found",
    "timeout",
    "conflict",
    "precondition_failed",
    "payload_too_large",
    "unsupported_media_type",
    "invalid",
    "rate_limited",
    "internal",
    "overloaded",
    "unavailable",
  ])
  .meta({ description: "What went wrong, for programs", examples: ["invalid"] });
export type ErrorCode = z.infer<typeof errorCode>;

export const issue = z
  .strictObject({
    path: told("Where, a dotted path from the root of the body or the definition", "clues.3.answers.0"),
    code: told("What, for programs; of definitions see docs/hunt-format.md", "answer-empty"),
    message: told(
      "What, for people; it quotes no secret",
      "nothing of this remains when compared by letters",
    ),
  })
  .meta({
    id: "Issue",
    description: "One problem found in a body, a query or a definition",
    examples: [
      { path: "name", code: "too_small", message: "Too small: expected string to have >=1 characters" },
    ],
  });
/** One problem found in a body or a definition. `path` is a dotted path from its root. */
export type Issue = z.infer<typeof issue>;

export const problem = z
  .strictObject({
    type: told("A URN that names the code", "urn:hunt:problem:not_found"),
    title: told("The code in words", "Not found"),
    status: whole("The HTTP status", 404),
    code: errorCode,
    detail: told("What went wrong here, for people", "no such hunt"),
    requestId: told("The `X-Request-Id` of the response, to be found in the logs", "5f0c…"),
    issues: z
      .array(issue)
      .meta({ description: "Every problem found, with `invalid`", examples: [[]] })
      .exactOptional(),
  })
  .meta({
    id: "Problem",
    description: "A request that failed. 429 and 503 carry Retry-After and may be sent again unchanged.",
    examples: [
      {
        type: "urn:hunt:problem:not_found",
        title: "Not found",
        status: 404,
        code: "not_found",
        detail: "no such hunt",
        requestId: "5f0c2f0e-8f0b-4f43-9d51-0f2f6f1a2b3c",
      },
    ],
  });
export type Problem = z.infer<typeof problem>;
