/** Prometheus' text format (0.0.4). PURE. */

import type { Counts } from "../objects/metrics.ts";
import { type Definition, METRICS } from "./catalogue.ts";
import { SEPARATOR } from "./metrics.ts";

/** A value as of now, made when the metrics are read. */
export interface Gauge {
  name: string;
  help: string;
  samples: { labels?: Record<string, string>; value: number }[];
}

export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Every metric with its help, also before anything was counted. */
export function prometheusText(sums: Counts, gauges: readonly Gauge[]): string {
  const lines: string[] = [];
  const head = (name: string, type: string, help: string): void => {
    lines.push(`# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`);
    lines.push(`# TYPE ${name} ${type}`);
  };
  const bySeries = groupByName(sums);
  for (const [name, { type, help, labels, ...rest }] of Object.entries(METRICS) as [string, Definition][]) {
    head(name, type, help);
    const found = bySeries.get(name) ?? [];
    // A metric without labels is there from the start, at zero: rates of it are never "no data".
    const samples = found.length === 0 && labels.length === 0 ? [{ values: [], key: name }] : found;
    for (const { values, key } of samples) {
      const own: [string, string][] = labels.map((label, index) => [label, values[index] ?? ""]);
      if (type === "counter") {
        lines.push(`${name}${labelText(own)} ${numberText(sums.counters[key] ?? 0)}`);
        continue;
      }
      const edges = rest.buckets ?? [];
      const { counts, sum } = sums.histograms[key] ?? { counts: [], sum: 0 };
      let upto = 0;
      for (const [index, edge] of [...edges, Number.POSITIVE_INFINITY].entries()) {
        upto += counts[index] ?? 0;
        lines.push(`${name}_bucket${labelText([...own, ["le", numberText(edge)]])} ${upto}`);
      }
      lines.push(`${name}_sum${labelText(own)} ${numberText(sum)}`, `${name}_count${labelText(own)} ${upto}`);
    }
  }
  for (const { name, help, samples } of gauges) {
    head(name, "gauge", help);
    for (const { labels = {}, value } of samples) {
      lines.push(`${name}${labelText(Object.entries(labels))} ${numberText(value)}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function groupByName(sums: Counts): Map<string, { key: string; values: string[] }[]> {
  const groups = new Map<string, { key: string; values: string[] }[]>();
  for (const key of [...Object.keys(sums.counters), ...Object.keys(sums.histograms)].sort()) {
    const [name = "", ...values] = key.split(SEPARATOR);
    const group = groups.get(name);
    if (group) group.push({ key, values });
    else groups.set(name, [{ key, values }]);
  }
  return groups;
}

function labelText(labels: readonly [string, string][]): string {
  if (labels.length === 0) return "";
  return `{${labels.map(([name, value]) => `${name}="${escaped(value)}"`).join(",")}}`;
}

const escaped = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}
