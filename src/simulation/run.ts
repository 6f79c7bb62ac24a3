/**
 * One run: all teams of a hunt from its opening to its end, by the rules that the engine plays by
 * (`decide`, `evolve`, `Allocation`) and on a clock of its own. PURE.
 */
import { admit } from "../hunt/admit.ts";
import { decideClaim } from "../hunt/claim.ts";
import type { CompiledClue, CompiledHunt, CompiledPrize } from "../hunt/compiled.ts";
import type { Context } from "../hunt/context.ts";
import { decide } from "../hunt/decide.ts";
import { evolve } from "../hunt/evolve.ts";
import { type IndexedHunt, indexHunt } from "../hunt/indexed.ts";
import { organise } from "../hunt/organise.ts";
import { ownEndOf } from "../hunt/own-clock.ts";
import { rulesOf } from "../hunt/prize-changes.ts";
import { clueValue, decayOf, firstSolvesOf } from "../hunt/score.ts";
import { hintKey, type Team } from "../hunt/team.ts";
import { newlyReached, reachedFacts, scoreOf } from "../hunt/team-score.ts";
import { closesAt, holdsAt, openingsOf, progressOf } from "../hunt/unlock.ts";
import { Allocation } from "../prizes/allocate.ts";
import type { Command, Fact, NewFact, Result } from "../protocol.ts";
import { Agenda } from "./agenda.ts";
import { exp } from "./arithmetic.ts";
import { Draws } from "./chance.ts";
import { ASSUMED, type Model } from "./model.ts";
import { type Character, characterOf, timeOf, workAfter } from "./team.ts";
import { nearTry, rightTry, wrongTry } from "./tries.ts";

/** The one player that acts for a team. */
const PLAYER = "p";
/** Tries of a team at a clue that are simulated at most. */
const TRIES_MAX = 200;
const NEVER = Number.POSITIVE_INFINITY;

export interface RunPlan {
  hunt: CompiledHunt;
  model: Model;
  /** Whole numbers that stand for the clues' ids. */
  clueKeys: readonly number[];
  seed: number;
  run: number;
  teams: number;
  /** When the hunt opens and ends, epoch ms. */
  opensAt: number;
  endsAt: number;
  /** By the clues' places: how long a middling team works on a middling clue there, ms. */
  paces: readonly number[];
  /** Clues whose pace is known: chance makes them no harder. */
  known: ReadonlySet<string>;
  pace: number;
  /** When an organiser opens a clue for everybody, by its place; epoch ms. */
  opened: ReadonlyMap<number, number>;
}

/** What became of a team. Times are ms since the hunt opened. */
export interface Played {
  solves: number;
  score: number;
  finishedAt?: number;
  stuck: boolean;
  /** Stuck with nothing open. */
  waiting: boolean;
}

/** What became of a clue. */
export interface ClueTold {
  opened: number;
  solvedAt: number[];
  took: number[];
  wrong: number;
  exhausted: number;
  hinted: number;
  stuck: number;
}

export interface RunTold {
  /** The teams that played. */
  played: Played[];
  clues: ClueTold[];
  /** By the prizes' places: units won, and when the last one was. */
  prizes: { won: number; goneAt?: number }[];
}

/** A clue that a team works on. */
interface Work {
  place: number;
  openedAt: number;
  /** Progress of the team when it opened, and what must be added to solve it. */
  from: number;
  need: number;
  /** Progress at which it tries wrongly, rising. */
  wrong: number[];
  tried: number;
  hintAt: number;
  /** The rules let nothing be tried before, epoch ms. */
  notBefore: number;
  draws: Draws;
}

/** A team, and what it does. */
interface Crew {
  team: Team;
  /** Among all teams, and among those that play. */
  index: number;
  number: number;
  character: Character;
  works: Work[];
  /** By place: it was seen to be open. */
  seen: Uint8Array;
  /** What a clue that it works on has gained, in ms of one player's full work. */
  progress: number;
  work: number;
  /** Its work at the last solve, ms. */
  solvedWork: number;
  lastSolveAt: number;
  finishedAt?: number;
  left: boolean;
  events: number;
  /** By the prizes' places: when it claims next; epoch ms. */
  claims: number[];
}

export function playRun(plan: RunPlan): RunTold {
  return new Run(plan).play();
}

class Run {
  readonly #plan: RunPlan;
  readonly #hunt: IndexedHunt;
  readonly #context: Context;
  readonly #agenda = new Agenda();
  readonly #crews: Crew[] = [];
  readonly #values = new Map<string, number>();
  readonly #bonuses = new Map<string, number>();
  readonly #vault: Allocation[];
  readonly #told: RunTold;
  /** How hard the clues are in this run, as factors of the pace. */
  readonly #factors: number[];
  #seq = 0;

