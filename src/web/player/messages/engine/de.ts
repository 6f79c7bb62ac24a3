import type { EngineTexts } from "./keys.ts";

export const engine: EngineTexts = {
  outcome_correct: { one: "Richtig. Ein Punkt.", other: "Richtig. {count} Punkte." },
  outcome_nudge: "Fast richtig.",
  outcome_incorrect: "Nicht richtig.",
  outcome_out_of_range: "Du bist noch nicht da.",
  outcome_implausible: "Deine Position ist zu ungenau. Geh ins Freie und versuch es noch einmal.",
  outcome_unknown_code: "Dieser Code gehört nicht zu dieser Schatzsuche.",
  outcome_taken: "Du hast den Hinweis.",
  outcome_won: "Gewonnen!",
  outcome_missed: "Diesmal nicht.",
  outcome_already_solved: "Dein Team hat es schon gelöst.",
  outcome_locked: "Dieses Rätsel ist für dein Team nicht offen.",
  outcome_cooldown: "Zu viele Versuche. Wieder in {time}.",
  outcome_exhausted: "Alle Versuche für dieses Rätsel sind verbraucht.",
  outcome_not_yet: "Noch zu früh. Wieder in {time}.",
  outcome_unaffordable: "Dafür hat dein Team zu wenige Punkte.",
  outcome_sold_out: "Es ist nichts mehr da.",
  outcome_not_eligible: "Noch nicht: Dafür muss dein Team erst etwas tun.",
  outcome_already_won: "Dein Team hat es schon gewonnen.",
  outcome_started: "Die Zeit des Teams läuft.",
  outcome_not_started: "Dein Team hat noch nicht begonnen.",
  outcome_time_up: "Die Zeit deines Teams ist um: Das hat nicht gezählt.",
  outcome_not_open: "Die Schatzsuche hat noch nicht begonnen.",
  outcome_paused: "Die Schatzsuche ist unterbrochen: Das hat nicht gezählt.",
  outcome_ended: "Die Schatzsuche ist zu Ende: Das hat nicht gezählt.",
  outcome_banned: "Dein Team wurde von den Veranstaltern angehalten: Das hat nicht gezählt.",
  outcome_closed: "Dieses Rätsel wurde zurückgezogen.",
  outcome_conflict: "Das wurde schon einmal anders gesendet. Versuch es noch einmal.",
  outcome_invalid: "Das ging nicht. Prüfe deine Eingabe; es hat keinen Versuch gekostet.",

  problem_bad_request: "Die Seite hat etwas Unverständliches gesendet. Lade sie neu.",
  problem_unauthenticated: "Du bist auf diesem Gerät abgemeldet. Steig wieder ein.",
  problem_forbidden: "Das darfst du nicht sehen.",
  problem_not_found: "Das gibt es nicht mehr.",
  problem_timeout: "Das hat zu lange gedauert. Es wird noch einmal versucht.",
  problem_conflict: "Jemand war schneller. Versuch es noch einmal.",
  problem_precondition_failed: "Das hat sich inzwischen geändert. Versuch es noch einmal.",
  problem_payload_too_large: "Das ist zu lang.",
  problem_unsupported_media_type: "Die Seite hat etwas Unverständliches gesendet. Lade sie neu.",
  problem_invalid: "Das ging nicht. Prüfe deine Eingabe.",
  problem_rate_limited: "Das war zu viel auf einmal. Gleich wird es noch einmal versucht.",
  problem_internal: "Da ist etwas schiefgegangen. Es wird noch einmal versucht.",
  problem_overloaded: "Gerade spielen sehr viele. Gleich wird es noch einmal versucht.",
  problem_unavailable: "Das ist gerade nicht zu erreichen. Es wird noch einmal versucht.",
  problem_offline: "Gerade kein Netz. Es wird noch einmal versucht.",

  located_denied:
    "Diese Seite darf nicht wissen, wo du bist. Erlaube es in den Einstellungen des Browsers für diese Seite und versuch es noch einmal.",
  located_unavailable:
    "Dein Gerät findet seine Position nicht. Geh ins Freie oder warte einen Moment und versuch es noch einmal.",
  located_timeout:
    "Dein Gerät hat seine Position nicht rechtzeitig gefunden. Geh ins Freie und versuch es noch einmal.",
  located_missing: "Dieser Browser kann nicht sagen, wo du bist. Öffne die Seite in einem anderen.",

  "mode_first-come": "Wer zuerst kommt, bekommt den Preis.",
  "mode_instant-win":
    "Jedes Stück liegt hinter einem Zeitpunkt, der vorher ausgelost wurde. Wer nach so einem Zeitpunkt zuerst zugreift, gewinnt.",
  mode_odds: "Jeder Versuch ist ein Los.",

  wanted_solved: "Löse „{title}“",
  wanted_solvedIn: {
    one: "Löse ein Rätsel aus {round} (bisher {have})",
    other: "Löse {count} Rätsel aus {round} (bisher {have})",
  },
  wanted_points: {
    one: "Erreiche einen Punkt (bisher {have})",
    other: "Erreiche {count} Punkte (bisher {have})",
  },
  wanted_from: "Warte bis {time}",
  wanted_several: "Erfülle, was die Veranstalter dafür verlangen",
};
