/** The hunt that a soak plays: every kind of clue, hints that cost, a prize by chance. */

export const ANSWERS = 400;
const PLACES = 4;
const SCANS = 4;

/** The middle of the places: the harbour of Hamburg. */
const HARBOUR = { lat: 53.5436, lng: 9.9669 };

export const PRIZE = "shell";
export const PRIZE_STOCK = 40;

export const answerClue = (index: number): string => `answer-${index}`;
export const placeClue = (index: number): string => `place-${index}`;
export const codeOf = (index: number): string => `soak-code-number-${index}`;
export const rightAnswer = (index: number): string => `word ${index}`;
export const positionOf = (index: number) => ({
  lat: HARBOUR.lat + index * 0.001,
  lng: HARBOUR.lng,
  accuracy: 10,
});

/** The definition; versions differ in titles only, so that what was decided stays decidable again. */
export function definitionOf(hunt: string, version: number): object {
  const clue = (id: string, more: object) => ({ id, round: "all", title: `${id} v${version}`, ...more });
  return {
    format: 1,
    hunt,
    title: `Soak, version ${version}`,
    teams: { mode: "teams", maxSize: 20 },
    attempts: { burst: 20, refillPerMinute: 600, perClue: 0 },
    rounds: [{ id: "all", title: "All" }],
    clues: [
      ...Array.from({ length: ANSWERS }, (_, index) =>
        clue(answerClue(index), {
          kind: "answer",
          body: "Say the word.",
          points: 10 + index,
          answers: [rightAnswer(index)],
          nudges: [{ match: [`near ${index}`], say: "Near." }],
          hints: [
            { id: "free", text: "It is a word.", cost: 0 },
            { id: "dear", text: "It has a number.", cost: 2 },
          ],
          // Every third clue waits for the one before it.
          ...(index % 3 === 2 ? { opens: { solved: answerClue(index - 1) } } : {}),
        }),
      ),
      ...Array.from({ length: PLACES }, (_, index) => {
        const { lat, lng } = positionOf(index);
        return clue(placeClue(index), {
          kind: "place",
          points: 30,
          place: { lat, lng, radius: 40, maxAccuracy: 100, maxSpeed: 300 },
        });
      }),
      ...Array.from({ length: SCANS }, (_, index) =>
        clue(`scan-${index}`, { kind: "scan", points: 20, code: codeOf(index) }),
      ),
    ],
    prizes: [{ id: PRIZE, title: "Shell", mode: "odds", odds: 0.3, stock: PRIZE_STOCK, perTeam: 4 }],
  };
}
