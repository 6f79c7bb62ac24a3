/** A team's own time: the button that starts it, and how much of it is left. */
import { countdown, t } from "../shared/i18n.ts";
import { isOver } from "../shared/over.ts";
import { act, hunt, isUnderWay, me, now, phase } from "./state.ts";
import { Told } from "./told.tsx";

const hasOwnClock = (): boolean => hunt.value?.teams.clock === "own";

/** Whether the team has yet to start. */
export const isBeforeStart = (): boolean =>
  hasOwnClock() && me.value !== undefined && me.value.team.startedAt === undefined && !isOver(phase.value);

/** Ms that are left; undefined: nothing of the team's own ends it. */
function left(): number | undefined {
  const endsAt = me.value?.team.endsAt;
  return endsAt === undefined ? undefined : Math.max(0, Date.parse(endsAt) - now.value);
}

/** Whether the team's own time is over. */
export const isTimeUp = (): boolean => left() === 0;

export function Start() {
  const members = me.value?.team.members.length ?? 1;
  const limit = hunt.value?.teams.limit;
  return (
    <section class="card stack start" aria-labelledby="start">
      <h1 id="start">{t("startTitle")}</h1>
      <p>{t("startAsk")}</p>
      {limit !== undefined && <p class="number">{t("startLimit", { time: countdown(msOf(limit)) })}</p>}
      {members > 1 && <p>{t("startForAll")}</p>}
      <button
        type="button"
        class="wide"
        disabled={phase.value !== "live" || isUnderWay("start")}
        onClick={() => void act({ type: "start" })}
      >
        {t("startNow")}
      </button>
      <Told about={["start"]} />
    </section>
  );
}

const UNITS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Ms of `"90m"`. */
const msOf = (text: string): number => Number.parseInt(text, 10) * (UNITS[text.at(-1) ?? "s"] ?? 0);

/** How much is left, where the team has a limit. */
export function OwnTime() {
  const ms = left();
  if (ms === undefined || isOver(phase.value)) return null;
  return (
    <p class="note number" role="timer">
      {ms === 0 ? t("timeUp") : t("timeLeft", { time: countdown(ms) })}
    </p>
  );
}
