/** Sends a file, with progress, which `fetch` does not tell. */
import { Problem } from "./api.ts";
import { isObject, parsed } from "./outside.ts";

/** `told`: the share that is sent, 0 to 1. Throws `Problem`. */
export function sendFile<Told>(
  method: "PUT" | "POST",
  path: string,
  token: string | undefined,
  body: Blob,
  told: (share: number) => void = () => undefined,
): Promise<Told> {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open(method, path);
    request.setRequestHeader("authorization", `Bearer ${token ?? ""}`);
    request.upload.onprogress = ({ loaded, total }) => told(total > 0 ? loaded / total : 0);
    request.onerror = () => fail(new Problem(0, "offline", "the connection broke"));
    request.onload = () => {
      const answer = parsed(request.responseText);
      if (request.status < 300 && isObject(answer)) return done(answer as unknown as Told);
      const { code, detail, issues } = (isObject(answer) ? answer : {}) as {
        code?: string;
        detail?: string;
        issues?: Problem["issues"];
      };
      const after = Number(request.getResponseHeader("retry-after")) || undefined;
      const status = code ? request.status : 0;
      fail(new Problem(status, code ?? "offline", detail ?? request.statusText, issues, after));
    };
    request.send(body);
  });
}
