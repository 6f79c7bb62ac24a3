/** The kind `place`: a point and its circle, set on a map or by numbers. */
import { t } from "../../../shared/i18n.ts";
import { dottedOf, type Path } from "../../document/path.ts";
import { Findings, NumberField } from "../fields.tsx";
import { InsteadForm } from "../instead.tsx";
import { PlaceMap } from "../place-map.tsx";
import type { KindForm } from "./kind.ts";

/** Metres: wide enough for the position of a phone between houses. */
const RADIUS = 40;

function PlaceForm({ path }: { path: Path }) {
  const at = [...path, "place"];
  return (
    <fieldset class="words" data-path={dottedOf(at)}>
      <legend>{t("placeOf")}</legend>
      <p class="soft small">{t("placeHint")}</p>
      <PlaceMap path={at} />
      <div class="columns">
        <NumberField path={[...at, "lat"]} label={t("latitude")} min={-90} max={90} step="any" />
        <NumberField path={[...at, "lng"]} label={t("longitude")} min={-180} max={180} step="any" />
        <NumberField path={[...at, "radius"]} label={t("radius")} min={1} max={100_000} step="any" />
      </div>
      <details class="more">
        <summary>{t("moreSettings")}</summary>
        <div class="columns">
          <NumberField path={[...at, "maxAccuracy"]} label={t("maxAccuracy")} min={1} placeholder="100" />
          <NumberField
            path={[...at, "maxSpeed"]}
            label={t("maxSpeed")}
            min={0.1}
            step="any"
            placeholder="60"
          />
        </div>
      </details>
      <Findings path={at} exact />
      <InsteadForm path={path} />
    </fieldset>
  );
}

function PlacePreview() {
  return <span class="button wide">{t("iAmHere")}</span>;
}

export const place: KindForm = {
  keys: ["place", "instead"],
  fresh: () => ({ place: { lat: 0, lng: 0, radius: RADIUS } }),
  Form: PlaceForm,
  Preview: PlacePreview,
};
