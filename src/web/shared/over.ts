import type { Phase } from "../../contract/basics.ts";

/** Nobody plays any more. */
export const isOver = (phase: Phase | undefined): boolean => phase === "ended" || phase === "final";
