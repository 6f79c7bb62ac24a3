/** A map of positions. Without a tile source of the operator's it is drawn on plain paper: no request leaves the engine. */
import type { Pages } from "../../contract/ops.ts";
import "leaflet/dist/leaflet.css";
import { circle, circleMarker, type LatLngExpression, latLngBounds, map, tileLayer } from "leaflet";
import { call } from "./api.ts";

export interface Spot {
  lat: number;
  lng: number;
  /** Metres. */
  radius?: number;
  label?: string;
}

/** Draws `spots` into `element`, once. */
export function drawMap(element: HTMLElement, spots: readonly Spot[]): void {
  const drawn = map(element, { attributionControl: false, zoomControl: true });
  const points: LatLngExpression[] = spots.map(({ lat, lng }) => [lat, lng]);
  if (points.length > 0) drawn.fitBounds(latLngBounds(points), { maxZoom: 16, padding: [24, 24] });
  for (const { lat, lng, radius, label } of spots) {
    if (radius !== undefined) circle([lat, lng], { radius, weight: 1, color: "#0b62c4" }).addTo(drawn);
    const marker = circleMarker([lat, lng], {
      radius: 7,
      color: "#fff",
      weight: 2,
      fillColor: "#c7351a",
      fillOpacity: 1,
    });
    if (label !== undefined) {
      // As text: names are the players' own, and a string would be taken as HTML.
      const text = document.createElement("bdi");
      text.textContent = label;
      marker.bindTooltip(text);
    }
    marker.addTo(drawn);
  }
  void call<Pages>("/v1/pages").then(
    ({ mapTiles }) => {
      if (mapTiles) tileLayer(mapTiles, { maxZoom: 19 }).addTo(drawn);
    },
    // The positions are there without tiles.
    () => undefined,
  );
}
