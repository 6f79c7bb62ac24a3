/** The table of places: as many as fit on the screen, a page after the other, and the rows glide. */
import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { number, t } from "../shared/i18n.ts";
import { colourOf } from "./graph.tsx";
import { pageOf, pagesOf, ROWS_AT_FIRST, rowsIn } from "./pages.ts";
import { Gliding } from "./places.ts";
import { hidden, next, showAll } from "./reveal.ts";
import { rows, shown, total } from "./state.ts";

/** Screens narrower than this scroll, so that nothing is paged; as in board.css. */
const NARROW = matchMedia("(max-width: 60rem)");
/** Up to so many rows are drawn larger. */
const FEW = 8;

/** Rows that fit on the screen; undefined: the page scrolls. */
const each = signal<number | undefined>(NARROW.matches ? undefined : ROWS_AT_FIRST);
/** The page of places that is shown, from 0, while nobody stops the turning. */
const page = signal(0);
const turning = signal(true);

const gliding = new Gliding();

/** How many rows fit: measured, because type grows with the screen and a table with its language. */
function measure(area: HTMLElement | null): void {
  if (NARROW.matches) {
    each.value = undefined;
    return;
  }
  const row = area?.querySelector("tbody tr");
  const head = area?.querySelector("thead");
  if (!area || !row || !head) return;
  const height = (element: Element): number => element.getBoundingClientRect().height;
  each.value = rowsIn(area.clientHeight - height(head), height(row));
}

export function Places() {
  const elements = useRef(new Map<string, HTMLElement>());
  const area = useRef<HTMLDivElement>(null);
  const [whole, setWhole] = useState("");
  const isShown = rows.value.length > 0;
  useEffect(() => gliding.settle(elements.current));
  useLayoutEffect(() => {
    if (!area.current) return;
    const observer = new ResizeObserver(() => measure(area.current));
    observer.observe(area.current);
    measure(area.current);
    return () => observer.disconnect();
  }, [isShown, hidden.value === undefined]);
  const concealed = hidden.value ?? 0;
  if (shown.value && !isShown) return <p class="board-empty">{t("empty")}</p>;
  const all = rows.value.length;
  const size = each.value ?? all;
  const wanted = hidden.value === undefined ? page.value : pageOf(concealed, size);
  const from = size === 0 ? 0 : Math.min(wanted, pagesOf(all, size) - 1) * size;
  const visible = rows.value.slice(from, from + size);
  return (
    <section class="places-area">
      {hidden.value !== undefined && (
        <div class="row reveal">
          <button type="button" onClick={next}>
            {t(concealed > 0 ? "revealNext" : "revealDone")}
          </button>
          <button type="button" class="quiet" onClick={showAll}>
            {t("revealAll")}
          </button>
          <span class="soft">{t("revealHint")}</span>
        </div>
      )}
      <div class="places-fit" ref={area}>
        <table class={all <= FEW ? "places places-few" : "places"}>
          <thead>
            <tr>
              <th scope="col" class="number place">
                {t("rank")}
              </th>
              <th scope="col">{t("team")}</th>
              <th scope="col" class="number">
                {t("solves")}
              </th>
              <th scope="col" class="number">
                {t("score")}
              </th>
            </tr>
          </thead>
          <tbody>
            {visible.map(({ rank, team, score, solves: solved }) => {
              const secret = rank <= concealed;
              return (
                <tr
                  key={secret ? `hidden-${rank}` : team.id}
                  class={secret ? "concealed" : `place-${rank}`}
                  ref={(element) => {
                    if (secret) return;
                    if (element) elements.current.set(team.id, element);
                    else elements.current.delete(team.id);
                  }}
                >
                  <td class="number place">
                    <Mark colour={hidden.value === undefined ? colourOf(rank) : undefined} />
                    {number(rank)}
                  </td>
                  {/* biome-ignore lint/a11y/useKeyWithClickEvents: a finger has no hover for the title; readers hear the whole name */}
                  <td
                    class={whole === team.id ? "name whole" : "name"}
                    title={secret ? undefined : team.name}
                    onClick={() => setWhole(whole === team.id ? "" : team.id)}
                  >
                    <bdi>{secret ? "· · ·" : team.name}</bdi>
                  </td>
                  <td class="number">{secret ? "" : number(solved)}</td>
                  <td class="number score">{secret ? "" : number(score)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {all > size && hidden.value === undefined && (
        <div class="row pager">
          <span class="number">
            {t("pageOf", { from: from + 1, to: from + visible.length, total: Math.max(total.value, all) })}
          </span>
          <button
            type="button"
            class="quiet"
            onClick={() => {
              turning.value = !turning.value;
            }}
          >
            {t(turning.value ? "stopTurning" : "turnOn")}
          </button>
        </div>
      )}
    </section>
  );
}

/** The next page of places, after the last the first. */
export function turn(): void {
  if (!turning.value || hidden.value !== undefined) return;
  page.value = (page.value + 1) % pagesOf(rows.value.length, each.value ?? Math.max(1, rows.value.length));
}

/** The colour of the team's line in the graph. */
function Mark({ colour }: { colour: string | undefined }) {
  return (
    <svg class="mark" viewBox="0 0 8 8" aria-hidden="true">
      {colour && <circle cx="4" cy="4" r="4" fill={colour} />}
    </svg>
  );
}
