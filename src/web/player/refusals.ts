/** Why a joining was refused, in words of the reader's language: the key of the message. PURE. */
import type { Problem } from "../shared/api.ts";
import type { en } from "./messages/en.ts";

type Key = keyof typeof en;

/** The engine tells conflicts and refusals apart in its own words alone; a test holds each to where it says them. */
const DETAILS: readonly (readonly [RegExp, Key])[] = [
  [/\bhunt has ended\b/, "ended"],
  [/\bteam is banned\b/, "teamBanned"],
  [/\bteam is full\b/, "teamFull"],
  [/\bof this name\b/, "teamNameTaken"],
  [/\bidempotency key\b/, "joinTryAgain"],
  [/\bmay not take part\b/, "playerBlocked"],
  [/\bfrom the country\b/, "countryRefused"],
  [/\ban age of\b/, "tooYoung"],
  [/\bcheck that a person joins\b/, "captchaRefused"],
  [/\bentry ticket\b/, "entryRefused"],
  [/\bbracket\b/, "bracketGone"],
];

/** By the part of the body that the engine does not take. */
const PATHS: readonly (readonly [RegExp, Key])[] = [
  [/^name\b/, "nameRefused"],
  [/^team\.create\b/, "teamNameRefused"],
  [/^team\.join\b/, "teamCodeUnknown"],
  [/^team\.bracket\b/, "bracketGone"],
  [/^externalId\b/, "externalIdRefused"],
  [/^born\b/, "bornRefused"],
  [/^consent\b/, "consentNeeded"],
];

type Refused = Pick<Problem, "status" | "message" | "issues">;

export function joinRefusal({ status, message, issues }: Refused, registered: boolean): Key {
  if (status === 0) return "notJoined";
  const told = DETAILS.find(([words]) => words.test(message))?.[1];
  if (told) return told;
  switch (status) {
    case 403:
      return registered ? "notRegistered" : "joinRefused";
    case 404:
      return "teamCodeUnknown";
    case 409:
      return registered ? "joinedAlready" : "joinRefused";
    case 422:
      for (const { path } of issues) {
        const known = PATHS.find(([start]) => start.test(path))?.[1];
        if (known) return known;
      }
      return "joinRefused";
    default:
      return status >= 500 ? (registered ? "registryAway" : "engineAway") : "joinRefused";
  }
}
