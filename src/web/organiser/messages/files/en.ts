/** Texts of the hunt's files. */
export const files = {
  files: "Files",
  filesAdd: "Choose pictures, sound, films or documents, or drop them here",
  filesHint:
    "Pictures are made small for phones; where and with what they were taken is removed. Drawings, moving pictures and all other files are sent as they are, 100 MB at most.",
  filesNone: "No files yet.",
  filesTotal: { one: "{count} file, {size}", other: "{count} files, {size}" },
  fileSend: "Send the file",
  fileAbout: "{name}: {size} (before: {before})",
  fileName: "Name: small letters, digits, - _ . and / for folders",
  fileAlt: "What is to be seen? For those who cannot see the picture",
  fileTooLarge: "It has more than {size}.",
  fileUnused: "used nowhere",
  fileUsed: "used in {places}",
  fileCopy: "Copy the reference",
  fileCopied: "Copied. Paste it into a text to show {name}.",
  filePick: "Use",
  fileRemove: "Delete the file",
  fileRemoveText: "{name} is gone for everybody at once.",
  fileRemoved: "{name} is deleted.",
  pictureWidth: "Longest side of pictures",
  picturePixels: "{width} pixels",
  pictureAsIs: "as it is",
  pictureQuality: "Quality",
  qualityLow: "small file",
  qualityMiddle: "medium",
  qualityHigh: "sharp",
};

export type FilesTexts = typeof files;
