/** The kind `place`: checking in there. The device's position, how exact it is, and on demand a map. */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { ClueApart } from "../../../contract/me.ts";
import { t } from "../../shared/i18n.ts";
import { Icon } from "../../shared/icons.tsx";
import { part } from "../../shared/parts.ts";
import type { LocationFailure } from "../messages/engine/keys.ts";
import { act, forgetVerdicts, isUnderWay } from "../state.ts";
import type { KindOnPage } from "./kind.ts";

const position = signal<GeolocationPosition | undefined>(undefined);
/** Why the last check-in did not come about, and of which clue. */
const failure = signal<{ clue: string; why: LocationFailure } | undefined>(undefined);
const busy = signal(false);
const showMap = signal(false);

/** How long the device may look for its position, ms; how old a position may be. */
const LOCATE = { enableHighAccuracy: true, timeout: 20_000, maximumAge: 2_000 };

/** By the code of a `GeolocationPositionError`. */
const FAILURES: Readonly<Record<number, LocationFailure>> = { 1: "denied", 2: "unavailable", 3: "timeout" };

function locate(): Promise<GeolocationPosition> {
  return new Promise((found, failed) => {
    if (!navigator.geolocation) failed(undefined);
    else navigator.geolocation.getCurrentPosition(found, failed, LOCATE);
  });
}

async function checkIn(clue: string): Promise<void> {
  busy.value = true;
  failure.value = undefined;
  // What the place before came to would lie beside what comes of this one.
  forgetVerdicts((about) => about === `clue/${clue}`);
  const found = await locate().catch((error: GeolocationPositionError | undefined) => {
    failure.value = { clue, why: FAILURES[error?.code ?? 0] ?? "missing" };
    return undefined;
  });
  busy.value = false;
  if (!found) return;
  position.value = found;
  const { latitude: lat, longitude: lng, accuracy } = found.coords;
  await act({ type: "checkin", clue, position: { lat, lng, accuracy } });
}

/** The position as it was when the map was asked for, or found anew. */
function Where({ at }: { at: GeolocationPosition }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = document.createElement("div");
    element.className = "map";
    place.current?.replaceChildren(element);
    const { latitude: lat, longitude: lng, accuracy: radius } = at.coords;
    part(
      "map",
      () => import("../../shared/map.ts"),
      ({ drawMap }) => drawMap(element, [{ lat, lng, radius }]),
    ).catch(() => {
      element.textContent = t("noMap");
    });
  }, [at]);
  return <div ref={place} />;
}

function CheckIn({ clue, wait }: { clue: ClueApart; wait: number }) {
  const sending = busy.value || isUnderWay(`clue/${clue.id}`);
  const accuracy = position.value?.coords.accuracy;
  return (
    <div class="stack">
      <button type="button" class="wide" disabled={sending || wait > 0} onClick={() => void checkIn(clue.id)}>
        <Icon name="pin" /> {sending ? t("locating") : t("checkin")}
      </button>
      {failure.value?.clue === clue.id && (
        <p class="note bad" role="alert">
          {t(`located_${failure.value.why}`)}
        </p>
      )}
      {accuracy !== undefined && (
        <p class="soft number">
          {t("accuracy", { metres: Math.ceil(accuracy), radius: clue.place?.radius ?? 0 })}
        </p>
      )}
      {accuracy !== undefined && !showMap.value && (
        <button
          type="button"
          class="quiet"
          onClick={() => {
            showMap.value = true;
          }}
        >
          {t("map")}
        </button>
      )}
      {showMap.value && position.value && <Where at={position.value} />}
    </div>
  );
}

export const place: KindOnPage = { icon: "pin", Solve: CheckIn };
