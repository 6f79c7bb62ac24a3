/** Searches of all bytes under a data folder, while no engine has it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

/** Which of these texts stand in which files, in whatever of the usual encodings. */
export function foundIn(folder: string, texts: Readonly<Record<string, string>>): string[] {
  const found: string[] = [];
  for (const path of filesIn(folder)) {
    const bytes = readIfThere(path);
    for (const [what, text] of Object.entries(texts)) {
      const forms = [Buffer.from(text), Buffer.from(text, "utf16le"), Buffer.from(text.toLowerCase())];
      if (forms.some((form) => bytes.includes(form))) found.push(`${what} in ${path.slice(folder.length)}`);
    }
  }
  return found.sort();
}

/** A file that goes meanwhile, as of a database that stops, has nothing left. */
function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return Buffer.alloc(0);
  }
}
