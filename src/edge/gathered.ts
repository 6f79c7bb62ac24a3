/**
 * Calls of one isolate on one object, gathered: while two are under way, what others ask waits
 * and goes together as the next. A call costs the object and the isolate more than most of what
 * is asked. Where nobody waits, everything is asked at once.
 *
 * A request makes its call for others, and its client may vanish: the call goes on (`later`), and
 * who waits asks alone after `patience`. So this is for what may be asked twice.
 */

import { BoundedMap } from "../bounded-map.ts";
import type { RequestTimer } from "./request-timer.ts";

/** Objects that are remembered: one forgotten while it is asked only gathers less. */
const LANES_MAX = 2_000;

/** Calls under way on one object before others gather. */
const UNDER_WAY_MAX = 2;

/** A call that is under way for longer died with its request, ms. */
const CALL_MAX = 10_000;

interface Waiting<Ask, Told> {
  ask: Ask;
  told(told: Told): void;
  failed(error: unknown): void;
  /** It is this one's turn to make the call. */
  lead(): void;
}

interface Lane<Ask, Told> {
  /** When each call under way began, epoch ms. */
  calls: { since: number }[];
  waiting: Waiting<Ask, Told>[];
}

/** A request's means: what it does ends with it. */
export interface GatherDeps {
  /** Epoch ms. */
  now(): number;
  timer(ms: number, late: () => void): { cancel(): void };
  /** Keeps the request alive for a task that never rejects. */
  later(task: Promise<unknown>): void;
}

export class Gathered<Ask, Told> {
  readonly #lanes = new BoundedMap<string, Lane<Ask, Told>>(LANES_MAX);
  readonly #callMax: number;
  readonly #patience: number;

  /** `callMax`: asks in one call. `patience`: longest wait for others' calls, ms. */
  constructor({ callMax, patience }: { callMax: number; patience: number }) {
    this.#callMax = callMax;
    this.#patience = patience;
  }

  /**
   * What `call` tells of `ask`, alone or with others that go to the same object (`key`). `call` gives
   * what it tells in order, of the first at least; the rest is asked again. Its error is everybody's in it.
   */
  async ask(
    key: string,
    ask: Ask,
    call: (asks: readonly Ask[]) => Promise<readonly Told[]>,
    deps: GatherDeps,
  ): Promise<Told> {
    const lane = this.#lanes.get(key) ?? this.#lanes.set(key, { calls: [], waiting: [] });
    if (this.#isFree(lane, deps.now())) return this.#call(lane, ask, call, deps);
    const { waiting } = lane;
    // Made by the platform and not by `new Promise`, which V8's optimised code makes without noting
    // whose it is: what waits for it would then go on as a part of the request that resolves it.
    const { promise, resolve, reject } = Promise.withResolvers<{ told: Told } | "lead">();
    const own: Waiting<Ask, Told> = {
      ask,
      told: (told) => resolve({ told }),
      failed: reject,
      lead: () => resolve("lead"),
    };
    // Also what the platform sees this request wait for: one that waits for others alone counts as hung.
    const timer = deps.timer(this.#patience, () => {
      const place = waiting.indexOf(own);
      if (place >= 0) waiting.splice(place, 1);
      resolve("lead");
    });
    waiting.push(own);
    const turn = await promise.finally(() => timer.cancel());
    return turn === "lead" ? this.#call(lane, ask, call, deps) : turn.told;
  }

  #isFree({ calls }: Lane<Ask, Told>, now: number): boolean {
    if (calls.length < UNDER_WAY_MAX) return true;
    const dead = calls.findIndex(({ since }) => since > now || now - since > CALL_MAX);
    if (dead >= 0) calls.splice(dead, 1);
    return dead >= 0;
  }

  /** Asks for this one and those that wait. */
  async #call(
    lane: Lane<Ask, Told>,
    own: Ask,
    call: (asks: readonly Ask[]) => Promise<readonly Told[]>,
    deps: GatherDeps,
  ): Promise<Told> {
    const others = lane.waiting.splice(0, this.#callMax - 1);
    const running = { since: deps.now() };
    lane.calls.push(running);
    const calling = call(others.length === 0 ? [own] : [own, ...others.map(({ ask }) => ask)]);
    const ending = calling.then(
      (told) => {
        end(lane, running);
        others.forEach((other, index) => {
          if (index + 1 < told.length) other.told(told[index + 1] as Told);
        });
        const left = others.slice(Math.max(0, told.length - 1));
        if (left.length > 0) lane.waiting.unshift(...left);
        lane.waiting.shift()?.lead();
      },
      (error: unknown) => {
        end(lane, running);
        for (const other of others) other.failed(error);
        lane.waiting.shift()?.lead();
      },
    );
    deps.later(ending);
    const [told] = await calling;
    return told as Told;
  }
}

function end({ calls }: Pick<Lane<unknown, unknown>, "calls">, running: { since: number }): void {
  const place = calls.indexOf(running);
  if (place >= 0) calls.splice(place, 1);
}

/** Of a request that waits for nothing else. */
const ownTimer: Pick<RequestTimer, "arm"> = {
  arm(ms, late) {
    const timer = setTimeout(late, ms);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** The means of a request. */
export const gatherDeps = (context: Pick<ExecutionContext, "waitUntil">, timer = ownTimer): GatherDeps => ({
  now: Date.now,
  timer: (ms, late) => timer.arm(ms, late),
  later: (task) => context.waitUntil(task),
});
