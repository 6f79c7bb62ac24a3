/** Where players checked in last, on a map. */
import { useEffect, useRef } from "preact/hooks";
import type { Checkins } from "../../contract/teams.ts";
import { clock, t } from "../shared/i18n.ts";
import type { Spot } from "../shared/map.ts";
import { huntPath, loaded, useLoaded } from "./state.ts";

/** Time between looks, ms. */
const EVERY = 5_000;

const checkins = loaded<Checkins>();

const spotOf = ({ team, name, at, player = at, lat, lng }: Checkins["checkins"][number]): Spot => ({
  id: `${team}/${player}`,
  lat,
  lng,
  label: `${name} · ${clock(at)}`,
});

export function CheckinMap({ hunt }: { hunt: string }) {
  useLoaded(checkins, huntPath(hunt, "/checkins"), EVERY);
  const place = useRef<HTMLDivElement>(null);
  /** Shows other spots on the map that is there. */
  const show = useRef<((spots: readonly Spot[]) => void) | undefined>(undefined);
  const found = checkins.value.value?.checkins ?? [];
  const isEmpty = found.length === 0;
  const newest = useRef(found);
  newest.current = found;
  useEffect(() => {
    if (isEmpty || !place.current) return;
    const element = document.createElement("div");
    element.className = "map";
    place.current.replaceChildren(element);
    let over = false;
    void import("../shared/map.ts").then(({ drawMap }) => {
      if (!over) show.current = drawMap(element, newest.current.map(spotOf));
    });
    return () => {
      over = true;
      show.current = undefined;
    };
  }, [isEmpty]);
  useEffect(() => {
    show.current?.(found.map(spotOf));
  }, [checkins.value]);
  return (
    <section class="card stack" aria-labelledby="checkins">
      <h2 id="checkins">{t("checkins")}</h2>
      {checkins.value.problem !== "" && <p class="note bad">{checkins.value.problem}</p>}
      {found.length === 0 ? <p class="soft">{t("noCheckins")}</p> : <div ref={place} />}
    </section>
  );
}
