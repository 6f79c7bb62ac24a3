/** Peaks of real campaigns, to hold a plan against. */
import { START_EVENTS_PER_TEAM, USE } from "../../../src/capacity.ts";
import type { Question } from "./plan.ts";

const base: Omit<Question, "players" | "peak" | "burst" | "hour"> = {
  teamSize: 1,
  mode: "http",
  batch: 1,
  regions: 5,
  use: USE,
};

export const KNOWN_PEAKS: { title: string; question: Question }[] = [
  {
    // Coinbase's advertisement of February 2022: 20 million hits in a minute; the site went down.
    title: "A QR code in a Super Bowl spot: 20 million hits in a minute",
    question: { ...base, players: 20e6, peak: 20e6 / 60, burst: 60, hour: 20e6, regions: 3 },
  },
  {
    // HQ Trivia, March 2018: 2.4 million players, an answer each within ten seconds.
    title: "A quiz show: 2.4 million answers in ten seconds",
    question: {
      ...base,
      players: 2.4e6,
      peak: 240e3,
      burst: 10,
      hour: 12 * 2.4e6,
      regions: 3,
      mode: "socket",
    },
  },
  {
    title: "A puzzle hunt's start: 1,000 teams of five open every clue",
    question: {
      ...base,
      players: 5_000,
      peak: 1_000 * START_EVENTS_PER_TEAM,
      burst: 60,
      hour: 60e3,
      teamSize: 5,
      regions: 1,
    },
  },
];
