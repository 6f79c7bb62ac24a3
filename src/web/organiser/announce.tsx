/** Announcing something, and what was announced before. */
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Stats } from "../../contract/data.ts";
import type { Hunt } from "../../contract/hunt.ts";
import type { AnnouncementRow, Announcements } from "../../contract/running.ts";
import { clock, t } from "../shared/i18n.ts";
import { encoded } from "../shared/outside.ts";
import { askFor } from "./dialog.tsx";
import { ask, attempt, huntPath, loaded, may, useLoaded } from "./state.ts";
import { ToldAt } from "./told.tsx";

/** Announcements asked for at once. */
const PAGE = 5;

/** An announcement is on its way: a second click is not a second one. */
const sending = signal(false);

/** What was announced, the newest first, as far as it was asked for. */
const announced = signal<Announcements | undefined>(undefined);
let announcedReadings = 0;

/** The first page, or the one after `shown`. */
async function readAnnounced(hunt: string, shown: Announcements | undefined): Promise<void> {
  announcedReadings += 1;
  const own = announcedReadings;
  const cursor = shown?.cursor === undefined ? "" : `&cursor=${encoded(shown.cursor)}`;
  const page = await ask<Announcements>(huntPath(hunt, `/announcements?limit=${PAGE}${cursor}`));
  if (own !== announcedReadings) return;
  announced.value = { ...page, announcements: [...(shown?.announcements ?? []), ...page.announcements] };
}

interface About {
  hunt: string;
  /** Those that an announcement may be about. */
  clues: Stats["clues"];
  titleOf(clue: string): string;
}

/** To whom the announcement that is being written goes. */
const audience = signal<"" | "teams" | "bracket" | "unsolved">("");
/** The clue that it is about. */
const aboutClue = signal("");
const known = loaded<Hunt>();

/** What the form says; the members that were left empty are left out. */
function writtenIn(values: FormData): object {
  const given = (name: string): string => String(values.get(name) ?? "").trim();
  const to = {
    teams: given("teams").split(/\s+/).filter(Boolean),
    bracket: given("bracket"),
    unsolved: given("unsolved"),
  };
  const at = given("at");
  return {
    text: String(values.get("text") ?? ""),
    ...(given("clue") === "" ? {} : { clue: given("clue") }),
    ...(values.has("erratum") ? { erratum: true } : {}),
    ...(at === "" ? {} : { at: new Date(at).toISOString() }),
    ...(audience.value === "" ? {} : { to: { [audience.value]: to[audience.value] } }),
  };
}

export function Announce({ hunt, clues, titleOf }: About) {
  const form = useRef<HTMLFormElement>(null);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (sending.value) return;
    const json = writtenIn(new FormData(event.currentTarget as HTMLFormElement));
    sending.value = true;
    try {
      if (await attempt("announce", t("done"), () => ask(huntPath(hunt, "/announcements"), { json }))) {
        form.current?.reset();
        audience.value = "";
        aboutClue.value = "";
        await attempt("announced", "", () => readAnnounced(hunt, undefined));
      }
    } finally {
      sending.value = false;
    }
  };
  useEffect(() => {
    announced.value = undefined;
    audience.value = "";
    aboutClue.value = "";
    void attempt("announced", "", () => readAnnounced(hunt, undefined));
  }, [hunt]);
  return (
    <form ref={form} class="card stack announce" onSubmit={(event) => void submit(event)}>
      <h2>{t("announce")}</h2>
      {may("POST /v1/hunts/{hunt}/announcements", hunt) && <Writing hunt={hunt} clues={clues} />}
      <ToldAt place="announced" />
      {announced.value?.announcements.map((row) => (
        <Announced key={row.id} hunt={hunt} row={row} titleOf={titleOf} />
      ))}
      {announced.value?.cursor !== undefined && (
        <button
          type="button"
          class="quiet"
          onClick={() => void attempt("announced", "", () => readAnnounced(hunt, announced.value))}
        >
          {t("older")}
        </button>
      )}
    </form>
  );
}

