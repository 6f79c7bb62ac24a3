/** Where a page tells what came of a try: in view wherever one scrolls, with the lock and whatever else happens. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../shared/i18n.ts";
import { isUnderWay, me, online } from "./state.ts";
import { Toasts, verdictPlaces } from "./toast.tsx";
import { Verdict, verdictOf } from "./verdict.tsx";

/** `about`: the verdicts told here, the first that is there; `children`: the lock. */
export function Told({ about, children }: { about: readonly string[]; children?: ComponentChildren }) {
  const place = useRef<HTMLDivElement>(null);
  const heard = about.map(verdictOf).find((each) => each !== undefined);
  const waits = !online.value && about.some(isUnderWay);
  const isTelling = heard !== undefined || waits || Boolean(children);
  useEffect(() => {
    if (!isTelling) return undefined;
    verdictPlaces.value += 1;
    return () => {
      verdictPlaces.value -= 1;
    };
  }, [isTelling]);
  useEffect(() => {
    if (heard) place.current?.scrollIntoView({ block: "nearest" });
  }, [heard]);
  // On a clue's own page its title is above.
  const title = about[0] === "scan" ? me.value?.clues.find(({ id }) => id === heard?.clue)?.title : undefined;
  return (
    <div class="told" role="status" aria-live="polite" ref={place}>
      {heard && <Verdict heard={heard} title={title} />}
      {children}
      {waits && <p class="note">{t("keptForLater")}</p>}
      {isTelling && <Toasts />}
    </div>
  );
}
