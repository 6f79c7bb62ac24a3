/**
 * The shard's side of the vault: claims that the rules allow gather while one
 * call is under way and go together with the next, and what the vault said of
 * the stock is cached, so that a drained prize costs no call.
 */
import { type Clock, within } from "../clock.ts";
import { type Refusal, refuse } from "../errors.ts";
import type { VaultDecision } from "../hunt/claim.ts";
import type { Decision } from "../hunt/turn.ts";
import type { ClaimRequest, ClaimResponse } from "../objects/prizes.ts";
import type { Claim, Command, NewFact, Result } from "../protocol.ts";

/** Claims in one call; the vault takes no more. */
const BATCH_MAX = 500;

/** Calls for one batch, each with a fresh stub: a claim is safe to repeat. */
const ATTEMPTS = 3;

/** How long one call may take, ms. */
const DEADLINE = 3_000;

/** First wait between calls, ms; doubles, with jitter. */
const RETRY_WAIT = 50;

export interface ClaimDeps {
  shard: string;
  /** The revision of the configuration that the shard decides by. */
  revision(): number;
  /** One call on the vault, through a stub of its own. */
  call(request: ClaimRequest): Promise<ClaimResponse | Refusal>;
  clock: Clock;
}

interface Waiting {
  claim: Claim;
  settle(outcome: VaultDecision | Refusal): void;
}

export class ClaimDesk {
  readonly #deps: ClaimDeps;
  #queue: Waiting[] = [];
  #calling = false;
  readonly #left = new Map<string, number>();
  readonly #drained = new Set<string>();

  constructor(deps: ClaimDeps) {
    this.#deps = deps;
  }

  /** Asks the vault; the caller bounds how many wait. A refusal: the vault cannot be reached now. */
  ask(claim: Claim): Promise<VaultDecision | Refusal> {
    return new Promise((settle) => {
      this.#queue.push({ claim, settle });
      if (!this.#calling) void this.#callAll();
    });
  }

  /** Units left when the vault last said so. */
  left(prize: string): number | undefined {
    return this.#left.get(prize);
  }

  /** Nothing is left of the prize, nor reserved for a claim of this shard whose result was lost. */
  drained(prize: string): boolean {
    return this.#drained.has(prize);
  }

  /** The configuration changed: there may be more stock. */
  forget(): void {
    this.#drained.clear();
  }

  async #callAll(): Promise<void> {
    this.#calling = true;
    try {
      // Lets the claims that arrived together come in first.
      await Promise.resolve();
      while (this.#queue.length > 0) {
        const batch = this.#queue.slice(0, BATCH_MAX);
        this.#queue = this.#queue.slice(BATCH_MAX);
        const response = await this.#call(batch.map(({ claim }) => claim));
        batch.forEach(({ settle }, index) => {
          if ("refused" in response) settle(response);
          else settle(response.answers[index] ?? UNREACHED);
        });
      }
    } finally {
      this.#calling = false;
    }
  }

  /** Never throws: whoever waits gets a decision or a refusal. */
  async #call(claims: Claim[]): Promise<ClaimResponse | Refusal> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { shard } = this.#deps;
        const request = { shard, revision: this.#deps.revision(), claims };
        const response = await within(this.#deps.clock, DEADLINE, this.#deps.call(request));
        if (!("refused" in response)) this.#cache(response);
        return response;
      } catch (error) {
        console.warn({ message: "the prize vault did not respond", attempt, error: String(error) });
        const { overloaded } = error as { overloaded?: boolean };
        if (overloaded || attempt === ATTEMPTS) return UNREACHED;
        await this.#deps.clock.after(RETRY_WAIT * 2 ** (attempt - 1) * (0.5 + Math.random()));
      }
    }
  }

  #cache({ revision, left, settled }: ClaimResponse): void {
    // What an older configuration said of the stock may be out of date.
    if (revision < this.#deps.revision()) return;
    for (const [prize, units] of Object.entries(left)) {
      this.#left.set(prize, units);
      if (units === 0 && settled) this.#drained.add(prize);
    }
  }
}

/** Claims under way, by recall key: the same claim again gets the same result. */
export class ClaimsUnderWay {
  readonly #claims = new Map<string, { player: string; prize: string; result: Claimed }>();