  constructor(plan: RunPlan) {
    this.#plan = plan;
    const { hunt, seed, run, model, known, clueKeys } = plan;
    this.#hunt = indexHunt(hunt);
    this.#vault = hunt.prizes.map(
      (prize) => new Allocation(rulesOf(prize, undefined), `${seed}/${run}`, new Set()),
    );
    this.#context = {
      hunt: this.#hunt,
      phase: "live",
      openedAt: plan.opensAt,
      ...(this.#hunt.dynamic ? { word: { asOf: 0, values: this.#values, bonuses: this.#bonuses } } : {}),
      prizes: {
        withdrawn: () => false,
        drained: (prize) => this.#vault[this.#placeOfPrize(prize)]?.left === 0,
        asked: () => [],
        codeOf: () => undefined,
      },
    };
    this.#factors = hunt.clues.map(({ id }, place) => {
      const draws = new Draws(seed, run, clueKeys[place] ?? 0);
      return known.has(id) ? 1 : exp(draws.normal() * model.difficulty);
    });
    this.#told = {
      played: [],
      clues: hunt.clues.map(() => ({
        opened: 0,
        solvedAt: [],
        took: [],
        wrong: 0,
        exhausted: 0,
        hinted: 0,
        stuck: 0,
      })),
      prizes: hunt.prizes.map(() => ({ won: 0 })),
    };
  }

  play(): RunTold {
    const { teams, opensAt, endsAt } = this.#plan;
    for (let index = 0; index < teams; index += 1) this.#join(index);
    for (let due = this.#agenda.next(); due && due.at < endsAt; due = this.#agenda.next()) {
      const crew = this.#crews[due.who];
      if (crew) this.#step(crew, due.at);
    }
    for (const crew of this.#crews) this.#tell(crew);
    for (const told of this.#told.prizes) if (told.goneAt !== undefined) told.goneAt -= opensAt;
    return this.#told;
  }

  /** Teams join before the hunt opens; those that do not come to play do nothing. */
  #join(index: number): void {
    const { hunt, model, seed, run, pace, opensAt } = this.#plan;
    const character = characterOf(new Draws(seed, run, -1 - index), model, hunt.teams.maxSize, pace);
    if (!character.plays) return;
    const id = `t${index}`;
    const bracket = hunt.brackets[index % Math.max(1, hunt.brackets.length)]?.id;
    const create = { name: id, ...(bracket === undefined ? {} : { bracket }) };
    const fact = admit(hunt, "live", id, undefined, { key: "j", player: PLAYER, name: id, create }, opensAt);
    if ("refused" in fact) throw new Error(`a team cannot join: ${fact.detail}`);
    this.#seq += 1;
    const crew: Crew = {
      team: evolve(undefined, { seq: this.#seq, ...fact } as Fact),
      index,
      number: this.#crews.length,
      character,
      works: [],
      seen: new Uint8Array(hunt.clues.length),
      progress: 0,
      work: 0,
      solvedWork: 0,
      lastSolveAt: opensAt,
      left: false,
      events: 0,
      claims: hunt.prizes.map(() => opensAt),
    };
    if (hunt.teams.clock === "own") this.#send(crew, { id: this.#eventOf(crew), type: "start" }, opensAt);
    this.#agenda.add(opensAt, crew.number);
    this.#crews.push(crew);
  }

  /** All that the team does at `now`, and when it acts next. */
  #step(crew: Crew, now: number): void {
    if (now >= ownEndOf(this.#hunt, crew.team)) {
      crew.works = [];
      this.#claim(crew, now);
      return;
    }
    this.#advance(crew, now);
    crew.works = crew.works.filter((work) => this.#closesAt(work) > now);
    for (const [place, at] of this.#plan.opened) if (at <= now) this.#open(crew, place, now);
    this.#look(crew, now);
    for (let due = this.#due(crew, now); due; due = this.#due(crew, now)) this.#act(crew, due, now);
    this.#claim(crew, now);
    if (crew.work - crew.solvedWork >= crew.character.patience) crew.left = true;
    if (crew.left) return;
    const next = Math.max(now + 1, Math.ceil(this.#nextOf(crew, now)));
    if (next < this.#plan.endsAt) this.#agenda.add(next, crew.number);
  }

  /** Brings progress up to `now`: what is open shares the team's hands. */
  #advance(crew: Crew, now: number): void {
    const work = workAfter(this.#plan.model, now - this.#plan.opensAt);
    const done = work - crew.work;
    crew.progress += done * this.#rateOf(crew);
    // Who has nothing to work on loses no patience by it: it comes back when something opens.
    if (this.#openTo(crew) === 0) crew.solvedWork += done;
    crew.work = work;
  }

  #rateOf(crew: Crew): number {
    const open = this.#openTo(crew);
    return open <= crew.character.hands ? 1 : crew.character.hands / open;
  }

  /** Clues that the team can still solve. */
  #openTo({ works }: Crew): number {
    let open = 0;
    for (const { notBefore } of works) if (notBefore !== NEVER) open += 1;
    return open;
  }

  /** An organiser opens a clue. */
  #open(crew: Crew, place: number, now: number): void {
    const clue = this.#plan.hunt.clues[place];
    if (!clue || crew.seen[place] || crew.team.opened.has(clue.id)) return;
    const action = { type: "unlock", clue: clue.id, reason: "simulated" } as const;
    const organised = organise(this.#context, crew.team, action, now);
    if ("facts" in organised) this.#record(crew, organised.facts);
  }

  /** Sees what is open now. */
  #look(crew: Crew, now: number): void {
    const openings = openingsOf(this.#hunt, crew.team, this.#plan.opensAt, now);
    for (let place = 0; place < openings.length; place += 1) {
      if (crew.seen[place] || (openings[place] as number) > now) continue;
      crew.seen[place] = 1;
      const clue = this.#plan.hunt.clues[place] as CompiledClue;
      (this.#told.clues[place] as ClueTold).opened += 1;
      if (!crew.team.solves.has(clue.id)) crew.works.push(this.#workOn(crew, clue, place, now));
    }
  }

  #workOn(crew: Crew, clue: CompiledClue, place: number, now: number): Work {
    const { model, seed, run, clueKeys, paces } = this.#plan;
    const draws = new Draws(seed, run, -1 - crew.index, clueKeys[place] ?? 0);
    const middling = (paces[place] as number) * (this.#factors[place] as number);
    const need = Math.max(1, middling * exp(model.luck * draws.normal() - crew.character.skill));
    const wrong: number[] = [];
    for (let left = draws.count(model.wrong, TRIES_MAX); left > 0; left -= 1) {
      const u = draws.uniform();
      wrong.push(crew.progress + need * (1 - u * u * u));
    }
    wrong.sort((a, b) => a - b);
    return {
      place,
      openedAt: now,
      from: crew.progress,
      need,
      wrong,
      tried: 0,
      hintAt: clue.hints.length > 0 ? crew.progress + (paces[place] as number) * ASSUMED.hintAfter : NEVER,
      notBefore: now,
      draws,
    };
  }

  /** When the clue can be solved no more, epoch ms. */
  #closesAt({ place, openedAt }: Work): number {
    return closesAt(this.#plan.hunt.clues[place] as CompiledClue, openedAt);
  }

  /** Progress at which the team does something about the clue next. */
  #milestoneOf({ from, need, wrong, tried, hintAt }: Work): number {
    return Math.min(from + need, wrong[tried] ?? NEVER, hintAt);
  }

  /** The clue that the team acts on at `now`, the first that became due. */
  #due(crew: Crew, now: number): Work | undefined {
    let first: Work | undefined;
    let least = crew.progress;
    for (const work of crew.works) {
      const at = this.#milestoneOf(work);
      if (work.notBefore <= now && (at < least || (at === least && !first))) {
        first = work;
        least = at;
      }
    }
    return first;
  }

  #act(crew: Crew, work: Work, now: number): void {
    const clue = this.#plan.hunt.clues[work.place] as CompiledClue;
    const told = this.#told.clues[work.place] as ClueTold;
    const nextWrong = work.wrong[work.tried] ?? NEVER;
    if (work.hintAt < Math.min(work.from + work.need, nextWrong)) {
      this.#askHint(crew, work, clue, now);
      return;
    }
    const isWrong = nextWrong < work.from + work.need;
    const id = this.#eventOf(crew);
    const command = isWrong ? this.#wrongOf(clue, work, id) : rightTry(clue, id);
    if (isWrong && !command) {
      work.tried += 1;
      return;
    }
    const result = command ? this.#send(crew, command, now) : this.#byHand(crew, clue, now);
    switch (result?.outcome) {
      case "correct":
        this.#solved(crew, work, clue, now);
        return;
      case "cooldown":
      case "implausible":
        work.notBefore = result.retryAt === undefined ? NEVER : Date.parse(result.retryAt);
        if (!(work.notBefore > now)) work.notBefore = now + 1;
        return;
      case "exhausted":
        told.exhausted += 1;
        work.notBefore = NEVER;
        return;
      case "closed":
        crew.works = crew.works.filter((other) => other !== work);
        return;
      default:
        if (!isWrong) throw new Error(`the right try at ${clue.id} comes to ${result?.outcome ?? "nothing"}`);
        if (result?.outcome === "incorrect") told.wrong += 1;
        work.tried += 1;
    }
  }

  #wrongOf(clue: CompiledClue, work: Work, id: string): Command | undefined {
    const near = work.draws.uniform() < ASSUMED.nearMiss;
    const chance = work.draws.uniform();
    return (near ? nearTry(clue, id, chance) : undefined) ?? wrongTry(clue, id, work.tried);
  }

  /** Asks for the next hint that it can have, and works on with less to do. */
  #askHint(crew: Crew, work: Work, clue: CompiledClue, now: number): void {
    const again = (this.#plan.paces[work.place] as number) * ASSUMED.hintAfter;
    const hint = clue.hints.find(({ id }) => !crew.team.hints.has(hintKey(clue.id, id)));
    work.hintAt = NEVER;
    if (!hint) return;
    const isFirst = clue.hints[0] === hint;
    const command: Command = { id: this.#eventOf(crew), type: "hint", clue: clue.id, hint: hint.id };
    const result = this.#send(crew, command, now);
    work.hintAt = crew.progress + again;
    if (result?.outcome !== "taken") return;
    if (isFirst) (this.#told.clues[work.place] as ClueTold).hinted += 1;
    const left = (work.from + work.need - crew.progress) * (1 - ASSUMED.hintLeaves);
    work.need -= left;
    // Wrong tries that lie beyond the solve by now are not made.
    work.wrong = work.wrong.filter((at, index) => index < work.tried || at < work.from + work.need);
  }

  #solved(crew: Crew, work: Work, clue: CompiledClue, now: number): void {
    const { hunt, opensAt } = this.#plan;
    const told = this.#told.clues[work.place] as ClueTold;
    told.solvedAt.push(now - opensAt);
    told.took.push(now - work.openedAt);
    this.#revalue(crew, clue, told.solvedAt.length);
    crew.works = crew.works.filter((other) => other !== work);
    crew.solvedWork = crew.work;
    crew.lastSolveAt = now;
    const { finish } = hunt.scoring;
    const isFinished =
      finish === undefined ? crew.team.solves.size === hunt.clues.length : clue.id === finish;
    if (isFinished) crew.finishedAt ??= now;
    this.#look(crew, now);
  }

  /** What the standings would say of a clue that one more team has solved. */
  #revalue({ team }: Crew, clue: CompiledClue, solvers: number): void {
    if (!this.#hunt.dynamic) return;
    const { scoring } = this.#plan.hunt;
    this.#values.set(clue.id, clueValue({ decay: decayOf(scoring, clue) }, clue.points, solvers));
    const bonus = firstSolvesOf(scoring, clue)[solvers - 1] ?? 0;
    if (bonus > 0) this.#bonuses.set(team.id, (this.#bonuses.get(team.id) ?? 0) + bonus);
  }

  #claim(crew: Crew, now: number): void {
    for (const [place, prize] of this.#plan.hunt.prizes.entries()) {
      if ((crew.claims[place] as number) <= now) crew.claims[place] = this.#claimOf(crew, prize, place, now);
    }
  }

  /** Claims the prize; when to do so again, epoch ms. */
  #claimOf(crew: Crew, prize: CompiledPrize, place: number, now: number): number {
    const vault = this.#vault[place] as Allocation;
    // Whoever is not eligible looks again whenever it does something.
    const eligibleAt = this.#eligibleAt(crew, prize, now);
    if (eligibleAt > now) return eligibleAt === NEVER ? now : eligibleAt;
    const command: Command & { type: "claim" } = { id: this.#eventOf(crew), type: "claim", prize: prize.id };
    const decision = decide(this.#context, crew.team, PLAYER, command, undefined, now);
    if ("result" in decision) {
      const { outcome, retryAt } = decision.result;
      if (retryAt !== undefined) return Math.max(now + 1, Date.parse(retryAt));
      return outcome === "not_eligible" ? now : NEVER;
    }
    if (!("claim" in decision)) return NEVER;
    const own = (crew.team.wins ?? []).filter((win) => win.prize === prize.id).length;
    const asked = { prize: prize.id, team: crew.team.id, player: PLAYER, event: command.id };
    const decided = decideClaim(
      this.#context,
      crew.team,
      PLAYER,
      command,
      vault.decide(asked, own, own, now),
      now,
    );
    if ("result" in decided) return NEVER;
    this.#record(crew, decided.facts);
    const [fact] = decided.facts;
    if (!fact || !("outcome" in fact) || fact.outcome !== "won") return now + ASSUMED.claimAgain;
    const told = this.#told.prizes[place];
    if (told) {
      told.won += 1;
      if (vault.left === 0) told.goneAt = now;
    }
    return now + 1;
  }

  /** When the team may claim the prize, as it is known now; `Infinity`: something else must happen first. */
  #eligibleAt({ team }: Crew, { requires, window }: CompiledPrize, now: number): number {
    const progress = progressOf(this.#hunt, team, this.#plan.opensAt, now);
    return Math.max(window?.from ?? now, requires ? holdsAt(this.#hunt, requires, progress) : now);
  }

  /** When the team acts next, if nothing happens before; epoch ms. */
  #nextOf(crew: Crew, now: number): number {
    const { opensAt, model } = this.#plan;
    let next = NEVER;
    let progress = NEVER;
    for (const work of crew.works) {
      next = Math.min(next, this.#closesAt(work));
      if (work.notBefore > now) next = Math.min(next, work.notBefore);
      else progress = Math.min(progress, this.#milestoneOf(work));
    }
    const rate = this.#rateOf(crew);
    const patience = this.#openTo(crew) === 0 ? NEVER : crew.solvedWork + crew.character.patience;
    const work = Math.min(patience, crew.work + (progress - crew.progress) / rate);
    if (work < NEVER) next = Math.min(next, opensAt + timeOf(model, work));
    for (const at of openingsOf(this.#hunt, crew.team, opensAt, now)) if (at > now) next = Math.min(next, at);
    for (const at of crew.claims) if (at > now) next = Math.min(next, at);
    for (const at of this.#plan.opened.values()) if (at > now) next = Math.min(next, at);
    return next;
  }

  #eventOf(crew: Crew): string {
    crew.events += 1;
    return `e${crew.events}`;
  }

  /** What the rules say of the command; what they record is folded. */
  #send(crew: Crew, command: Command, now: number): Pick<Result, "outcome" | "retryAt"> | undefined {
    if (this.#hunt.dynamic) {
      const reached = newlyReached(this.#context, crew.team, scoreOf(this.#context, crew.team));
      this.#record(crew, reachedFacts(crew.team.id, reached, now));
    }
    const decision = decide(this.#context, crew.team, PLAYER, command, undefined, now);
    if ("result" in decision) return decision.result;
    if (!("facts" in decision)) return undefined;
    this.#record(crew, decision.facts);
    const [fact] = decision.facts;
    if (!fact || !("outcome" in fact)) return undefined;
    const { outcome, retryAt } = fact;
    return { outcome, ...(retryAt === undefined ? {} : { retryAt: new Date(retryAt).toISOString() }) };
  }

  /** The solve of a clue whose event is not simulated. */
  #byHand(crew: Crew, clue: CompiledClue, now: number): Pick<Result, "outcome" | "retryAt"> | undefined {
    const action = { type: "solve", clue: clue.id, reason: "simulated" } as const;
    const organised = organise(this.#context, crew.team, action, now);
    if (!("facts" in organised)) return undefined;
    this.#record(crew, organised.facts);
    return { outcome: "correct" };
  }

  #record(crew: Crew, facts: readonly NewFact[]): void {
    for (const fact of facts) {
      this.#seq += 1;
      crew.team = evolve(crew.team, { seq: this.#seq, ...fact } as Fact);
    }
  }

  /** What became of the team in the end. */
  #tell(crew: Crew): void {
    const { opensAt, endsAt, pace } = this.#plan;
    const isFinished = crew.finishedAt !== undefined;
    const end = Math.min(endsAt, ownEndOf(this.#hunt, crew.team));
    const isStuck = crew.left || end - crew.lastSolveAt > ASSUMED.stuckAfter * pace;
    const stuck = !isFinished && isStuck;
    if (stuck) for (const { place } of crew.works) (this.#told.clues[place] as ClueTold).stuck += 1;
    this.#told.played.push({
      solves: crew.team.solves.size,
      score: scoreOf(this.#context, crew.team),
      ...(crew.finishedAt === undefined ? {} : { finishedAt: crew.finishedAt - opensAt }),
      stuck,
      waiting: stuck && crew.works.length === 0,
    });
  }

  #placeOfPrize(id: string): number {
    return this.#plan.hunt.prizes.findIndex((prize) => prize.id === id);
  }
}
