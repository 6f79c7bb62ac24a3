/** What the board knows of its hunt, and how it hears of it. */
import { computed, signal } from "@preact/signals";
import type { Phase } from "../../contract/basics.ts";
import type { Hunt } from "../../contract/hunt.ts";
import type { BoardFrame } from "../../contract/live.ts";
import type { Entry, Leaderboard } from "../../contract/standings.ts";
import { call, huntOfPage, huntPath, Problem } from "../shared/api.ts";
import { t } from "../shared/i18n.ts";
import { huntLanguages, inLanguage, langQuery, language } from "../shared/language.ts";
import { type Live, openLive } from "../shared/live.ts";
import { wear } from "../shared/look.tsx";
import { encoded } from "../shared/outside.ts";
import { hearNews } from "./news.ts";
import { sawStandings } from "./reveal.ts";
import { applyFrame, newSolves, type Shown, type SolveNote } from "./standings.ts";

/** Solves remembered; as many are shown as fit. */
const SOLVES = 8;

export const hunt = signal<Hunt | undefined>(undefined);
export const phase = signal<Phase>("draft");
export const shown = signal<Shown | undefined>(undefined);
export const solves = signal<readonly SolveNote[]>([]);
export const connected = signal(false);
export const problem = signal("");
export const now = signal(Date.now());
/** The bracket whose places are shown, at first the one of the address; empty: all teams. */
export const bracket = signal(new URLSearchParams(location.search).get("bracket") ?? "");
/** Its standings as they were last read. */
const inBracket = signal<Leaderboard | undefined>(undefined);
export const rows = computed<readonly Entry[]>(
  () => (bracket.value === "" ? shown.value?.rows : inBracket.value?.entries) ?? [],
);
/** Teams with a place among those shown. */
export const total = computed(
  () => (bracket.value === "" ? shown.value?.total : inBracket.value?.total) ?? 0,
);

export const id = huntOfPage();
let skew = 0;
/** The socket tells phases as they are; the hunt's own route may be some seconds behind. */
let phaseTold = false;

export async function readHunt(): Promise<void> {
  try {
    const read = (): Promise<Hunt> =>
      inLanguage(`${huntPath(id)}${langQuery("?")}`, (address) => call<Hunt>(address));
    let told = await read();
    const before = language();
    huntLanguages.value = told.languages;
    // Now it is known which languages there are.
    if (language() !== before) told = await read();
    wear(told.look);
    if (!phaseTold) phase.value = told.phase;
    hunt.value = told;
    if (!told.brackets?.some((each) => each.id === bracket.value)) bracket.value = "";
    if (bracket.value !== "" && !inBracket.value) void readBracket();
    document.title = told.title;
    skew = Date.parse(told.serverTime) - Date.now();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.code === "not_found") problem.value = t("missing");
  }
}

function heard(frame: BoardFrame): void {
  const before = shown.value;
  const after = applyFrame(before, frame);
  if (!after) {
    watch();
    return;
  }
  solves.value = [...newSolves(before?.rows ?? [], after.rows), ...solves.value].slice(0, SOLVES);
  sawStandings(before?.frozen, after.frozen, after.rows.length);
  shown.value = after;
}

let socket: Live | undefined;

/** Watches the hunt from now on, the whole of its standings first. */
export function watch(): void {
  socket?.close();
  let first = true;
  socket = openLive({
    path: async () => {
      const since = first ? undefined : shown.value?.position;
      first = false;
      return huntPath(id, since === undefined ? "/live" : `/live?since=${encoded(since)}`);
    },
    state: (open) => {
      connected.value = open;
    },
    gone: () => void readHunt(),
    frame: ({ leaderboard, phase: changed, announcement }) => {
      if (announcement) hearNews(announcement);
      if (leaderboard && Array.isArray(leaderboard.entries)) heard(leaderboard as BoardFrame);
      if (changed) phaseTold = true;
      if (changed && changed !== phase.value) {
        phase.value = changed as Phase;
        void readHunt();
      }
    },
  });
}

/** Places of a bracket that are shown: as many as a screen turns through in some minutes. */
const BRACKET_PLACES = 200;

/** It stays in the address, so that a screen that is started anew shows it again. */
export async function showBracket(chosen: string): Promise<void> {
  bracket.value = chosen;
  const query = new URLSearchParams(location.search);
  query.delete("bracket");
  if (chosen !== "") query.set("bracket", chosen);
  history.replaceState(null, "", `${location.pathname}${query.size > 0 ? `?${query}` : ""}${location.hash}`);
  inBracket.value = undefined;
  await readBracket();
}

/** Reads the standings of the bracket that is shown: the socket tells those of all teams. */
export async function readBracket(): Promise<void> {
  const of = bracket.value;
  if (of === "") return;
  try {
    const path = `/leaderboard?limit=${BRACKET_PLACES}&bracket=${encoded(of)}`;
    const told = await call<Leaderboard>(huntPath(id, path));
    if (of === bracket.value) inBracket.value = told;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
  }
}

/** Brings the clock to the engine's time. */
export function tick(): void {
  now.value = Date.now() + skew;
}
