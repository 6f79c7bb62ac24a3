/** Until when one is signed in; the end is told before it comes. */
import { useEffect, useState } from "preact/hooks";
import { clock, t } from "../shared/i18n.ts";
import { engineNow, me, sessionOver, signInAgain } from "./state.ts";

/** The end is told so long before, ms: time to finish what one writes. */
const SOON = 10 * 60_000;

const LOOK_EVERY = 10_000;

/** Ms that are left, looked at again and again; undefined: not known. */
function useLeft(): number | undefined {
  const [now, setNow] = useState(engineNow());
  useEffect(() => {
    setNow(engineNow());
    const timer = window.setInterval(() => setNow(engineNow()), LOOK_EVERY);
    return () => window.clearInterval(timer);
  }, [me.value]);
  const end = Date.parse(me.value?.expiresAt ?? "");
  return Number.isNaN(end) ? undefined : end - now;
}

/** Beside the name. */
export function Until() {
  const left = useLeft();
  if (left === undefined) return null;
  // By the reader's own clock, which may be off.
  const time = clock(Date.now() + left);
  return <span class="until">{t("signedInUntil", { time })}</span>;
}

/** Below the head, before the session ends; then it signs out, and keeps what is being written. */
export function SessionEnds() {
  const left = useLeft();
  const isOver = left !== undefined && left <= 0;
  useEffect(() => {
    if (isOver) sessionOver();
  }, [isOver]);
  if (left === undefined || isOver || left > SOON) return null;
  const count = Math.ceil(left / 60_000);
  return (
    <div class="note session-ends row spread" role="status">
      <span>{t("sessionEnds", { count })}</span>
      <button type="button" class="quiet" onClick={signInAgain}>
        {t("signInAgain")}
      </button>
    </div>
  );
}
