/** Definitions the tests publish. */

/** What no public answer, log line or cache entry may ever hold. */
export const SECRET_ANSWER = "open sesame";

/** A place in the harbour of Hamburg, and one two hundred metres north of it. */
export const PIER = { lat: 53.5436, lng: 9.9669, accuracy: 10 };
export const NEAR_PIER = { ...PIER, lat: PIER.lat + 0.0018 };

/** A team hunt in which every outcome but those of prizes can be reached. */
export function everyOutcome(more: object = {}): object {
  return {
    format: 1,
    title: "Every Outcome",
    description: "A hunt of the tests.",
    teams: { mode: "teams", maxSize: 2 },
    brackets: [
      { id: "locals", title: "Locals" },
      { id: "visitors", title: "Visitors" },
    ],
    attempts: { burst: 3, refillPerMinute: 1, perClue: 0 },
    rounds: [{ id: "one", title: "One" }],
    clues: [
      {
        id: "cave",
        round: "one",
        title: "The Cave",
        body: "What does Ali Baba *say*?",
        kind: "answer",
        points: 100,
        answers: [SECRET_ANSWER],
        nudges: [{ match: ["sesame"], say: "Say all of it." }],
        hints: [
          { id: "free", text: "It is a seed.", cost: 0 },
          { id: "late", text: "Wait for it.", cost: 10, after: "1h" },
          { id: "dear", text: "Costly words.", cost: 5_000 },
        ],
      },
      { id: "chest", round: "one", title: "The Chest", kind: "scan", points: 50, opens: { solved: "cave" } },
      {
        id: "pier",
        round: "one",
        title: "The Pier",
        kind: "place",
        points: 70,
        place: { lat: PIER.lat, lng: PIER.lng, radius: 50, maxAccuracy: 100, maxSpeed: 300 },
      },
      {
        id: "flag",
        round: "one",
        title: "The Flag",
        kind: "choice",
        points: 30,
        choices: [
          { id: "red", label: "Red" },
          { id: "blue", label: "Blue" },
        ],
        answers: ["blue"],
        attempts: { burst: 3, refillPerMinute: 6, perClue: 1 },
      },
      {
        id: "vault",
        round: "one",
        title: "The Vault",
        kind: "answer",
        points: 10,
        answers: ["gold"],
        opens: "manual",
      },
      {
        id: "end",
        round: "one",
        title: "The End",
        body: "Locked words.",
        kind: "answer",
        meta: true,
        points: 200,
        answers: ["treasure"],
        opens: { solved: "chest" },
      },
    ],
    ...more,
  };
}

/** A hunt of `clues` answer clues, all open at once; the answer to `c3` is `right 3`. */
export function manyClues(clues: number, more: object = {}): object {
  return {
    format: 1,
    title: "Many Clues",
    teams: { mode: "teams", maxSize: 10 },
    attempts: { burst: 1_000, refillPerMinute: 1_000, perClue: 0 },
    rounds: [{ id: "one", title: "One" }],
    clues: Array.from({ length: clues }, (_, index) => ({
      id: `c${index}`,
      round: "one",
      title: `Clue ${index}`,
      kind: "answer",
      points: 10,
      answers: [`right ${index}`],
    })),
    ...more,
  };
}

/** A hunt for single players. */
export function soloHunt(more: object = {}): object {
  return manyClues(2, { title: "Solo", teams: { mode: "solo" }, ...more });
}
