/**
 * Live sockets: how long until an announcement has reached the last of 2,000
 * sockets, and a solve the last spectator. The clients share the machine with
 * the engine.
 */
import { WebSocket } from "undici";
import type { JoinBody, Joined } from "../../../src/contract/join.ts";
import type { Ticket } from "../../../src/contract/live.ts";
import type { EventsBody } from "../../../src/contract/play.ts";
import type { AnnouncementBody } from "../../../src/contract/running.ts";
import { startEngine } from "../../local/engine.ts";
import { BENCH_VARS } from "./engines.ts";
import { type Case, caseOf } from "./figures.ts";
import { BENCH_HUNT, benchDefinition, organise } from "./hunt.ts";

const PLAYERS = 1_000;
const SPECTATORS = 1_000;
const REPEATS = 5;

/** Sockets opened at the same time. */
const OPENING = 50;

/** After which a frame counts as lost, ms. */
const LOST_AFTER = 30_000;

type Listener = (frame: string) => void;

export async function measureLive(say: (line: string) => void): Promise<Case[]> {
  const engine = await startEngine({ vars: BENCH_VARS });
  const listeners = new Set<Listener>();
  const sockets: WebSocket[] = [];
  try {
    await organise(engine, "PUT", `/v1/hunts/${BENCH_HUNT}`, benchDefinition);
    await organise(engine, "POST", `/v1/hunts/${BENCH_HUNT}/phase`, { phase: "live" });
    const base = new URL(`/v1/hunts/${BENCH_HUNT}/`, engine.url);
    const post = async <Told>(path: string, body: object | undefined, token?: string): Promise<Told> => {
      const response = await fetch(new URL(path, base), {
        method: "POST",
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as Told;
    };
    const open = async (number: number): Promise<string | undefined> => {
      const url = new URL("live", base);
      url.protocol = "ws:";
      let token: string | undefined;
      if (number < PLAYERS) {
        ({ token } = await post<Joined>("players", { name: `Player ${number}` } satisfies JoinBody));
        url.searchParams.set("ticket", (await post<Ticket>("tickets", undefined, token)).ticket);
      }
      const socket = new WebSocket(url);
      sockets.push(socket);
      socket.addEventListener("message", ({ data }) => {
        for (const listener of listeners) listener(String(data));
      });
      await new Promise<void>((opened, failed) => {
        socket.addEventListener("open", () => opened());
        socket.addEventListener("error", () => failed(new Error("a socket was refused")));
      });
      return token;
    };
    say(`opening ${PLAYERS + SPECTATORS} sockets`);
    const tokens: string[] = [];
    const numbers = Array.from({ length: PLAYERS + SPECTATORS }, (_, number) => number).values();
    await Promise.all(
      Array.from({ length: OPENING }, async () => {
        for (const number of numbers) {
          const token = await open(number);
          if (token !== undefined) tokens.push(token);
        }
      }),
    );
    /** Ms until `count` frames that hold `text` have come, from the moment `cause` begins. */
    const until = async (count: number, text: string, cause: () => Promise<unknown>): Promise<number> => {
      const started = performance.now();
      let seen = 0;
      const all = new Promise<number>((done, failed) => {
        const lost = setTimeout(
          () => failed(new Error(`${seen} of ${count} sockets heard of ${text}`)),
          LOST_AFTER,
        );
        const listener: Listener = (frame) => {
          if (!frame.includes(text)) return;
          seen += 1;
          if (seen < count) return;
          clearTimeout(lost);
          listeners.delete(listener);
          done(performance.now() - started);
        };
        listeners.add(listener);
      });
      await cause();
      return all;
    };
    const announced: number[] = [];
    const scored: number[] = [];
    for (let repeat = 0; repeat < REPEATS; repeat += 1) {
      const text = `announcement ${repeat}`;
      announced.push(
        await until(PLAYERS + SPECTATORS, text, () =>
          organise(engine, "POST", `/v1/hunts/${BENCH_HUNT}/announcements`, {
            text,
          } satisfies AnnouncementBody),
        ),
      );
      // The first place's new score stands in exactly one frame for each spectator.
      const score = `"score":${100 * (repeat + 1)},`;
      scored.push(
        await until(SPECTATORS, score, () =>
          post(
            "events",
            {
              events: [
                { id: `s${repeat}`, type: "answer", clue: `clue-${repeat}`, answer: `answer ${repeat}` },
              ],
            } satisfies EventsBody,
            tokens[0],
          ),
        ),
      );
    }
    return [
      caseOf(`announcement to ${PLAYERS + SPECTATORS} sockets`, "ms", announced),
      caseOf(`solve to ${SPECTATORS} spectators`, "ms", scored),
    ];
  } finally {
    for (const socket of sockets) socket.close();
    await engine.stop();
  }
}
