import type { Words } from "../templates.ts";

export const words: Words = {
  titles: {
    trail: "A walk through town",
    puzzles: "The puzzle hunt",
    ctf: "Capture the flag",
    advent: "Advent calendar",
    museum: "A tour of the museum",
  },
  descriptions: {
    trail: "Five stops, one team, an afternoon. Change the texts, and set the places.",
    puzzles: "Two rounds of puzzles. What you find in them leads to the answer of each round.",
    ctf: "Find the flags. A flag looks like `flag{…}`.",
    advent: "A door a day until Christmas Eve.",
    museum: "Scan the signs beside the exhibits, and look closely.",
  },
  rounds: {
    town: "In town",
    first: "First round",
    second: "Second round",
    warmUp: "Warm-up",
    harder: "Harder",
    doors: "Doors",
    tour: "The tour",
  },
  bench: ["The bench", "Whose name is on the bench by the well?", "Marie", "Look at the back of it."],
  statue: ["The statue", "What does she hold in her left hand?", "a book", "a sword"],
  poster: ["The poster", "Our code hangs in the window of the bakery."],
  square: ["The square", "Go to where four streets meet."],
  last: ["The last word", "Put the first letters of your answers together.", "word"],
  puzzle: ["Puzzle", "Write your puzzle here.", "answer"],
  meta: ["Meta", "What do the answers of this round have in common?", "answer"],
  flag: ["Flag", "Say here where the flag is hidden."],
  door: ["Door", "Write today’s riddle here.", "answer"],
  exhibit: ["Question", "What do you see on it?", "a ship", "a horse"],
  label: ["Room", "Scan the sign beside the door."],
  prize: "A surprise",
};
