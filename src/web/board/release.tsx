/** The results are held back: whoever has an organiser's token releases them here, and the reveal begins. */
import { useState } from "preact/hooks";
import type { Released } from "../../contract/running.ts";
import { call, huntPath, Problem } from "../shared/api.ts";
import { t } from "../shared/i18n.ts";
import { keptToken } from "../shared/organiser-token.ts";

export function Release({ hunt }: { hunt: string }) {
  const known = keptToken();
  const [isAsking, setAsking] = useState(false);
  const [isUnderWay, setUnderWay] = useState(false);
  const [problem, setProblem] = useState("");

  const release = async (token: string): Promise<void> => {
    setUnderWay(true);
    setProblem("");
    try {
      // The places come over the socket, and with them the reveal.
      await call<Released>(huntPath(hunt, "/results/release"), { method: "POST", token });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const isRefused = error.status === 401 || error.status === 403;
      setProblem(t(isRefused ? "tokenRefused" : error.retryable ? "releaseLater" : "releaseRefused"));
      if (isRefused) setAsking(true);
    }
    setUnderWay(false);
  };

  const reveal = (): void => {
    if (known === undefined) setAsking(true);
    else void release(known);
  };

  return (
    <div class="stack release">
      {isAsking ? (
        <form
          class="row"
          onSubmit={(event) => {
            event.preventDefault();
            const token = new FormData(event.currentTarget).get("token");
            void release(String(token ?? "").trim());
          }}
        >
          <label>
            <span>{t("token")}</span>
            <input name="token" type="password" autocomplete="off" required />
          </label>
          <button type="submit" disabled={isUnderWay}>
            {t("reveal")}
          </button>
        </form>
      ) : (
        <button type="button" class="quiet" disabled={isUnderWay} onClick={reveal}>
          {t("reveal")}
        </button>
      )}
      <p role="status">{problem}</p>
    </div>
  );
}
