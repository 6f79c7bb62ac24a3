import type { Translation } from "../shared/i18n.ts";

export const en = {
  language: "Language",
  appearance: "Dark appearance",
  title: "Where does the hunt begin?",
  hunt: "Hunt, or the link you were given",
  play: "Play",
  organise: "Organise a hunt",
  noPage: "There is no such page.",
  noPageText: "Perhaps the address was copied in part. Enter the hunt, or the link you were given.",
  start: "Start page",
};

export const de: Translation<typeof en> = {
  language: "Sprache",
  appearance: "Dunkle Darstellung",
  title: "Wo beginnt die Schatzsuche?",
  hunt: "Schatzsuche, oder der Link dazu",
  play: "Spielen",
  organise: "Eine Schatzsuche veranstalten",
  noPage: "Diese Seite gibt es nicht.",
  noPageText:
    "Vielleicht ist die Adresse unvollständig. Gib die Schatzsuche ein oder den Link, den du bekommen hast.",
  start: "Startseite",
};

export const ar: Translation<typeof en> = {
  language: "اللغة",
  appearance: "المظهر الداكن",
  title: "من أين يبدأ البحث؟",
  hunt: "البحث، أو الرابط الذي لديك",
  play: "العب",
  organise: "نظّم بحثًا",
  noPage: "لا توجد صفحة كهذه.",
  noPageText: "ربما نُسخ العنوان ناقصًا. أدخل البحث أو الرابط الذي أُعطي لك.",
  start: "صفحة البداية",
};
