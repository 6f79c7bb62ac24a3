/** Deleting a hunt, whole: a job that goes on by itself. */
import { z } from "zod";
import { id, reason, slug, time, told, whole } from "./basics.ts";

export const deleteHuntQuery = z.strictObject({
  confirm: z
    .string()
    .max(63)
    .meta({
      description: "The hunt's id once more: nobody deletes another one by mistake",
      examples: ["harbour-nights"],
    }),
  reason: reason.min(1),
});

const job = id.meta({
  description: "The job",
  examples: ["d-6c7d5a0e-3d3f-4b7e-9d7b-6f0f1e2d3c4b"],
});

export const deletionBegun = z.strictObject({ job }).meta({
  id: "DeletionBegun",
  description: "The hunt exists for nobody any more, and is being erased",
  examples: [{ job: "d-6c7d5a0e-3d3f-4b7e-9d7b-6f0f1e2d3c4b" }],
});
export type DeletionBegun = z.infer<typeof deletionBegun>;

export const deletionJob = z
  .strictObject({
    job,
    hunt: slug.describe("The hunt that is deleted"),
    state: z.enum(["running", "done", "failed"]).meta({
      description:
        "running: it goes on by itself, whatever restarts; done: nothing of the hunt is left, and its id is free; failed: given up after a day in vain, and asked for again it goes on",
      examples: ["running"],
    }),
    done: whole("Steps that are done", 17),
    of: whole("Steps in all", 33),
    begunAt: time.describe("When it was asked for"),
    endedAt: time.describe("When it was done").exactOptional(),
    waitsFor: told(
      "What the last try could not erase, and why; it is tried again",
      "origin: the origin is unavailable: open",
    ).exactOptional(),
  })
  .meta({
    id: "DeletionJob",
    description: "How far a deletion is",
    examples: [
      {
        job: "d-6c7d5a0e-3d3f-4b7e-9d7b-6f0f1e2d3c4b",
        hunt: "harbour-nights",
        state: "running",
        done: 17,
        of: 33,
        begunAt: "2026-06-06T18:30:00.000Z",
      },
    ],
  });
export type DeletionJob = z.infer<typeof deletionJob>;
