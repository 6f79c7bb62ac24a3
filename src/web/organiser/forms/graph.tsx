/** What opens what, drawn from the start to the end; a clue of the drawing leads to its form. */
import { t } from "../../shared/i18n.ts";
import { DRAWN_MAX, type GraphNode, graphOf } from "../document/graph.ts";
import { sentence } from "./condition.tsx";
import { useModel } from "./model.ts";

// Pixels of the drawing.
const BOX = { width: 168, height: 52, gapX: 56, gapY: 20, margin: 12 };
/** Pixels beside a title in its box. */
const PAD = 8;
/** Characters of a title that fit into a box; of a longer one the beginning is seen. */
const TITLE = 20;

export function UnlockGraph({ open }: { open(clue: number): void }) {
  const model = useModel();
  const { nodes, edges, columns, rows } = graphOf(model.value);
  if (nodes.length === 0) return <p class="soft">{t("noCluesYet")}</p>;
  if (nodes.length > DRAWN_MAX) return <p class="soft">{t("graphTooLarge", { most: DRAWN_MAX })}</p>;
  const place = new Map(nodes.map((node) => [node.id, node]));
  const left = ({ column }: GraphNode): number => BOX.margin + column * (BOX.width + BOX.gapX);
  const top = ({ row }: GraphNode): number => BOX.margin + row * (BOX.height + BOX.gapY);
  const width = 2 * BOX.margin + columns * BOX.width + (columns - 1) * BOX.gapX;
  const height = 2 * BOX.margin + rows * BOX.height + (rows - 1) * BOX.gapY;
  const way = (from: GraphNode, to: GraphNode): string => {
    const [x1, y1] = [left(from) + BOX.width, top(from) + BOX.height / 2];
    const [x2, y2] = [left(to), top(to) + BOX.height / 2];
    const bend = Math.max(24, Math.abs(x2 - x1) / 2);
    return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
  };
  const labelOf = (node: GraphNode): string => {
    const title = model.clues[node.index]?.title ?? node.id;
    return `${title}: ${sentence(model, model.at(["clues", node.index, "opens"]))}`;
  };
  return (
    <>
      <p class="soft">{t("graphHint")}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
      <section class="graph" dir="ltr" tabIndex={0} aria-label={t("section_graph")}>
        <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
          <title>{t("section_graph")}</title>
          <defs>
            <marker
              id="arrow"
              viewBox="0 0 8 8"
              refX="8"
              refY="4"
              markerWidth="7"
              markerHeight="7"
              orient="auto"
            >
              <path d="M0 0L8 4L0 8z" />
            </marker>
          </defs>
          {edges.map(({ from, to, isBack }) => {
            const [a, b] = [place.get(from), place.get(to)];
            if (!a || !b) return null;
            const look = isBack ? "edge back" : b.counts ? "edge one-of" : "edge";
            return <path key={`${from} ${to}`} class={look} d={way(a, b)} marker-end="url(#arrow)" />;
          })}
          {nodes.map((node) => {
            const isCount = node.counts !== undefined;
            const label = node.counts
              ? `${node.counts.atLeast} × ${model.rounds.find(({ id }) => id === node.counts?.round)?.title ?? node.counts.round}`
              : (model.clues[node.index]?.title ?? node.id);
            const isLong = label.length > TITLE;
            const box = (
              <>
                <rect
                  x={left(node)}
                  y={top(node)}
                  width={BOX.width}
                  height={BOX.height}
                  rx={isCount ? 26 : 10}
                />
                {/* Clipped here and not in the text, so that what is read aloud has what is seen. */}
                {/* biome-ignore lint/a11y/noSvgWithoutTitle: it is part of a button, which has a name */}
                <svg x={left(node) + PAD} y={top(node)} width={BOX.width - 2 * PAD} height={BOX.height}>
                  <text
                    x={isLong ? 0 : BOX.width / 2 - PAD}
                    y={BOX.height / 2}
                    dy="0.35em"
                    class={isLong ? "long" : undefined}
                  >
                    {label}
                  </text>
                </svg>
              </>
            );
            if (isCount) {
              return (
                <g key={node.id} class="count">
                  {box}
                </g>
              );
            }
            const isWrong = model.findingsAt(["clues", node.index]).some(({ isError }) => isError);
            return (
              // biome-ignore lint/a11y/useSemanticElements: in a drawing there are no buttons
              <g
                key={node.id}
                class={`clue-box ${isWrong ? "wrong" : ""}`}
                role="button"
                tabindex={0}
                aria-label={labelOf(node)}
                onClick={() => open(node.index)}
                onKeyDown={(event) => {
                  if (event.key !== "Enter" && event.key !== " ") return;
                  event.preventDefault();
                  open(node.index);
                }}
              >
                {box}
              </g>
            );
          })}
        </svg>
      </section>
    </>
  );
}
