/**
 * The wrong answers of a clue, counted from the log: read once in slices that let play go on, then only what came
 * since. What the clue compares as equal is one answer.
 */
import { BoundedMap } from "../bounded-map.ts";
import { type Refusal, refuse } from "../errors.ts";
import { normaliseAnswer } from "../hunt/normalise.ts";
import { byTeams } from "../objects/orders.ts";
import type { GaveWrong, WrongGiven } from "../objects/shard.ts";
import type { CompareMode, Fact } from "../protocol.ts";
import { digester, keyById, type Secrets } from "../secrets.ts";
import type { CurrentHunt } from "./current-hunt.ts";
import type { Journal } from "./journal.ts";
import { rightNow } from "./right-now.ts";

/** Clues whose counts are kept; and pairs of an answer and a team that each has, some 100 bytes each. */
const CLUES_MAX = 4;
const PAIRS_MAX = 50_000;

/** Facts of the log read before others have their turn. */
const SLICE_FACTS = 4_000;

/** By one team. `texts`: how often each spelling was given. */
interface Given {
  texts: Map<string, number>;
  first: number;
  last: number;
}

interface Tally {
  mode: CompareMode;
  /** Counted up to here. */
  upto: number;
  pairs: number;
  answers: Map<string, { isNudged: boolean; teams: Map<string, Given> }>;
  /** The reading that is under way. */
  reading?: Promise<void>;
}

export interface WrongAnswersDeps {
  current: CurrentHunt;
  journal: Journal;
  secrets: Pick<Secrets, "ANSWER_PEPPERS">;
}

export class WrongAnswers {
  readonly #deps: WrongAnswersDeps;
  readonly #tallies = new BoundedMap<string, Tally>(CLUES_MAX);

  constructor(deps: WrongAnswersDeps) {
    this.#deps = deps;
  }

  /** Facts came into the middle of the log. */
  forget(): void {
    this.#tallies.clear();
  }

