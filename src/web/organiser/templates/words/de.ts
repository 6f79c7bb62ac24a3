import type { Words } from "../templates.ts";

export const words: Words = {
  titles: {
    trail: "Ein Gang durch die Stadt",
    puzzles: "Die Rätseljagd",
    ctf: "Capture the Flag",
    advent: "Adventskalender",
    museum: "Ein Rundgang durchs Museum",
  },
  descriptions: {
    trail: "Fünf Stationen, ein Team, ein Nachmittag. Ändere die Texte und setze die Orte.",
    puzzles: "Zwei Runden voller Rätsel. Was ihr darin findet, führt zur Lösung der Runde.",
    ctf: "Findet die Flaggen. Eine Flagge sieht aus wie `flag{…}`.",
    advent: "Jeden Tag ein Türchen, bis Heiligabend.",
    museum: "Scannt die Schilder neben den Ausstellungsstücken und schaut genau hin.",
  },
  rounds: {
    town: "In der Stadt",
    first: "Erste Runde",
    second: "Zweite Runde",
    warmUp: "Zum Aufwärmen",
    harder: "Schwerer",
    doors: "Türchen",
    tour: "Der Rundgang",
  },
  bench: ["Die Bank", "Wessen Name steht auf der Bank am Brunnen?", "Marie", "Schaut auf die Rückseite."],
  statue: ["Die Statue", "Was hält sie in der linken Hand?", "ein Buch", "ein Schwert"],
  poster: ["Das Plakat", "Unser Code hängt im Fenster der Bäckerei."],
  square: ["Der Platz", "Geht dorthin, wo sich vier Straßen treffen."],
  last: ["Das letzte Wort", "Setzt die Anfangsbuchstaben eurer Antworten zusammen.", "Wort"],
  puzzle: ["Rätsel", "Hier steht dein Rätsel.", "Lösung"],
  meta: ["Meta", "Was haben die Lösungen dieser Runde gemeinsam?", "Lösung"],
  flag: ["Flagge", "Hier steht, wo die Flagge versteckt ist."],
  door: ["Türchen", "Hier steht das Rätsel des Tages.", "Lösung"],
  exhibit: ["Frage", "Was ist darauf zu sehen?", "ein Schiff", "ein Pferd"],
  label: ["Raum", "Scannt das Schild neben der Tür."],
  prize: "Eine Überraschung",
};
