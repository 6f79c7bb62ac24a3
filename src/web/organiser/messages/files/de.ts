import type { Translation } from "../../../shared/i18n.ts";
import type { FilesTexts } from "./en.ts";

export const files: Translation<FilesTexts> = {
  files: "Dateien",
  filesAdd: "Bilder, Töne, Filme oder Dokumente auswählen oder hierher ziehen",
  filesHint:
    "Bilder werden für Handys verkleinert; wo und womit sie aufgenommen wurden, wird entfernt. Zeichnungen, bewegte Bilder und alle anderen Dateien werden gesendet, wie sie sind, höchstens 100 MB.",
  filesNone: "Noch keine Dateien.",
  filesTotal: { one: "{count} Datei, {size}", other: "{count} Dateien, {size}" },
  fileSend: "Datei senden",
  fileAbout: "{name}: {size} (vorher: {before})",
  fileName: "Name: Kleinbuchstaben, Ziffern, - _ . und / für Ordner",
  fileAlt: "Was ist zu sehen? Für alle, die das Bild nicht sehen können",
  fileTooLarge: "Sie hat mehr als {size}.",
  fileUnused: "nirgends verwendet",
  fileUsed: "verwendet in {places}",
  fileCopy: "Verweis kopieren",
  fileCopied: "Kopiert. In einen Text eingefügt, zeigt er {name}.",
  filePick: "Verwenden",
  fileRemove: "Datei löschen",
  fileRemoveText: "{name} ist für alle sofort weg.",
  fileRemoved: "{name} ist gelöscht.",
  pictureWidth: "Längste Seite von Bildern",
  picturePixels: "{width} Pixel",
  pictureAsIs: "wie sie ist",
  pictureQuality: "Qualität",
  qualityLow: "kleine Datei",
  qualityMiddle: "mittel",
  qualityHigh: "scharf",
};
