/**
 * A player's look at `/me` against a wrong answer: all of it, what changed, and that nothing did. And
 * what a no-op call on an object costs, which a look needs as an answer does.
 */
import { startedBy } from "../measure/cpu.ts";
import type { Call } from "./client.ts";
import { startEngines } from "./engines.ts";
import { type Case, ratioOf } from "./figures.ts";
import { startFloor } from "./floor.ts";
import { openBenchHunt } from "./hunt.ts";
import { casesOf, type Settings, takeTurns } from "./rounds.ts";

const TEAMS = 500;

/** The looks, and what each may cost of a wrong answer's CPU time. */
const LOOKS = ["me", "me, what changed", "me, 304"] as const;

export async function measureLooks(scratch: string, settings: Settings): Promise<Case[]> {
  const floor = await startedBy(() => startFloor(scratch));
  const [of] = await startEngines(scratch, undefined);
  if (!of) throw new Error("no engine was started");
  const { engine, origin, pid } = of;
  try {
    const hunt = await openBenchHunt(engine, { teams: TEAMS });
    const path = `/v1/hunts/${hunt.id}/me`;
    const headersOf = (team: number) => ({ authorization: `Bearer ${hunt.token(team)}` });
    const etags: string[] = [];
    /** The ETags of now: the answers of the round before changed them. */
    const look = async (): Promise<void> => {
      for (let team = 0; team < TEAMS; team += 1) {
        const response = await fetch(new URL(path, origin), { headers: headersOf(team) });
        await response.text();
        etags[team] = response.headers.get("etag") ?? "";
      }
    };
    let team = 0;
    const next = (call: (team: number) => Partial<Call>) => (): Call => {
      team = (team + 1) % TEAMS;
      return { method: "GET", path, headers: headersOf(team), ...call(team) };
    };
    const contenders = [
      {
        name: "rpc",
        origin: floor.value.url,
        pid: floor.pid,
        next: (): Call => ({
          method: "POST",
          path: "/rpc",
          headers: { "content-type": "application/json" },
          body: hunt.body(),
        }),
      },
      { name: "wrong answer", origin, pid, next: () => hunt.event() },
      { name: "me", origin, pid, next: next(() => ({})), check: (body: string) => body.includes("clue-49") },
      {
        name: "me, what changed",
        origin,
        pid,
        before: look,
        next: next((of) => ({ path: `${path}?since=${encodeURIComponent(etags[of] ?? "")}` })),
        check: (body: string) => body.includes('"since"') && !body.includes("clue-49"),
      },
      {
        name: "me, 304",
        origin,
        pid,
        before: look,
        next: next((of) => ({ headers: { ...headersOf(of), "if-none-match": etags[of] ?? "" } })),
        check: (body: string) => body === "",
      },
    ];
    const all = await takeTurns(contenders, settings);
    const wrong = all.get("wrong answer")?.cpu ?? [];
    return [
      ...casesOf(all),
      ...LOOKS.map((name) => ratioOf(`${name} / wrong answer, CPU`, all.get(name)?.cpu ?? [], wrong)),
    ];
  } finally {
    await engine.stop();
    await floor.value.stop();
  }
}
