/** The recommendation of a tuning, for people. */
import type { Evidence } from "./evidence.ts";

/** Prints a [vars] block with its reasons. */
export function printEvidence({ knees, confirmed, recommended, gain, unproven }: Evidence): void {
  const block = Object.entries(recommended).map(([name, value]) => {
    const found = confirmed.find((each) => each.name === name);
    const reason = found
      ? `# ${found.from} → ${found.to}: ${found.difference.toFixed(1)} ms of p99, 95 %: ${found.low.toFixed(1)} … ${found.high.toFixed(1)}`
      : "";
    return `${name} = "${value}" ${reason}`;
  });
  console.log(`# knee: ${knees.map(({ rate, limit }) => `${rate}/s (${limit})`).join(", ")}`);
  console.log("[vars]");
  console.log(block.length > 0 ? block.join("\n") : "# the defaults: nothing measured speaks against them");
  console.log(
    `# p99 ${gain.recommended.toFixed(1)} ms with these, ${gain.worst.toFixed(1)} ms with the worst sensible values (difference ${gain.difference.toFixed(1)}, 95 %: ${gain.low.toFixed(1)} … ${gain.high.toFixed(1)})`,
  );
  console.log("# unproven here:");
  for (const line of unproven) console.log(`#   ${line}`);
}