  add(key: string, player: string, prize: string, result: Claimed): Claimed {
    const ended = result.finally(() => this.#claims.delete(key));
    this.#claims.set(key, { player, prize, result: ended });
    return ended;
  }

  /** Those of the player. They settle, whatever comes of them. */
  of(player: string): Claimed[] {
    return [...this.#claims.values()].filter((each) => each.player === player).map(({ result }) => result);
  }

  /** What a command gets whose id such a claim has; undefined: none has. */
  share(key: string, player: string, command: Command): Result | { claim: Claimed } | undefined {
    const known = this.#claims.get(key);
    if (!known) return undefined;
    if (command.type !== "claim" || command.prize !== known.prize)
      return { id: command.id, outcome: "conflict" };
    return {
      claim: known.result.then((first) => {
        if ("refused" in first) return first;
        return {
          ...first,
          ...(first.prize && player !== known.player ? { prize: { id: first.prize.id } } : {}),
          ...(first.seq === undefined ? {} : { duplicate: true as const }),
        };
      }),
    };
  }
}

/** Claims of one team and prize that may wait for their turn. */
const LINE_MAX = 256;

/** Decides a waiting claim anew: a result, or the vault must be asked, or the claim waits on. */
export type Again = () => Result | ClaimDecision;
export type ClaimDecision = Exclude<Decision, { result: Result } | { facts: NewFact[] }>;

interface Line {
  /** Players of the claims that the vault is deciding. */
  asked: string[];
  /** Those behind them, in order. */
  waiting: {
    player: string;
    again: Again;
    go(decided: "ask" | Result | Refusal): void;
    fail(error: unknown): void;
  }[];
}

/**
 * Each team's claims of each prize, in a line: the vault is asked about several
 * at once only while its decision on some cannot get others refused. So
 * claims sent together come to the same as those sent one after the other.
 */
export class ClaimLines {
  readonly #lines = new Map<string, Line>();

  /** See `PrizeState.asked`. */
  asked(team: string, prize: string): readonly string[] {
    return this.#lines.get(lineOf(team, prize))?.asked ?? [];
  }

  /**
   * Runs `ask` when it is the claim's turn; the claim's attempt is reserved meanwhile. `first`: the
   * decision on it now; `again` decides and records it anew, without an await.
   */
  async take(
    { team, prize, player }: Claim,
    first: ClaimDecision,
    again: Again,
    ask: () => Claimed,
  ): Claimed {
    const key = lineOf(team, prize);
    const line = this.#lines.get(key) ?? { asked: [], waiting: [] };
    this.#lines.set(key, line);
    if (first.waits || line.waiting.length > 0) {
      if (line.waiting.length >= LINE_MAX) return CROWDED;
      const turn = await new Promise<"ask" | Result | Refusal>((go, fail) => {
        line.waiting.push({ player, again, go, fail });
      });
      if (turn !== "ask") return turn;
    } else line.asked.push(player);
    let came: Awaited<Claimed> | undefined;
    try {
      came = await ask();
      return came;
    } finally {
      line.asked.splice(line.asked.indexOf(player), 1);
      // Those behind would wait for the same vault as long as this one did.
      if (came === undefined || "refused" in came) refuseAll(line, came ?? UNREACHED);
      else moveUp(line);
      if (line.asked.length === 0 && line.waiting.length === 0) this.#lines.delete(key);
    }
  }
}

/** Decides those who wait anew, until one has to wait on. Their places are reserved at once. */
function moveUp(line: Line): void {
  for (let head = line.waiting[0]; head; head = line.waiting[0]) {
    try {
      const decided = head.again();
      if (!("claim" in decided)) head.go(decided);
      else if (decided.waits) return;
      else {
        line.asked.push(head.player);
        head.go("ask");
      }
    } catch (error) {
      head.fail(error);
    }
    line.waiting.shift();
  }
}

function refuseAll(line: Line, refusal: Refusal): void {
  for (const { go } of line.waiting.splice(0)) go(refusal);
}

const lineOf = (team: string, prize: string): string => `${team}/${prize}`;

/** A claim's result. A refusal: it could not be decided, and may be sent again. */
export type Claimed = Promise<Result | Refusal>;

const CROWDED = refuse("overloaded", "the team has too many claims of this prize waiting");

const UNREACHED = refuse(
  "unavailable",
  "the prizes cannot be handed out at this moment; send the claim again",
);
