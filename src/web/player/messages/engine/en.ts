import type { EngineTexts } from "./keys.ts";

export const engine = {
  outcome_correct: { one: "That is right. One point.", other: "That is right. {count} points." },
  outcome_nudge: "Nearly right.",
  outcome_incorrect: "Not right.",
  outcome_out_of_range: "You are not there yet.",
  outcome_implausible: "Your position is too uncertain. Step outside and try again.",
  outcome_unknown_code: "This code is not of this hunt.",
  outcome_taken: "The hint is yours.",
  outcome_won: "You won!",
  outcome_missed: "Not this time.",
  outcome_already_solved: "Your team has solved it already.",
  outcome_locked: "This clue is not open to your team.",
  outcome_cooldown: "Too many tries. Again in {time}.",
  outcome_exhausted: "All tries of this clue are used up.",
  outcome_not_yet: "Too early. Again in {time}.",
  outcome_unaffordable: "Your team has too few points for it.",
  outcome_sold_out: "Nothing is left of it.",
  outcome_not_eligible: "Not yet: your team has something to do for it first.",
  outcome_already_won: "Your team has won it already.",
  outcome_started: "The team's time runs.",
  outcome_not_started: "Your team has not started yet.",
  outcome_time_up: "Your team's time is over: this did not count.",
  outcome_not_open: "The hunt has not begun.",
  outcome_paused: "The hunt is paused: this did not count.",
  outcome_ended: "The hunt has ended: this did not count.",
  outcome_banned: "Your team has been stopped by the organisers: this did not count.",
  outcome_closed: "This clue has been withdrawn.",
  outcome_conflict: "This was sent before in another form. Try once more.",
  outcome_invalid: "This could not be taken. Check what you entered; it cost no try.",

  problem_bad_request: "The page sent something that the engine does not understand. Load the page again.",
  problem_unauthenticated: "You are signed out on this device. Join again.",
  problem_forbidden: "You may not see this.",
  problem_not_found: "This is not there any more.",
  problem_timeout: "That took too long. It is tried again.",
  problem_conflict: "Somebody was faster. Try once more.",
  problem_precondition_failed: "This has changed meanwhile. Try once more.",
  problem_payload_too_large: "That is too long.",
  problem_unsupported_media_type:
    "The page sent something that the engine does not understand. Load the page again.",
  problem_invalid: "This could not be taken. Check what you entered.",
  problem_rate_limited: "Too much at once. It is tried again in a moment.",
  problem_internal: "Something went wrong. It is tried again.",
  problem_overloaded: "Many are playing just now. It is tried again in a moment.",
  problem_unavailable: "This cannot be reached just now. It is tried again.",
  problem_offline: "No network just now. It is tried again.",

  located_denied:
    "This page may not know where you are. Allow it in the browser's settings for this page, and try again.",
  located_unavailable:
    "Your device does not find its position. Step outside or wait a moment, and try again.",
  located_timeout: "Your device did not find its position in time. Step outside and try again.",
  located_missing: "This browser cannot tell where you are. Open the page in another one.",

  "mode_first-come": "Whoever claims first gets it.",
  "mode_instant-win":
    "Each one is hidden behind a moment that was drawn beforehand. Who claims first after such a moment wins.",
  mode_odds: "Each claim is a draw of lots.",

  wanted_solved: "Solve “{title}”",
  wanted_solvedIn: {
    one: "Solve one clue of {round} ({have} so far)",
    other: "Solve {count} clues of {round} ({have} so far)",
  },
  wanted_points: {
    one: "Reach one point (you have {have})",
    other: "Reach {count} points (you have {have})",
  },
  wanted_from: "Wait until {time}",
  wanted_several: "Do what the organisers ask for it",
} as const satisfies EngineTexts;
