/** The prizes: what each wants, how it is handed out, what is left of it, and claiming it. */

import { useEffect } from "preact/hooks";
import type { PrizeView, Wanted } from "../../contract/me.ts";
import type { PublicPrize } from "../../contract/prizes.ts";
import { clock, countdown, list, number, percent, t } from "../shared/i18n.ts";
import { Icon } from "../shared/icons.tsx";
import { isOver } from "../shared/over.ts";
import { act, forgetVerdicts, hunt, isUnderWay, me, now, phase } from "./state.ts";
import { Verdict, verdictOf } from "./verdict.tsx";

/** Prizes that this player can claim now. */
export const claimable = (): PrizeView[] =>
  (me.value?.prizes ?? []).filter(
    (prize) => prize.eligible && !prize.withdrawn && prize.left !== 0 && waitOf(prize) <= 0,
  );

const waitOf = ({ cooldownUntil }: PrizeView): number =>
  cooldownUntil === undefined ? 0 : Date.parse(cooldownUntil) - now.value;

/** Where it became possible to claim: leads to the prizes, with the claim. */
export function Claimable() {
  if (phase.value !== "live") return null;
  return claimable()
    .filter(({ wins }) => wins.length === 0)
    .map((prize) => (
      <section key={prize.id} class="card stack claimable">
        <p class="row">
          <Icon name="gift" />
          <span>{t(prize.mode === "first-come" ? "canClaim" : "canTry")}</span>
        </p>
        <h2>
          <bdi>{prize.title}</bdi>
        </h2>
        <button
          type="button"
          class="wide"
          disabled={isUnderWay(`prize/${prize.id}`)}
          onClick={() => {
            location.hash = "#prizes";
            void act({ type: "claim", prize: prize.id });
          }}
        >
          {t(labelOf(prize))}
        </button>
      </section>
    ));
}

const labelOf = ({ mode }: PrizeView): string => (mode === "first-come" ? "claim" : "claimLuck");

export function Prizes() {
  useEffect(() => () => forgetVerdicts((about) => about.startsWith("prize/")), []);
  return (
    <section class="stack">
      <h1>{t("prizes")}</h1>
      {me.value?.prizes?.map((prize) => (
        <Prize key={prize.id} prize={prize} told={hunt.value?.prizes?.find(({ id }) => id === prize.id)} />
      ))}
    </section>
  );
}

/** `told`: what everybody may know of it. */
function Prize({ prize, told }: { prize: PrizeView; told: PublicPrize | undefined }) {
  const about = `prize/${prize.id}`;
  const heard = verdictOf(about);
  const wait = waitOf(prize);
  const waiting = isUnderWay(about);
  const isDone = prize.wins.length > 0 && !prize.eligible;
  const isOpen = !prize.withdrawn && !isDone && !isOver(phase.value);
  return (
    <article class="card stack prize">
      <div class="row spread">
        <h2>
          <bdi>{prize.title}</bdi>
        </h2>
        <span class="soft">{leftText(prize, told)}</span>
      </div>
      {isOpen && (
        <p class="soft">
          {t(`mode_${prize.mode}`)} {told?.odds !== undefined && t("chance", { chance: percent(told.odds) })}
        </p>
      )}
      {isOpen && prize.window && <Window from={prize.window.from} to={prize.window.to} />}
      {isOpen && prize.requires && <Wants requires={prize.requires} />}
      <Wins prize={prize} />
      {prize.withdrawn ? (
        <p class="soft">{t("withdrawn")}</p>
      ) : (
        isOpen &&
        (prize.eligible ? (
          <button
            type="button"
            class="wide number"
            disabled={waiting || wait > 0 || prize.left === 0 || phase.value !== "live"}
            onClick={() => void act({ type: "claim", prize: prize.id })}
          >
            <Icon name="gift" />{" "}
            {waiting
              ? t("claiming")
              : wait > 0
                ? t("cooldown", { time: countdown(wait) })
                : t(prize.left === 0 ? "outcome_sold_out" : labelOf(prize))}
          </button>
        ) : (
          !prize.requires &&
          !prize.window &&
          phase.value === "live" && <p class="soft small">{t("outcome_not_eligible")}</p>
        ))
      )}
      <div role="status">{heard && heard.outcome !== "won" && <Verdict heard={heard} />}</div>
    </article>
  );
}

function leftText({ left }: PrizeView, told: PublicPrize | undefined): string {
  if (left === 0) return t("outcome_sold_out");
  if (left !== undefined) {
    return told && told.stock >= left
      ? t("leftOf", { count: left, stock: told.stock })
      : t("left", { count: left });
  }
  return told ? t("inAll", { count: told.stock }) : "";
}

/** A window that opens sooner is counted down to, ms. */
const COUNTED = 86_400_000;

function Window({ from, to }: { from: string; to: string }) {
  const wait = Date.parse(from) - now.value;
  if (wait > 0) {
    return (
      <p class="number">
        {wait < COUNTED
          ? t("opensIn", { from: clock(from), time: countdown(wait) })
          : t("opensFrom", { from: clock(from) })}
      </p>
    );
  }
  const key = now.value > Date.parse(to) ? "overSince" : "openUntil";
  return <p class="number">{t(key, { to: clock(to) })}</p>;
}

function Wants({ requires: { atLeast, of } }: { requires: NonNullable<PrizeView["requires"]> }) {
  const lead =
    atLeast >= of.length
      ? t("forIt")
      : atLeast === 1
        ? t("oneOfThese")
        : t("someOfThese", { count: atLeast });
  return (
    <div class="stack wants">
      <p>{lead}</p>
      <ul>
        {of.map((each, index) => (
          <li key={index} class={each.done ? "done" : undefined}>
            <Icon name={each.done ? "check" : "compass"} />
            <span dir="auto">
              {wantText(each)}
              {each.done && <span class="visually-hidden"> ({t("done")})</span>}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function wantText({ kind, clue, rounds, count = 0, have = 0, at }: Wanted): string {
  switch (kind) {
    case "solved": {
      const title = me.value?.clues.find(({ id }) => id === clue)?.title;
      return title === undefined ? t("wantHidden") : t("wanted_solved", { title });
    }
    case "solvedIn": {
      const known = me.value?.rounds ?? [];
      return rounds
        ? t("wanted_solvedIn", {
            count,
            have,
            round: list(rounds.map((round) => known.find(({ id }) => id === round)?.title ?? round)),
          })
        : t("wantHiddenRound", { count, have });
    }
    case "points":
      return t("wanted_points", { count, have: number(me.value?.team.score ?? 0) });
    case "from":
      return t("wanted_from", { time: clock(at ?? "") });
    default:
      return t("wanted_several");
  }
}

function Wins({ prize: { wins } }: { prize: PrizeView }) {
  return wins.map((win) => (
    <div key={win.event} class={`note ${win.revoked ? "bad" : "good"}`}>
      <p>{win.revoked ? t("revoked") : win.code ? t("won") : t("wonBy", { name: nameOf(win.player) })}</p>
      {win.code && !win.revoked && (
        <p>
          <span class="small">{t("yourCode")}</span>
          <br />
          <span class="code" dir="ltr">
            {win.code}
          </span>
        </p>
      )}
    </div>
  ));
}

const nameOf = (player: string): string => me.value?.team.members.find(({ id }) => id === player)?.name ?? "";
