/** A map of positions. Without a tile source of the operator's it is drawn on plain paper: no request leaves the engine. */
import type { Pages } from "../../contract/ops.ts";
import "leaflet/dist/leaflet.css";
import {
  circle,
  circleMarker,
  type LatLngExpression,
  type LayerGroup,
  type Map as LeafletMap,
  type LeafletMouseEvent,
  latLngBounds,
  layerGroup,
  map,
  tileLayer,
} from "leaflet";
import { call } from "./api.ts";

export interface Spot {
  lat: number;
  lng: number;
  /** The same in a later list: the same spot, which stays unless it changed. */
  id?: string;
  /** Metres. */
  radius?: number;
  label?: string;
}

/** Draws `spots` into `element`, and gives a function that shows other spots on the same map. */
export function drawMap(element: HTMLElement, spots: readonly Spot[]): (spots: readonly Spot[]) => void {
  const drawn = map(element, { attributionControl: false, zoomControl: true });
  const shown = new Map<string, { as: string; layer: LayerGroup }>();
  /** Whoever moved the map is looking at something: it stays there. */
  let isMoved = false;
  for (const event of ["pointerdown", "wheel", "keydown"])
    element.addEventListener(event, () => {
      isMoved = true;
    });

  const show = (wanted: readonly Spot[]): void => {
    const points: LatLngExpression[] = wanted.map(({ lat, lng }) => [lat, lng]);
    const bounds = latLngBounds(points);
    const isInView = shown.size > 0 && drawn.getBounds().contains(bounds);
    if (points.length > 0 && !isMoved && !isInView)
      drawn.fitBounds(bounds, { maxZoom: 16, padding: [24, 24] });
    const left = new Set(shown.keys());
    for (const [index, spot] of wanted.entries()) {
      const id = spot.id ?? String(index);
      const as = JSON.stringify(spot);
      left.delete(id);
      const known = shown.get(id);
      if (known?.as === as) continue;
      known?.layer.remove();
      shown.set(id, { as, layer: layerOf(spot).addTo(drawn) });
    }
    for (const id of left) {
      shown.get(id)?.layer.remove();
      shown.delete(id);
    }
  };
  show(spots);
  addTiles(drawn);
  return show;
}

function addTiles(to: LeafletMap): void {
  void call<Pages>("/v1/pages").then(
    ({ mapTiles }) => {
      if (mapTiles) tileLayer(mapTiles, { maxZoom: 19 }).addTo(to);
    },
    // The positions are there without tiles.
    () => undefined,
  );
}

export interface PlacePicker {
  show(spot: Spot): void;
  remove(): void;
}

/** The whole earth, and a street: how far a map is zoomed in on no place and on one. */
const ZOOM = { nowhere: 2, place: 16 };

/** A map on which a tap sets a place; the arrow keys move the map, Enter sets the place in its middle. */
export function pickPlace(
  element: HTMLElement,
  spot: Spot,
  label: string,
  set: (to: { lat: number; lng: number }) => void,
): PlacePicker {
  const drawn = map(element, { attributionControl: false, zoomControl: true });
  element.setAttribute("aria-label", label);
  element.setAttribute("role", "application");
  addTiles(drawn);
  let layer: LayerGroup | undefined;
  const show = (to: Spot): void => {
    layer?.remove();
    layer = layerOf(to).addTo(drawn);
    if (!drawn.getBounds().contains([to.lat, to.lng])) drawn.panTo([to.lat, to.lng]);
  };
  const isNowhere = spot.lat === 0 && spot.lng === 0;
  drawn.setView([spot.lat, spot.lng], isNowhere ? ZOOM.nowhere : ZOOM.place);
  show(spot);
  drawn.on("click", ({ latlng }: LeafletMouseEvent) => set(latlng.wrap()));
  element.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target === element) set(drawn.getCenter().wrap());
  });
  return { show, remove: () => drawn.remove() };
}

function layerOf({ lat, lng, radius, label }: Spot): LayerGroup {
  const layer = layerGroup();
  if (radius !== undefined) circle([lat, lng], { radius, weight: 1, color: "#0b62c4" }).addTo(layer);
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
  return layer.addLayer(marker);
}
