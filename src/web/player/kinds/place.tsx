/** The kind `place`: checking in there. The device's position, how exact it is, and on demand a map. */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { ClueView } from "../../../contract/me.ts";
import { t } from "../../shared/i18n.ts";
import { Icon } from "../../shared/icons.tsx";
import { act, isUnderWay } from "../state.ts";
import type { KindOnPage } from "./kind.ts";

const position = signal<GeolocationPosition | undefined>(undefined);
const failure = signal("");
const busy = signal(false);
const showMap = signal(false);

/** How long the device may look for its position, ms; how old a position may be. */
const LOCATE = { enableHighAccuracy: true, timeout: 20_000, maximumAge: 2_000 };

function locate(): Promise<GeolocationPosition> {
  return new Promise((found, failed) => {
    if (!navigator.geolocation) failed(new Error("—"));
    else navigator.geolocation.getCurrentPosition(found, failed, LOCATE);
  });
}

async function checkIn(clue: string): Promise<void> {
  busy.value = true;
  failure.value = "";
  try {
    const found = await locate();
    position.value = found;
    const { latitude: lat, longitude: lng, accuracy } = found.coords;
    await act({ type: "checkin", clue, position: { lat, lng, accuracy } });
  } catch (error) {
    failure.value = (error as { message?: string }).message ?? "";
  } finally {
    busy.value = false;
  }
}

/** The position as it was when the map was asked for, or found anew. */
function Where({ at }: { at: GeolocationPosition }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = document.createElement("div");
    element.className = "map";
    place.current?.replaceChildren(element);
    const { latitude: lat, longitude: lng, accuracy: radius } = at.coords;
    import("../../shared/map.ts").then(
      ({ drawMap }) => drawMap(element, [{ lat, lng, radius }]),
      () => {
        element.textContent = t("noMap");
      },
    );
  }, [at]);
  return <div ref={place} />;
}

function CheckIn({ clue }: { clue: ClueView }) {
  const sending = busy.value || isUnderWay(`clue/${clue.id}`);
  const accuracy = position.value?.coords.accuracy;
  return (
    <div class="stack">
      <button type="button" class="wide" disabled={sending} onClick={() => void checkIn(clue.id)}>
        <Icon name="pin" /> {sending ? t("locating") : t("checkin")}
      </button>
      {failure.value !== "" && (
        <p class="note bad" role="alert">
          {t("noPosition", { reason: failure.value })}
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
