/** A place on the map: a tap sets it, its circle shows what counts as being there. */
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../../shared/i18n.ts";
import type { PlacePicker } from "../../shared/map.ts";
import { type Path, valueAt } from "../document/path.ts";
import { useModel } from "./model.ts";

/** Degrees with this many decimals are a decimetre. */
const DECIMALS = 6;

const rounded = (degrees: number): number => Number(degrees.toFixed(DECIMALS));

/** How long the device may look for its position, ms. */
const LOCATE = { enableHighAccuracy: true, timeout: 20_000 };

export function PlaceMap({ path }: { path: Path }) {
  const model = useModel();
  const held = model.at(path);
  const [lat, lng, radius] = ["lat", "lng", "radius"].map((key) => Number(valueAt(held, [key]) ?? 0));
  const place = useRef<HTMLDivElement>(null);
  const picker = useRef<PlacePicker | undefined>(undefined);
  const [failed, setFailed] = useState(false);
  const set = (to: { lat: number; lng: number }): void => {
    model.edit("place", (edit) => {
      edit.set([...path, "lat"], rounded(to.lat));
      edit.set([...path, "lng"], rounded(to.lng));
    });
  };
  const newest = useRef(set);
  newest.current = set;
  const spot = { lat: lat ?? 0, lng: lng ?? 0, radius: radius ?? 0 };
  useEffect(() => {
    const element = document.createElement("div");
    element.className = "map";
    place.current?.replaceChildren(element);
    let over = false;
    void import("../../shared/map.ts").then(({ pickPlace }) => {
      if (!over) picker.current = pickPlace(element, spot, t("placeOnMap"), (to) => newest.current(to));
    });
    return () => {
      over = true;
      picker.current?.remove();
      picker.current = undefined;
    };
  }, [path.join(".")]);
  useEffect(() => picker.current?.show(spot), [lat, lng, radius]);
  const here = (): void => {
    setFailed(false);
    navigator.geolocation.getCurrentPosition(
      ({ coords: { latitude, longitude } }) => set({ lat: latitude, lng: longitude }),
      () => setFailed(true),
      LOCATE,
    );
  };
  return (
    <>
      <div ref={place} />
      <div class="row">
        <button type="button" class="quiet" onClick={here}>
          {t("whereIAm")}
        </button>
        {failed && (
          <p class="note bad" role="alert">
            {t("noPosition")}
          </p>
        )}
      </div>
    </>
  );
}
