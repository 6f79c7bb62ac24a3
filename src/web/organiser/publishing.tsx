/** What is asked before a hunt that players are in gets another definition. */
import type { Published } from "../../contract/definition.ts";
import type { Hunt } from "../../contract/hunt.ts";
import type { Issue } from "../../contract/problem.ts";
import type { Effects } from "../../contract/regrade.ts";
import { Problem } from "../shared/api.ts";
import { t } from "../shared/i18n.ts";
import { onlyEnds, put, readDefinition } from "./definition.ts";
import { Difference } from "./difference.tsx";
import { EffectsTold } from "./effects.tsx";
import { engineText, issueLine } from "./engine.ts";

/** What publishing would do to a hunt that players are in. */
export interface Plan {
  /** Of the published version. */
  from: number;
  warnings: readonly Issue[];
  /** The new end is past: the hunt would be over. */
  ends: boolean;
  /** What it would move, if the log were judged by it; absent: a part of the engine is away. */
  effects?: Effects;
  /** The two texts. */
  before: string;
  after: string;
}

export async function planOf(hunt: string, text: string): Promise<Plan> {
  const { text: before } = await readDefinition(hunt);
  let ends = false;
  let checked: Published;
  try {
    checked = await put(hunt, text, { dryRun: true });
  } catch (error) {
    if (!(error instanceof Problem) || !onlyEnds(error.issues)) throw error;
    ends = true;
    checked = await put(hunt, text, { dryRun: true, endNow: true });
  }
  const { version: from, warnings: doubts } = checked;
  const effects = await effectsOf(hunt, text, ends);
  return { from, warnings: doubts, ends, before, after: text, ...(effects ? { effects } : {}) };
}

/** A hunt whose log cannot be judged now must not keep its correction out. */
async function effectsOf(hunt: string, text: string, endNow: boolean): Promise<Effects | undefined> {
  try {
    return (await put(hunt, text, { dryRun: true, effects: true, endNow })).effects;
  } catch (error) {
    if (error instanceof Problem) return undefined;
    throw error;
  }
}

export function Consequences({ hunt, plan, phase }: { hunt: string; plan: Plan; phase: Hunt["phase"] }) {
  return (
    <div class="stack">
      {plan.ends && <p class="note bad">{t("publishEndsSure")}</p>}
      <p>
        {t("publishSure", {
          phase: engineText("phase", phase),
          from: plan.from,
          to: plan.from + 1,
        })}
      </p>
      <Difference before={plan.before} after={plan.after} />
      {plan.effects && (
        <>
          <h3>{t("effectsJudged")}</h3>
          <EffectsTold hunt={hunt} effects={plan.effects} />
        </>
      )}
      {plan.warnings.length > 0 && (
        <>
          <h3>{t("warnings", { count: plan.warnings.length })}</h3>
          <ul>
            {plan.warnings.map((issue) => (
              <li key={`${issue.path}${issue.code}`} dir="auto">
                {issueLine(issue)}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
