/** How a command fails: an exit code and one line, never a stack trace. */
import type { Problem } from "../../src/contract/problem.ts";
import type { Output } from "./output.ts";

export const EXIT = {
  ok: 0,
  /** The engine, or a check, said no. */
  refused: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The engine could not be reached, or the connection broke. */
  unreachable: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An error response: the engine's problem document, or, where there is none, a title and the status. */
export type Refusal = Pick<Problem, "title" | "status"> & Partial<Problem>;

export class Failure extends Error {
  readonly exit: ExitCode;
  /** The engine's response, if there was one. */
  readonly problem: Refusal | undefined;

  constructor(exit: ExitCode, message: string, problem?: Refusal) {
    super(message);
    this.name = "Failure";
    this.exit = exit;
    this.problem = problem;
  }
}

export function refused(message: string): Failure {
  return new Failure(EXIT.refused, message);
}

export function wrongUsage(message: string): Failure {
  return new Failure(EXIT.usage, message);
}

/** Prints a failure and tells the exit code; throws what is a mistake of ours. */
export async function printFailure(error: unknown, out: Output): Promise<ExitCode> {
  if (error instanceof Failure) {
    out.error(error.message);
    out.errorIssues(error.problem?.issues ?? []);
    if (out.json && error.problem) await out.value(error.problem);
    return error.exit;
  }
  // Of the system (a full disk, no permission): its message says it in one line. Anything else is our mistake.
  if (error instanceof Error && typeof (error as NodeJS.ErrnoException).code === "string") {
    out.error(error.message);
    return EXIT.refused;
  }
  throw error;
}
