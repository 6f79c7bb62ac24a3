import type { Translation } from "../../../shared/i18n.ts";
import type { FilesTexts } from "./en.ts";

export const files: Translation<FilesTexts> = {
  files: "الملفات",
  filesAdd: "اختر صورًا أو أصواتًا أو أفلامًا أو مستندات، أو أفلتها هنا",
  filesHint:
    "تُصغَّر الصور للهواتف، ويُحذف منها مكان التقاطها وجهازه. تُرسل الرسوم والصور المتحركة وسائر الملفات كما هي، بحد أقصى 100 ميغابايت.",
  filesNone: "لا ملفات بعد.",
  filesTotal: {
    zero: "لا ملفات، {size}",
    one: "ملف واحد، {size}",
    two: "ملفان، {size}",
    few: "{count} ملفات، {size}",
    many: "{count} ملفًا، {size}",
    other: "{count} ملف، {size}",
  },
  fileSend: "أرسل الملف",
  fileAbout: "{name}: {size} (قبل: {before})",
  fileName: "الاسم: أحرف لاتينية صغيرة وأرقام و- _ . و/ للمجلدات",
  fileAlt: "ماذا يظهر فيها؟ لمن لا يرى الصورة",
  fileTooLarge: "حجمه أكبر من {size}.",
  fileUnused: "غير مستعمل",
  fileUsed: "مستعمل في {places}",
  fileCopy: "انسخ الإشارة",
  fileCopied: "نُسخت. الصقها في نص لتُظهر {name}.",
  filePick: "استعمل",
  fileRemove: "احذف الملف",
  fileRemoveText: "يختفي {name} عن الجميع فورًا.",
  fileRemoved: "حُذف {name}.",
  pictureWidth: "أطول ضلع للصور",
  picturePixels: "{width} بكسل",
  pictureAsIs: "كما هو",
  pictureQuality: "الجودة",
  qualityLow: "ملف صغير",
  qualityMiddle: "متوسطة",
  qualityHigh: "حادة",
};
