import type { Translation } from "../shared/i18n.ts";

export const en = {
  language: "Language",
  appearance: "Dark appearance",
  title: "Where does the hunt begin?",
  hunt: "Hunt, or the link you were given",
  play: "Play",
  organise: "Organise a hunt",
};

export const de: Translation<typeof en> = {
  language: "Sprache",
  appearance: "Dunkle Darstellung",
  title: "Wo beginnt die Schatzsuche?",
  hunt: "Schatzsuche, oder der Link dazu",
  play: "Spielen",
  organise: "Eine Schatzsuche veranstalten",
};

export const ar: Translation<typeof en> = {
  language: "اللغة",
  appearance: "المظهر الداكن",
  title: "من أين يبدأ البحث؟",
  hunt: "البحث، أو الرابط الذي لديك",
  play: "العب",
  organise: "نظّم بحثًا",
};
