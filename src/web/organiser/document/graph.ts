/** What opens what, as a drawing: clues in columns by how far from the start they are. PURE. */
import { asksFor } from "./conditions.ts";
import { listAt, textAt, valueAt } from "./path.ts";

export interface GraphNode {
  id: string;
  /** In the list of clues; of a count of a round: -1. */
  index: number;
  /** A count of a round: how many of it, and which. */
  counts?: { round: string; atLeast: number };
  column: number;
  row: number;
}

export interface GraphEdge {
  from: string;
  to: string;
  /** It goes back, or to itself: the clue can never open by it. */
  isBack: boolean;
}

export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
  columns: number;
  rows: number;
}

/** Larger hunts are not drawn: nobody can read it. */
export const DRAWN_MAX = 200;

/** Passes over the edges until each clue stands behind what opens it. */
const PASSES_MAX = DRAWN_MAX;

export function graphOf(value: unknown): Graph {
  const clues = listAt(value, ["clues"]).map((_, index) => ({
    id: textAt(value, ["clues", index, "id"]),
    index,
    round: textAt(value, ["clues", index, "round"]),
    isMeta: valueAt(value, ["clues", index, "meta"]) === true,
    asks: asksFor(valueAt(value, ["clues", index, "opens"])),
  }));
  const ids = new Set(clues.map(({ id }) => id));
  const nodes = new Map<string, Omit<GraphNode, "column" | "row">>(
    clues.map(({ id, index }) => [id, { id, index }]),
  );
  const edges: { from: string; to: string }[] = [];
  const add = (from: string, to: string): void => {
    if (!edges.some((edge) => edge.from === from && edge.to === to)) edges.push({ from, to });
  };
  for (const { id, asks } of clues) {
    for (const clue of asks.clues) if (ids.has(clue)) add(clue, id);
    for (const { round, atLeast } of asks.rounds) {
      const count = `${round} ${atLeast}`;
      nodes.set(count, { id: count, index: -1, counts: { round, atLeast } });
      for (const each of clues)
        if (each.round === round && !each.isMeta && each.id !== id) add(each.id, count);
      add(count, id);
    }
  }
  const columns = columnsOf([...nodes.keys()], edges);
  const rows = rowsOf([...nodes.keys()], columns, edges);
  const placed = [...nodes.values()].map(
    (node): GraphNode => ({ ...node, column: columns.get(node.id) ?? 0, row: rows.get(node.id) ?? 0 }),
  );
  const columnOf = (id: string): number => columns.get(id) ?? 0;
  return {
    nodes: placed,
    edges: edges.map(({ from, to }) => ({ from, to, isBack: columnOf(from) >= columnOf(to) })),
    columns: Math.max(0, ...placed.map(({ column }) => column + 1)),
    rows: Math.max(0, ...placed.map(({ row }) => row + 1)),
  };
}

/** In each column beside what opens it, so that few arrows cross; else in the order of the definition. */
function rowsOf(
  ids: readonly string[],
  columns: ReadonlyMap<string, number>,
  edges: readonly { from: string; to: string }[],
): Map<string, number> {
  const rows = new Map<string, number>();
  const last = Math.max(0, ...columns.values());
  for (let column = 0; column <= last; column += 1) {
    const own = ids.filter((id) => columns.get(id) === column);
    const wanted = new Map(
      own.map((id, index) => {
        const before = edges.filter(({ to }) => to === id).flatMap(({ from }) => rows.get(from) ?? []);
        return [id, before.length === 0 ? index : before.reduce((sum, row) => sum + row, 0) / before.length];
      }),
    );
    own.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0));
    for (const [row, id] of own.entries()) rows.set(id, row);
  }
  return rows;
}

/** The longest way from the start; edges of a circle are left out where it closes. */
function columnsOf(
  ids: readonly string[],
  edges: readonly { from: string; to: string }[],
): Map<string, number> {
  const forward = withoutCircles(ids, edges);
  const columns = new Map(ids.map((id) => [id, 0]));
  for (let pass = 0; pass < PASSES_MAX; pass += 1) {
    let isMoved = false;
    for (const { from, to } of forward) {
      const wanted = (columns.get(from) ?? 0) + 1;
      if ((columns.get(to) ?? 0) >= wanted) continue;
      columns.set(to, wanted);
      isMoved = true;
    }
    if (!isMoved) break;
  }
  return columns;
}

function withoutCircles<Edge extends { from: string; to: string }>(
  ids: readonly string[],
  edges: readonly Edge[],
): Edge[] {
  const out = new Map<string, Edge[]>();
  for (const edge of edges) out.set(edge.from, [...(out.get(edge.from) ?? []), edge]);
  const state = new Map<string, "open" | "done">();
  const kept: Edge[] = [];
  const visit = (id: string): void => {
    state.set(id, "open");
    for (const edge of out.get(id) ?? []) {
      if (state.get(edge.to) === "open") continue;
      kept.push(edge);
      if (!state.has(edge.to)) visit(edge.to);
    }
    state.set(id, "done");
  };
  for (const id of ids) if (!state.has(id)) visit(id);
  return kept;
}
