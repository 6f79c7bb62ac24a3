/** Hunts to begin with, in the reader's language. PURE. */
import { textOf } from "../document/source.ts";

export const TEMPLATES = ["trail", "puzzles", "ctf", "advent", "museum"] as const;
export type Template = (typeof TEMPLATES)[number];

/** What the hunts say; clues as title, text, answers and, for choices, what is offered. */
export interface Words {
  titles: Record<Template, string>;
  descriptions: Record<Template, string>;
  rounds: {
    town: string;
    first: string;
    second: string;
    warmUp: string;
    harder: string;
    doors: string;
    tour: string;
  };
  bench: readonly [title: string, body: string, answer: string, hint: string];
  statue: readonly [title: string, body: string, right: string, wrong: string];
  poster: readonly [title: string, body: string];
  square: readonly [title: string, body: string];
  last: readonly [title: string, body: string, answer: string];
  puzzle: readonly [title: string, body: string, answer: string];
  meta: readonly [title: string, body: string, answer: string];
  flag: readonly [title: string, body: string];
  door: readonly [title: string, body: string, answer: string];
  exhibit: readonly [title: string, body: string, right: string, wrong: string];
  label: readonly [title: string, body: string];
  prize: string;
}

/** A place to begin with, until the author sets another. */
const PLACE = { lat: 52.5163, lng: 13.3777, radius: 40 };

/** Doors of an advent calendar, and the hour of the reader's day at which each opens. */
const DOORS = 24;
const DOOR_OPENS = 6;

/** As an author writes a time. */
const iso = (at: Date): string => at.toISOString().replace(/\.\d+Z$/, "Z");

const base = (words: Words, template: Template) => ({
  format: 1,
  title: words.titles[template],
  description: words.descriptions[template],
});

/** `now`: the calendar is of the December that comes next. */
export function templateText(template: Template, words: Words, now: Date): string {
  return textOf(BUILD[template](words, now));
}

const BUILD: Record<Template, (words: Words, now: Date) => Record<string, unknown>> = {
  trail: (words) => {
    const round = "town";
    const [bench, statue, poster, square, last] = [
      words.bench,
      words.statue,
      words.poster,
      words.square,
      words.last,
    ];
    return {
      ...base(words, "trail"),
      teams: { mode: "teams", maxSize: 6 },
      scoring: { finish: "last" },
      rounds: [{ id: round, title: words.rounds.town }],
      clues: [
        {
          ...{
            id: "bench",
            round,
            title: bench[0],
            body: bench[1],
            kind: "answer",
            points: 50,
            answers: [bench[2]],
          },
          hints: [{ id: "hint", text: bench[3], cost: 10, after: "5m" }],
        },
        {
          id: "statue",
          round,
          title: statue[0],
          body: statue[1],
          kind: "choice",
          points: 50,
          ...choices(statue),
          opens: { solved: "bench" },
        },
        {
          id: "poster",
          round,
          title: poster[0],
          body: poster[1],
          kind: "scan",
          points: 50,
          opens: { solved: "statue" },
        },
        {
          id: "square",
          round,
          title: square[0],
          body: square[1],
          kind: "place",
          points: 50,
          place: PLACE,
          opens: { solved: "poster" },
        },
        {
          id: "last",
          round,
          title: last[0],
          body: last[1],
          kind: "answer",
          points: 100,
          meta: true,
          answers: [last[2]],
          opens: { solvedIn: round, atLeast: 4 },
        },
      ],
      prizes: [{ id: "prize", title: words.prize, stock: 3, requires: { solved: "last" } }],
    };
  },
  puzzles: (words) => ({
    ...base(words, "puzzles"),
    teams: { mode: "teams", maxSize: 8 },
    scoring: { ranking: "finish", finish: "second-meta" },
    rounds: [
      { id: "first", title: words.rounds.first },
      { id: "second", title: words.rounds.second },
    ],
    clues: ["first", "second"].flatMap((round, index) => [
      ...[1, 2, 3].map((number) => ({
        id: `${round}-${number}`,
        round,
        title: `${words.puzzle[0]} ${3 * index + number}`,
        body: words.puzzle[1],
        kind: "answer",
        points: 100,
        answers: [words.puzzle[2]],
        ...(index === 0 ? {} : { opens: { solved: "first-meta" } }),
      })),
      {
        ...{
          id: `${round}-meta`,
          round,
          title: `${words.meta[0]} ${index + 1}`,
          body: words.meta[1],
          kind: "answer",
          points: 300,
        },
        ...{ meta: true, answers: [words.meta[2]], opens: { solvedIn: round, atLeast: 2 } },
      },
    ]),
  }),
  ctf: (words) => ({
    ...base(words, "ctf"),
    attempts: { burst: 10, refillPerMinute: 10, perClue: 100 },
    scoring: { decay: { kind: "log", minimum: 50, solves: 40 }, firstSolves: [30, 20, 10] },
    rounds: [
      { id: "warm-up", title: words.rounds.warmUp },
      { id: "harder", title: words.rounds.harder },
    ],
    clues: ["warm-up", "warm-up", "harder", "harder"].map((round, index) => ({
      id: `flag-${index + 1}`,
      round,
      title: `${words.flag[0]} ${index + 1}`,
      body: words.flag[1],
      kind: "answer",
      compare: "exact",
      points: index < 2 ? 100 : 300,
      answers: [`flag{change_me_${index + 1}}`],
    })),
  }),
  advent: (words, now) => {
    const year = now.getMonth() === 11 && now.getDate() > DOORS ? now.getFullYear() + 1 : now.getFullYear();
    return {
      ...base(words, "advent"),
      rounds: [{ id: "doors", title: words.rounds.doors }],
      clues: Array.from({ length: DOORS }, (_, index) => ({
        id: `door-${index + 1}`,
        round: "doors",
        title: `${words.door[0]} ${index + 1}`,
        body: words.door[1],
        kind: "answer",
        points: 10,
        answers: [words.door[2]],
        opens: { at: iso(new Date(year, 11, index + 1, DOOR_OPENS)) },
      })),
      prizes: [{ id: "prize", title: words.prize, stock: 1, requires: { solvedIn: "doors", atLeast: 20 } }],
    };
  },
  museum: (words) => {
    const [exhibit, label] = [words.exhibit, words.label];
    return {
      ...base(words, "museum"),
      rounds: [{ id: "tour", title: words.rounds.tour }],
      clues: [1, 2, 3].flatMap((number) => [
        {
          id: `room-${number}`,
          round: "tour",
          title: `${label[0]} ${number}`,
          body: label[1],
          kind: "scan",
          points: 10,
        },
        {
          ...{
            id: `question-${number}`,
            round: "tour",
            title: `${exhibit[0]} ${number}`,
            body: exhibit[1],
            kind: "choice",
            points: 20,
          },
          ...{ ...choices(exhibit), opens: { solved: `room-${number}` } },
        },
      ]),
      prizes: [{ id: "prize", title: words.prize, stock: 100, requires: { points: 60 } }],
    };
  },
};

const choices = ([, , right, wrong]: readonly [string, string, string, string]) => ({
  choices: [
    { id: "a", label: right },
    { id: "b", label: wrong },
  ],
  answers: ["a"],
});