  /** See `ShardObject.wrongAnswers`. Hidden, banned and merged teams do not count, nor does what is right by now. */
  async of(clue: string, limit: number): Promise<WrongGiven[] | Refusal> {
    const tally = await this.#counted(clue);
    if ("refused" in tally) return tally;
    const counts = this.#counting();
    const told: WrongGiven[] = [];
    for (const [key, { isNudged, teams }] of tally.answers) {
      const given = [...teams].filter(([team]) => counts(team)).map(([, each]) => each);
      if (given.length > 0)
        told.push({ key, ...sumOf(given), ...(isNudged ? { nudge: true as const } : {}) });
    }
    const judged = this.#judgedBy(clue);
    const isRight = rightNow(this.#deps.current, this.#deps.secrets);
    const wrong: WrongGiven[] = [];
    for (const each of told.sort(byTeams)) {
      if (wrong.length >= limit) break;
      if (isRight({ clue, answer: each.answer, at: each.last })) continue;
      wrong.push(judged(each.key).say === undefined ? each : { ...each, nudge: true });
    }
    return wrong;
  }

  /** See `ShardObject.gaveWrong`. */
  async gave(clue: string, answer: string, limit: number): Promise<GaveWrong | Refusal> {
    const tally = await this.#counted(clue);
    if ("refused" in tally) return tally;
    const { journal } = this.#deps;
    const key = normaliseAnswer(tally.mode, answer) ?? answer;
    const counts = this.#counting();
    const teams = [...(tally.answers.get(key)?.teams ?? [])]
      .filter(([team]) => counts(team) && journal.teams.get(team)?.solves.has(clue) === false)
      .map(([team, { last }]) => ({ team, last }))
      .sort((a, b) => b.last - a.last);
    return { teams: teams.slice(0, limit), total: teams.length, ...this.#judgedBy(clue)(key) };
  }

  /** What the present definition makes of an answer, as the clue compares it. */
  #judgedBy(id: string): (key: string) => Pick<GaveWrong, "say" | "isAccepted"> {
    const { current, secrets } = this.#deps;
    const { pepper, hunt } = current.hunt.compiled;
    const clue = current.hunt.clues.get(id);
    const ring = keyById("ANSWER_PEPPERS", secrets.ANSWER_PEPPERS, pepper);
    if (!ring || !clue || !("nudges" in clue)) return () => ({ isAccepted: false });
    const digest = digester(ring, hunt);
    const replies = new Map(clue.nudges.flatMap(({ digests, say }) => digests.map((each) => [each, say])));
    return (key) => {
      const given = digest({ clue: id, mode: clue.compare }, key);
      const say = replies.get(given);
      return { isAccepted: clue.digests?.includes(given) === true, ...(say === undefined ? {} : { say }) };
    };
  }

  async #counted(clue: string): Promise<Tally | Refusal> {
    const { current, journal } = this.#deps;
    const refused = await current.ready();
    if (refused) return refused;
    const mode = current.hunt.clues.get(clue)?.compare;
    if (mode === undefined) return refuse("not_found", "no such clue");
    await journal.committed();
    const tally = this.#tallyOf(clue, mode);
    tally.reading ??= this.#read(clue, tally).finally(() => {
      delete tally.reading;
    });
    await tally.reading;
    return tally;
  }

  #counting(): (team: string) => boolean {
    const { journal } = this.#deps;
    const counted = new Map<string, boolean>();
    return (team) => {
      const known = counted.get(team);
      if (known !== undefined) return known;
      const state = journal.teams.get(team);
      const isCounted = state !== undefined && !state.banned && !state.hidden && !state.merged;
      counted.set(team, isCounted);
      return isCounted;
    };
  }

  #tallyOf(clue: string, mode: CompareMode): Tally {
    const known = this.#tallies.get(clue);
    if (known?.mode === mode) return known;
    return this.#tallies.set(clue, { mode, upto: 0, pairs: 0, answers: new Map() });
  }

  async #read(clue: string, tally: Tally): Promise<void> {
    const { log } = this.#deps.journal;
    while (tally.upto < log.durable) {
      const upto = Math.min(log.durable, tally.upto + SLICE_FACTS);
      for (const segment of log.segmentsWith(`"clue":${JSON.stringify(clue)}`, tally.upto, upto)) {
        for (const fact of log.factsOf(segment)) {
          if (fact.seq > tally.upto && fact.seq <= upto) count(tally, fact, clue);
        }
      }
      tally.upto = upto;
      if (upto < log.durable) await new Promise((done) => setTimeout(done));
    }
  }
}

function count(tally: Tally, fact: Fact, clue: string): void {
  if (fact.type !== "answer" || fact.clue !== clue || fact.answer === undefined) return;
  if (fact.outcome !== "incorrect" && fact.outcome !== "nudge") return;
  const { team, at, answer: text } = fact;
  const key = normaliseAnswer(tally.mode, text) ?? text;
  let answer = tally.answers.get(key);
  if (!answer) {
    if (tally.pairs >= PAIRS_MAX) return;
    answer = { isNudged: false, teams: new Map() };
    tally.answers.set(key, answer);
  }
  answer.isNudged = fact.outcome === "nudge";
  const given = answer.teams.get(team);
  if (given) {
    given.texts.set(text, (given.texts.get(text) ?? 0) + 1);
    given.last = at;
  } else if (tally.pairs < PAIRS_MAX) {
    tally.pairs += 1;
    answer.teams.set(team, { texts: new Map([[text, 1]]), first: at, last: at });
  }
}

function sumOf(given: readonly Given[]): Omit<WrongGiven, "key" | "nudge"> {
  const texts = new Map<string, number>();
  let sum = 0;
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  for (const each of given) {
    first = Math.min(first, each.first);
    last = Math.max(last, each.last);
    for (const [text, times] of each.texts) {
      texts.set(text, (texts.get(text) ?? 0) + times);
      sum += times;
    }
  }
  const [[answer, times] = ["", 0]] = [...texts].sort(([, a], [, b]) => b - a);
  return { answer, times, teams: given.length, count: sum, first, last };
}
