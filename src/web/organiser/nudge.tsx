/** A wrong answer that many teams give and nothing explains: offered, and said with one click. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Stats } from "../../contract/data.ts";
import type { WrongAnswers } from "../../contract/guesses.ts";
import type { Nudged } from "../../contract/regrade.ts";
import { Problem } from "../shared/api.ts";
import { number, t } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";
import { askFor } from "./dialog.tsx";
import { EffectsTold } from "./effects.tsx";
import { ask, attempt, huntPath, may, tell } from "./state.ts";
import { ToldAt } from "./told.tsx";

/** Clues looked at, those most tried in vain: a shard keeps the counts of as many. */
const CLUES = 4;

/** Answers of each, and offers in all. */
const ANSWERS = 5;
const OFFERS = 3;

/** "Many": so many teams, and such a part of those that have the clue. */
const TEAMS_MIN = 5;
const SHARE_MIN = 0.05;

const EVERY = 60_000;

interface Offer {
  clue: string;
  title: string;
  answer: string;
  teams: number;
}

const offers = signal<{ hunt: string; list: readonly Offer[] }>({ hunt: "", list: [] });
/** Those that somebody at this page does not want to see again, until it is closed. */
const declined = signal<ReadonlySet<string>>(new Set());

const keyOf = ({ clue, answer }: Pick<Offer, "clue" | "answer">): string => `${clue}\n${answer}`;

const path = (hunt: string, clue: string, rest: string): string =>
  huntPath(hunt, `/clues/${encoded(clue)}${rest}`);

const ROUTE = "POST /v1/hunts/{hunt}/clues/{clue}/nudges";

/** It publishes and corrects: whoever may do both. */
export const maySay = (hunt: string): boolean =>
  may(ROUTE, hunt) && may("POST /v1/hunts/{hunt}/teams/{team}/attempts/reset", hunt);

async function look(hunt: string, stats: Stats): Promise<void> {
  const tried = stats.clues
    .filter(({ attempts, solves }) => attempts - solves >= TEAMS_MIN)
    .sort((a, b) => b.attempts - b.solves - (a.attempts - a.solves))
    .slice(0, CLUES);
  const found = await Promise.all(
    tried.map(async ({ clue, title, open }): Promise<Offer[]> => {
      const { answers } = await ask<WrongAnswers>(path(hunt, clue, `/wrong?limit=${ANSWERS}`));
      return answers
        .filter(({ teams, nudge }) => !nudge && teams >= Math.max(TEAMS_MIN, open * SHARE_MIN))
        .map(({ answer, teams }) => ({ clue, title, answer, teams }));
    }),
  );
  offers.value = { hunt, list: found.flat().sort((a, b) => b.teams - a.teams) };
}

/** `stats`: as they were read last; undefined: not yet. */
export function NudgeOffers({ hunt, stats }: { hunt: string; stats(): Stats | undefined }) {
  const isAsked = stats() !== undefined && maySay(hunt);
  useEffect(() => {
    if (!isAsked) return;
    const again = (): void => {
      const told = stats();
      // What fails is looked at again: nobody waits for an offer.
      if (told) look(hunt, told).catch(tellsItself);
    };
    again();
    const timer = window.setInterval(again, EVERY);
    return () => window.clearInterval(timer);
  }, [hunt, isAsked]);
  const own = offers.value.hunt === hunt ? offers.value.list : [];
  const shown = own.filter((offer) => !declined.value.has(keyOf(offer))).slice(0, OFFERS);
  if (!isAsked) return null;
  return (
    <>
      {shown.map((offer) => (
        <div key={keyOf(offer)} class="card row spread nudge-offer">
          <p>
            {t("nudgeOffer", { count: offer.teams, answer: offer.answer })}{" "}
            <span class="soft">
              <bdi>{offer.title}</bdi>
            </span>
          </p>
          <div class="row">
            <button type="button" onClick={() => void sayTo(hunt, offer)}>
              {t("nudgeSay")}
            </button>
            <button
              type="button"
              class="quiet"
              onClick={() => {
                declined.value = new Set([...declined.value, keyOf(offer)]);
              }}
            >
              {t("nudgeNot")}
            </button>
          </div>
        </div>
      ))}
      <ToldAt place="nudges" />
    </>
  );
}

function tellsItself(error: unknown): void {
  if (!(error instanceof Problem)) throw error;
}

/** Shows whom it concerns and what it moves, asks for the words, and says them. */
export async function sayTo(hunt: string, offer: Omit<Offer, "teams">): Promise<void> {
  const { clue, title, answer } = offer;
  const say = t("nudgeProposed", { answer });
  const send = (body: object, query = ""): Promise<Nudged> =>
    ask<Nudged>(path(hunt, clue, `/nudges${query}`), { json: body, patient: true });
  let planned: Nudged | undefined;
  await attempt("nudges", "", async () => {
    planned = await send({ answer, say, reason: t("nudgeReason", { answer }) }, "?dryRun=true");
  });
  if (!planned) return;
  const values = await askFor(
    t("nudgeTitle", { answer }),
    <Planned hunt={hunt} planned={planned} title={title} />,
    [
      { name: "say", label: t("nudgeWords"), kind: "lines", value: say },
      {
        name: "tell",
        label: t("nudgeTell", { count: planned.teams.length }),
        kind: "lines",
        value: t("nudgeTold", { answer, clue: title }),
        required: false,
      },
      { name: "reason", label: t("reason"), value: t("nudgeReason", { answer }) },
    ],
    t("nudgeSay"),
  );
  if (!values) return;
  await attempt("nudges", "", async () => {
    const told = await send({
      answer,
      say: values.say ?? "",
      ...((values.tell ?? "") === "" ? {} : { tell: values.tell }),
      reason: values.reason ?? "",
    });
    declined.value = new Set([...declined.value, keyOf(offer)]);
    const failed = told.failed?.length ?? 0;
    tell("nudges", {
      state: failed > 0 ? "bad" : "good",
      text:
        t("nudgeSaid", { version: told.version, count: told.teams.length - failed }) +
        (failed > 0 ? ` ${t("nudgeFailed", { count: failed })}` : ""),
    });
  });
}

function Planned({ hunt, planned, title }: { hunt: string; planned: Nudged; title: string }) {
  const { teams, total, effects } = planned;
  return (
    <div class="stack">
      <p>
        <bdi>{title}</bdi>
      </p>
      <p>{t("nudgeConcerns", { count: teams.length })}</p>
      {total > teams.length && <p class="soft">{t("nudgeMore", { others: number(total - teams.length) })}</p>}
      {effects && <EffectsTold hunt={hunt} effects={effects} />}
    </div>
  );
}
