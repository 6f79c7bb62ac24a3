import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ClueApart, MeApart, MeChanges } from "../../src/contract/me.ts";
import { meChanges } from "../../src/contract/me.ts";
import { cooldownUntil, triesAt, triesOfClue } from "../../src/hunt/attempts.ts";
import type { CompiledClue } from "../../src/hunt/compiled.ts";
import { decide } from "../../src/hunt/decide.ts";
import { type Glance, glance, isComparable, lookText } from "../../src/hunt/look.ts";
import { seenOf } from "../../src/hunt/seen.ts";
import { encodeTeam, recordedScore, type Team } from "../../src/hunt/team.ts";
import { opensAt, progressOf } from "../../src/hunt/unlock.ts";
import type { Command, CompareMode, Fact, Result } from "../../src/protocol.ts";
import { wholeOf } from "../../src/web/player/looked.ts";
import { answer, checkin, decodeTeam, Game, hint, isoAt, T0 } from "./build.ts";
import {
  type Draw,
  isOpen,
  pick,
  randomAction,
  randomCommand,
  randomHunt,
  randomVerdict,
  randomWait,
  sumOf,
  tape,
  violationOf,
} from "./random.ts";

/** How choices are picked, by how they compare. */
const SELECTS: Partial<Record<CompareMode, "one" | "many" | "order">> = {
  exact: "one",
  set: "many",
  sequence: "order",
};

interface Step {
  command: Command;
  player: string;
  now: number;
  result: Result;
  /** The team's stored form before and after. */
  before: string;
  after: string;
  /** The facts the command made. */
  made: Fact[];
}

/** A random game of team `t` with players p and q; `look` sees every command played. */
function randomGame(
  draw: Draw,
  look: (played: Game, step: Step) => void = () => undefined,
): { played: Game; now: number; steps: Step[] } {
  const played = new Game(randomHunt(draw));
  const steps: Step[] = [];
  played.openedAt = T0 + draw(2) * 5_000;
  let now = T0 + draw(2) * 7_000;
  played.join("p", "t", now);
  played.join("q", "t", now);
  const length = 5 + draw(40);
  for (let count = 0; count < length; count += 1) {
    now += randomWait(draw);
    const what = draw(20);
    if (what === 0) played.phase = pick(draw, ["live", "live", "paused", "ended", "draft"] as const);
    else if (what === 1 || what === 3)
      played.organise(
        (draw(2) === 0 ? randomVerdict(draw, played.team()) : undefined) ??
          randomAction(draw, played.context.hunt.compiled, now),
        now,
      );
    else if (what === 2) {
      const values = new Map(
        played.context.hunt.compiled.clues.map(({ id, points }) => [id, Math.max(0, points - draw(10))]),
      );
      played.word = { asOf: now, values, bonuses: new Map([["t", draw(20)]]) };
    } else {
      const command = randomCommand(draw, played.context.hunt.compiled, `e${draw(30)}`);
      const player = pick(draw, ["p", "q"]);
      const before = encodeTeam(played.team());
      const length = played.facts.length;
      const result = played.play(command, now, player);
      const step = {
        command,
        player,
        now,
        result,
        before,
        after: encodeTeam(played.team()),
        made: played.facts.slice(length),
      };
      steps.push(step);
      look(played, step);
    }
  }
  return { played, now, steps };
}

const tapes = fc.array(fc.nat(9_999), { minLength: 20, maxLength: 400, size: "max" });

function everyGame(check: (draw: Draw) => void, numRuns = 300): void {
  fc.assert(
    fc.property(tapes, (values) => check(tape(values))),
    { numRuns },
  );
}