function Announced({
  hunt,
  row,
  titleOf,
}: {
  hunt: string;
  row: AnnouncementRow;
  titleOf: About["titleOf"];
}) {
  const { id, at, text, clue, scheduled, edited, erratum } = row;
  const path = huntPath(hunt, `/announcements/${encoded(id)}`);
  const reason = { name: "reason", label: t("reason") };
  const again = (): Promise<void> => readAnnounced(hunt, undefined);
  const edit = async (): Promise<void> => {
    const field = { name: "text", label: t("announceEditText"), kind: "lines", value: text } as const;
    const json = await askFor(t("announceEdit"), "", [field, reason]);
    if (!json) return;
    const done = await attempt("announced", t("done"), () => ask(path, { method: "PATCH", json }));
    if (done) await attempt("announced", "", again);
  };
  const remove = async (): Promise<void> => {
    const values = await askFor(t("announceRemove"), t("announceRemoveSure"), [reason]);
    if (!values) return;
    const why = `?reason=${encoded(values.reason ?? "")}`;
    const done = await attempt("announced", t("done"), () => ask(`${path}${why}`, { method: "DELETE" }));
    if (done) await attempt("announced", "", again);
  };
  return (
    <div class="stack">
      <p>
        <span class="soft small number">
          <time dateTime={at}>{scheduled ? t("announceWaits", { time: clock(at) }) : clock(at)}</time>
          {clue !== undefined && ` · ${titleOf(clue)}`}
          {erratum && ` · ${t("erratum")}`}
          {toWhom(row, titleOf)}
          {edited !== undefined && ` · ${t("announceEdited", { time: clock(edited) })}`}
        </span>
        <br />
        <span class="announced">{text}</span>
      </p>
      {may("PATCH /v1/hunts/{hunt}/announcements/{announcement}", hunt) && (
        <div class="row">
          <button type="button" class="quiet small" onClick={() => void edit()}>
            {t("announceEdit")}
          </button>
          <button type="button" class="quiet small" onClick={() => void remove()}>
            {t("announceRemove")}
          </button>
        </div>
      )}
    </div>
  );
}

function toWhom({ to }: AnnouncementRow, titleOf: About["titleOf"]): string {
  const { teams, bracket, unsolved } = to ?? {};
  const titles = known.value.value?.brackets ?? [];
  const parts = [
    teams && t("someTeams", { count: teams.length }),
    bracket && (titles.find(({ id }) => id === bracket)?.title ?? bracket),
    unsolved && t("notSolvedYet", { clue: titleOf(unsolved) }),
  ];
  return parts.flatMap((part) => (part ? ` · ${part}` : [])).join("");
}

function Writing({ hunt, clues }: Pick<About, "hunt" | "clues">) {
  useLoaded(known, huntPath(hunt), 0);
  const brackets = known.value.value?.brackets ?? [];
  const ways = ["teams", ...(brackets.length > 0 ? ["bracket"] : []), "unsolved"] as const;
  const labels = {
    teams: t("announceToTeams"),
    bracket: t("announceToBracket"),
    unsolved: t("announceToUnsolved"),
  };
  const ofClues = clues.map(({ clue, title }) => (
    <option key={clue} value={clue}>
      {title}
    </option>
  ));
  return (
    <>
      <label>
        {t("announceText")}
        <textarea name="text" rows={3} required maxLength={4_000} />
      </label>
      <label>
        {t("announceClue")}
        <select
          name="clue"
          value={aboutClue.value}
          onChange={(event) => {
            aboutClue.value = event.currentTarget.value;
          }}
        >
          <option value="">{t("everybody")}</option>
          {ofClues}
        </select>
      </label>
      {aboutClue.value !== "" && (
        <label class="check">
          <input type="checkbox" name="erratum" /> {t("announceErratum")}
        </label>
      )}
      <label>
        {t("announceTo")}
        <select
          value={audience.value}
          onChange={(event) => {
            audience.value = event.currentTarget.value as typeof audience.value;
          }}
        >
          <option value="">{t("everybody")}</option>
          {ways.map((way) => (
            <option key={way} value={way}>
              {labels[way as keyof typeof labels]}
            </option>
          ))}
        </select>
      </label>
      {audience.value === "teams" && (
        <label>
          {t("announceTeams")}
          <textarea name="teams" rows={2} required dir="ltr" spellcheck={false} />
        </label>
      )}
      {audience.value === "bracket" && (
        <label>
          {t("bracket")}
          <select name="bracket">
            {brackets.map(({ id, title }) => (
              <option key={id} value={id}>
                {title}
              </option>
            ))}
          </select>
        </label>
      )}
      {audience.value === "unsolved" && (
        <label>
          {t("announceUnsolved")}
          <select name="unsolved">{ofClues}</select>
        </label>
      )}
      <label>
        {t("announceAt")}
        <input type="datetime-local" name="at" />
      </label>
      <button type="submit" disabled={sending.value}>
        {t("send")}
      </button>
      <ToldAt place="announce" />
    </>
  );
}
