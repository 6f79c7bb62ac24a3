/** Sends a file of a hunt. */
import type { AssetStored } from "../../contract/assets.ts";
import { Problem } from "../shared/api.ts";
import { isObject, parsed } from "../shared/outside.ts";
import { huntPath, token } from "./state.ts";

/** With progress (0 to 1), which `fetch` does not tell. Throws `Problem`. */
export function putFile(
  hunt: string,
  name: string,
  body: Blob,
  told: (share: number) => void = () => undefined,
): Promise<AssetStored> {
  // Names have slashes of their own.
  const path = `${huntPath(hunt, "/assets")}/${name.split("/").map(encodeURIComponent).join("/")}`;
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open("PUT", path);
    request.setRequestHeader("authorization", `Bearer ${token.value ?? ""}`);
    request.upload.onprogress = ({ loaded, total }) => told(total > 0 ? loaded / total : 0);
    request.onerror = () => fail(new Problem(0, "offline", "the connection broke"));
    request.onload = () => {
      const answer = parsed(request.responseText);
      if (request.status < 300 && isObject(answer)) return done(answer as unknown as AssetStored);
      const { code, detail, issues } = (isObject(answer) ? answer : {}) as {
        code?: string;
        detail?: string;
        issues?: Problem["issues"];
      };
      fail(new Problem(code ? request.status : 0, code ?? "offline", detail ?? request.statusText, issues));
    };
    request.send(body);
  });
}
