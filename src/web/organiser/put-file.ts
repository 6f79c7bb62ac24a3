/** Sends a file of a hunt. */
import type { AssetStored } from "../../contract/assets.ts";
import { sendFile } from "../shared/send-file.ts";
import { huntPath, token } from "./state.ts";

/** With progress (0 to 1). Throws `Problem`. */
export function putFile(
  hunt: string,
  name: string,
  body: Blob,
  told?: (share: number) => void,
): Promise<AssetStored> {
  // Names have slashes of their own.
  const path = `${huntPath(hunt, "/assets")}/${name.split("/").map(encodeURIComponent).join("/")}`;
  return sendFile<AssetStored>("PUT", path, token.value, body, told);
}
