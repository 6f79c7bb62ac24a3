/** The order of a definition's times: of the hunt, and of the windows of its prizes. */
import type { Definition, PrizeDefinition } from "./definition.ts";
import type { Report } from "./report.ts";

export function checkTimes(definition: Definition, report: Report): void {
  const { opens, freeze, closes, prizes } = definition;
  if (isBefore(closes, opens, true))
    report({ path: "closes", code: "times-order", message: "closes must be after opens" });
  if (isBefore(freeze, opens, true))
    report({ path: "freeze", code: "times-order", message: "freeze must be after opens" });
  if (isBefore(closes, freeze, false))
    report({ path: "freeze", code: "times-order", message: "freeze must not be after closes" });
  for (const [index, prize] of prizes.entries()) checkWindow(prize, `prizes.${index}`, definition, report);
}

function isBefore(first: number | undefined, second: number | undefined, orEqual: boolean): boolean {
  if (first === undefined || second === undefined) return false;
  return first < second || (orEqual && first === second);
}

function checkWindow(prize: PrizeDefinition, path: string, definition: Definition, report: Report): void {
  if (prize.mode === "instant-win" && prizeWindow(prize, definition) === undefined) {
    report({
      path: `${path}.window`,
      code: "window-missing",
      message: "winning moments are drawn from the window: give one, or the hunt opens and closes",
    });
  }
  if (prize.window !== undefined && prize.window.to <= prize.window.from) {
    report({
      path: `${path}.window.to`,
      code: "times-order",
      message: "the window must end after it begins",
    });
  }
}

/** The window of a prize; an instant-win without one is drawn over the whole hunt. */
export function prizeWindow(
  prize: PrizeDefinition,
  { opens, closes }: Definition,
): { from: number; to: number } | undefined {
  if (prize.window !== undefined) return prize.window;
  if (prize.mode !== "instant-win" || opens === undefined || closes === undefined) return undefined;
  return { from: opens, to: closes };
}