describe("any game", () => {
  test("[EV-33] its log gives the same state again, also through JSON and from a stored team on", () => {
    everyGame((draw) => {
      const { played } = randomGame(draw);
      const lines = played.facts.map((fact) => JSON.stringify(fact));
      const again = new Game(played.context.hunt.compiled);
      const cut = draw(lines.length + 1);
      lines.forEach((line, index) => {
        again.take(JSON.parse(line));
        if (index === cut) again.teams.set("t", decodeTeam(encodeTeam(again.team())));
      });
      expect(encodeTeam(again.team())).toBe(encodeTeam(played.team()));
    });
  });

  test("[EV-25] no order of team-mates' commands, repeats among them, scores a clue or charges a hint twice; the score is the sum", () => {
    everyGame((draw) => {
      const { played } = randomGame(draw);
      expect(violationOf(played.context.hunt.compiled, played.facts)).toBeUndefined();
      const team = played.team();
      expect(recordedScore(team)).toBe(sumOf(played.facts));
      expect(team.earned).toBe([...team.solves.values()].reduce((sum, { points }) => sum + points, 0));
      expect(team.adjusted).toBe(team.adjustments.reduce((sum, { points }) => sum + points, 0));
    });
  });

  test("[EV-25] the same commands in another order end with the same solves and hints, when nothing limits them (a solved clue sells none)", () => {
    everyGame((draw) => {
      const compiled = randomHunt(draw);
      const unlimited = { burst: 1_000, refillPerMinute: 1_000, perClue: 0 };
      // What a wrong try takes depends on whether it came before the right one.
      const { penalty: _, ...scoring } = compiled.scoring;
      const open = {
        ...compiled,
        scoring,
        attempts: unlimited,
        clues: compiled.clues.map((one) => ({
          ...one,
          attempts: unlimited,
          opens: { op: "start" } as const,
          hints: one.hints.map((given) => ({ ...given, cost: Math.min(given.cost, 1), after: 0 })),
        })),
      };
      const all = Array.from({ length: 20 }, (_, index) => randomCommand(draw, open, `e${index}`));
      const hinted = new Set(all.flatMap((each) => (each.type === "hint" ? [each.clue] : [])));
      const solvedBy = new Map(open.clues.map(({ id, codeDigest }) => [codeDigest, id]));
      const commands = all.filter(
        (each) =>
          each.type !== "checkin" &&
          !(each.type === "answer" && hinted.has(each.clue)) &&
          !(each.type === "scan" && hinted.has(solvedBy.get(each.codeDigest) ?? "")),
      );
      const ends = [0, 1].map(() => {
        const played = new Game(open);
        played.join("p");
        played.join("q");
        played.organise({ type: "award", points: 1_000, reason: "r" });
        const left = [...commands, ...commands];
        while (left.length > 0) {
          const [command] = left.splice(draw(left.length), 1);
          if (command) played.play(command, T0, pick(draw, ["p", "q"]));
        }
        const team = played.team();
        return {
          solves: [...team.solves.keys()].sort(),
          hints: [...team.hints.keys()].sort(),
          score: recordedScore(team),
        };
      });
      expect(ends[1]).toEqual(ends[0]);
    }, 100);
  });

  test("[EV-26] a recorded id and body always gives the recorded result; another body is conflict; neither changes a byte", () => {
    everyGame((draw) => {
      const { played, now, steps } = randomGame(draw);
      const recorded = new Map<string, Step>();
      for (const step of steps)
        if (step.result.seq !== undefined && !recorded.has(step.command.id))
          recorded.set(step.command.id, step);
      const state = encodeTeam(played.team());
      const length = played.facts.length;
      // Moving scores may note what the standings' word reached; that is no part of the repeat.
      played.word = undefined;
      if (played.phase === "live") played.phase = "paused";
      for (const step of steps) {
        const first = recorded.get(step.command.id);
        if (!first) continue;
        const same = JSON.stringify(step.command) === JSON.stringify(first.command);
        const again = played.play(step.command, now + draw(3) * 1_000, pick(draw, ["p", "q"]));
        if (same) expect(again).toEqual({ ...first.result, duplicate: true });
        else expect(again).toEqual({ id: step.command.id, outcome: "conflict" });
      }
      expect(encodeTeam(played.team())).toBe(state);
      expect(played.facts).toHaveLength(length);
    });
  });

  test("[EV-27] a result has a seq exactly when a fact was made, its own; without one not a byte changed", () => {
    everyGame((draw) => {
      randomGame(draw, (_, { command, result, before, after, made }) => {
        const own = made.filter((fact) => "outcome" in fact);
        if (result.seq === undefined || result.duplicate) {
          expect(own).toEqual([]);
          if (made.length === 0) expect(after).toBe(before);
          else expect(made.every(({ type }) => type === "reached")).toBe(true);
        } else
          expect(own).toMatchObject([
            { seq: result.seq, event: command.id, outcome: result.outcome, type: command.type },
          ]);
        expect(result.id).toBe(command.id);
        if (result.duplicate) expect(result.seq).toBeDefined();
      });
    });
  });

  test("[EV-28] nothing is recorded of a player unless the hunt is live and the team not banned", () => {
    everyGame((draw) => {
      randomGame(draw, (played, { made }) => {
        if (made.length === 0) return;
        expect(played.phase).toBe("live");
        if (made.some((fact) => "outcome" in fact)) expect(played.team().banned).toBe(false);
      });
    });
  });

  test("[UN-20] a locked clue looks like one that does not exist, to every event that names it", () => {
    everyGame((draw) => {
      const { played, now } = randomGame(draw);
      const { hunt } = played.context;
      played.phase = pick(draw, ["live", "live", "live", "paused", "ended", "draft"] as const);
      const position = { lat: draw(10) / 10, lng: 0, accuracy: pick(draw, [5, 51]) };
      const text = pick(draw, ["right", "near", "wrong", "?!"]);
      for (const locked of hunt.compiled.clues) {
        if (isOpen(hunt.compiled, played.facts, played.openedAt, locked.id, now)) continue;
        const told = (id: string): string[] => {
          const commands = [
            answer("new", id, text),
            checkin("new", id, position),
            hint("new", id, "h0"),
            hint("new", id, "none"),
          ];
          return commands.map((command) =>
            JSON.stringify(decide(played.context, played.team(), "p", command, undefined, now)).replaceAll(
              id,
              "*",
            ),
          );
        };
        expect(told(locked.id)).toEqual(told("no-such-clue"));
        // A solve by hand is the team's to see, from before the opening too.
        if (played.team().solves.get(locked.id)?.byHand) continue;
        expect(seenOf(played.context, played.team(), now).map(({ id }) => id)).not.toContain(locked.id);
      }
    });
  });

  test("[UN-21] a clue is open exactly when its condition holds of the facts; solves and views agree with it", () => {
    everyGame((draw) => {
      randomGame(draw, (played, { now, made }) => {
        const { hunt } = played.context;
        const progress = progressOf(hunt, played.team(), played.openedAt, Number.MAX_SAFE_INTEGER);
        for (const one of hunt.compiled.clues) {
          const open = opensAt(hunt, one, played.team(), progress) <= now;
          expect([one.id, open]).toEqual([
            one.id,
            isOpen(hunt.compiled, played.facts, played.openedAt, one.id, now),
          ]);
        }
        const earlier = played.facts.slice(0, played.facts.length - made.length);
        for (const fact of made) {
          if (!("outcome" in fact) || fact.clue === undefined) continue;
          // What the standings' word reached is noted before the command.
          const before = [...earlier, ...made.filter((other) => other.seq < fact.seq)];
          expect(isOpen(hunt.compiled, before, played.openedAt, fact.clue, now)).toBe(true);
        }
      });
    });
  });

  test("[UN-22] once open, a clue keeps its moment, whatever is taken back, unless a solve by hand from before brings it forward; none is before the team joined or the hunt opened", () => {
    let takenBack = 0;
    everyGame((draw) => {
      const moments = new Map<string, number>();
      let seen = 0;
      randomGame(draw, (played, { now }) => {
        const fresh = played.facts.slice(seen);
        seen = played.facts.length;
        const isBroughtForward = fresh.some(
          (fact) => fact.type === "solve" && (fact.opensAt ?? fact.solvedAt) < fact.at,
        );
        takenBack += fresh.filter(({ type }) => type === "unsolve").length;
        const { hunt } = played.context;
        const progress = progressOf(hunt, played.team(), played.openedAt, Number.MAX_SAFE_INTEGER);
        for (const one of hunt.compiled.clues) {
          const opened = opensAt(hunt, one, played.team(), progress);
          expect(opened).toBeGreaterThanOrEqual(Math.max(played.openedAt, played.team().joinedAt));
          const known = moments.get(one.id);
          if (known !== undefined && !isBroughtForward) expect(opened).toBe(known);
          else if (known !== undefined) expect(opened).toBeLessThanOrEqual(known);
          if (opened <= now) moments.set(one.id, opened);
        }
      });
    }, 3_000);
    expect(takenBack).toBeGreaterThan(3);
  });

  test("[UN-23] `unlocked` lists exactly the clues that the solve opened, in the hunt's order", () => {
    let solves = 0;
    let unlocking = 0;
    everyGame((draw) => {
      randomGame(draw, (played, { now, made, result }) => {
        if (result.outcome !== "correct" || result.duplicate) return;
        const { compiled } = played.context.hunt;
        const until = (seq: number) => played.facts.filter((fact) => fact.seq <= seq);
        const before = until((result.seq ?? 0) - 1);
        const after = until(made.at(-1)?.seq ?? 0);
        const opened = compiled.clues
          .map(({ id }) => id)
          .filter(
            (id) =>
              isOpen(compiled, after, played.openedAt, id, now) &&
              !isOpen(compiled, before, played.openedAt, id, now),
          );
        expect(result.unlocked).toEqual(opened);
        solves += 1;
        if (opened.length > 0) unlocking += 1;
      });
    }, 600);
    // The games that fast-check draws must meet the case, or nothing was shown.
    expect(solves).toBeGreaterThan(100);
    expect(unlocking).toBeGreaterThan(10);
  });

  test("[AT-11] at retryAt there is a try, a millisecond before there is none", () => {
    let cooldowns = 0;
    everyGame((draw) => {
      randomGame(draw, (played, { command, player, result }) => {
        if (result.outcome !== "cooldown") return;
        cooldowns += 1;
        const retryAt = Date.parse(result.retryAt ?? "");
        const outcomeAt = (now: number): string => {
          const decision = decide(played.context, played.team(), player, command, undefined, now);
          return "result" in decision ? decision.result.outcome : "recorded";
        };
        expect(outcomeAt(retryAt - 1)).toBe("cooldown");
        expect(outcomeAt(retryAt)).not.toBe("cooldown");
      });
    }, 3_000);
    expect(cooldowns).toBeGreaterThan(10);
  });

  const KNOWN = { version: 1, left: () => undefined, announcements: [], returnCodeOf: () => "R" };

  /** A clue as its team sees it, read from the rules one by one. */
  function clueSeen({ context, openedAt }: Game, team: Team, clue: CompiledClue, now: number): ClueApart {
    const { hunt, word } = context;
    const at = opensAt(hunt, clue, team, progressOf(hunt, team, openedAt, now));
    const solve = team.solves.get(clue.id);
    const bucket = team.attempts.get(clue.id);
    const ofClue = triesOfClue(clue.attempts, bucket);
    const sent = team.submissions?.findLast((each) => each.clue === clue.id);
    const left =
      clue.kind === "scan"
        ? triesAt(hunt.compiled.attempts, team.codes, now)
        : Math.min(triesAt(clue.attempts, bucket, now), ofClue ?? Number.POSITIVE_INFINITY);
    const wait = solve ? undefined : cooldownUntil(clue.attempts, bucket, now);
    const closing = clue.closes && ("at" in clue.closes ? clue.closes.at : at + clue.closes.after);
    const value = (hunt.dynamic ? word?.values.get(clue.id) : undefined) ?? clue.points;
    const { penalty } = hunt.compiled.scoring;
    const age = now - at;
    const late = clue.speed
      ? clue.points -
        Math.ceil(
          clue.points -
            (clue.points - Math.min(clue.points, clue.speed.minimum)) *
              Math.min(1, Math.max(0, (age - clue.speed.full) / (clue.speed.none - clue.speed.full))) -
            1e-9,
        )
      : 0;
    const worth = Math.max(0, value - late - (penalty?.points ?? 0) * (bucket?.wrong ?? 0));
    const isShut = closing !== undefined && closing <= now;
    const isValued = clue.speed !== undefined || penalty !== undefined || hunt.dynamic;
    return {
      id: clue.id,
      ...(clue.round === undefined ? {} : { round: clue.round }),
      title: clue.title,
      kind: clue.kind,
      points: hunt.dynamic ? Math.max(0, value - (solve?.less ?? 0)) : (solve?.points ?? clue.points),
      ...(isValued && !solve && !isShut ? { value: worth } : {}),
      ...(clue.meta ? { meta: true } : {}),
      state: solve
        ? "solved"
        : sent && !sent.verdict
          ? "submitted"
          : closing !== undefined && closing <= now
            ? "closed"
            : "open",
      body: clue.body,
      ...(clue.kind === "submission" ? { accept: ["text"] } : {}),
      ...(sent
        ? {
            submission: {
              id: `${team.id}.${sent.seq}`,
              state: sent.verdict ?? "waiting",
              at: isoAt(sent.at),
              ...(sent.say === undefined ? {} : { say: sent.say }),
              files: [],
            },
          }
        : {}),
      ...(clue.kind === "choice"
        ? { choices: clue.choices ?? [], select: SELECTS[clue.compare] ?? "one" }
        : {}),
      ...(clue.kind === "place" ? { place: { radius: clue.place?.radius ?? 0 } } : {}),
      ...(clue.instead ? { instead: { text: clue.instead.text } } : {}),
      attempts: bucket?.wrong ?? 0,
      ...(solve ? {} : { attemptsLeft: left }),
      ...(solve || ofClue === undefined ? {} : { attemptsOfClue: ofClue }),
      ...(wait === undefined ? {} : { cooldownUntil: isoAt(wait) }),
      openedAt: isoAt(at),
      ...(solve || closing === undefined ? {} : { closesAt: isoAt(closing) }),
      ...(solve ? { solvedAt: isoAt(solve.at) } : {}),
      hints: clue.hints.map(({ id, cost, after, text }) => {
        const taken = team.hints.has(`${clue.id}/${id}`);
        return { id, cost, availableAt: isoAt(at + after), taken, ...(taken ? { text } : {}) };
      }),
    };
  }

  test("[API-34] a look shows of each clue that is seen what the rules say of it", () => {
    everyGame((draw) => {
      randomGame(draw, (played, { now }) => {
        const team = played.team();
        const { clues } = JSON.parse(
          lookText(glance(played.context, team, "p", KNOWN, now), { rank: 1 }),
        ) as MeApart;
        expect(clues).toEqual(
          seenOf(played.context, team, now).map(({ id }) =>
            clueSeen(played, team, played.context.hunt.clues.get(id) as CompiledClue, now),
          ),
        );
      });
    });
  });

  test("[API-63] [API-64] an ETag changes when the state does, and what changed leads from one look to the next", () => {
    let same = 0;
    let changed = 0;
    everyGame((draw) => {
      const player = pick(draw, ["p", "q"]);
      let before: { look: Glance; whole: MeApart; stored: string } | undefined;
      randomGame(draw, (played, { now }) => {
        const look = glance(played.context, played.team(), player, KNOWN, now);
        const whole = JSON.parse(lookText(look, { rank: 1 })) as MeApart;
        const state = stateOf(whole, look.hunt.dynamic, played.team());
        if (before) {
          const earlier = stateOf(before.whole, look.hunt.dynamic, played.team());
          const isSame = JSON.stringify(state) === JSON.stringify(earlier);
          const isStored = encodeTeam(played.team()) === before.stored;
          // Tries that came back may leave a trace that nobody is shown.
          if (!isSame || isStored) expect(look.etag === before.look.etag).toBe(isSame);
          if (isSame) same += 1;
          else changed += 1;
          expect(isComparable(look, before.look)).toBe(true);
          const text = lookText(
            look,
            { rank: 1 },
            { since: { etag: before.look.etag, glimpse: before.look } },
          );
          expect(meChanges.parse(JSON.parse(text))).toEqual(JSON.parse(text));
          expect(wholeOf(JSON.parse(text) as MeChanges, before.whole)).toEqual(whole);
          if (isSame) expect(JSON.parse(text)).toMatchObject({ clues: [], since: before.look.etag });
        }
        before = { look, whole, stored: encodeTeam(played.team()) };
      });
    });
    expect(same).toBeGreaterThan(100);
    expect(changed).toBeGreaterThan(100);
  });

  /** What of a look is the team's state: neither its time nor what others move. */
  function stateOf(whole: MeApart, isDynamic: boolean, { adjusted }: Team): object {
    const { serverTime: _, asOf: __, ...rest } = whole;
    // Neither values that fall with time.
    const still = rest.clues.map(({ value: ____, ...clue }) => clue);
    if (!isDynamic) return { ...rest, clues: still };
    const clues = still.map(({ points: ___, ...clue }) => clue);
    return { ...rest, clues, team: { ...rest.team, score: adjusted } };
  }
});
