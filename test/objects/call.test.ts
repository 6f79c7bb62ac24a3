/** The marks that the platform puts on errors, and what becomes of them. */
import { expect, test, vi } from "vitest";
import { calling, callingOnce, orRefusal } from "../../src/objects/call.ts";

const marked = (marks: object): Error => Object.assign(new Error("from the platform"), marks);

test.each([
  { marks: { retryable: true }, code: "unavailable", calls: 3 },
  { marks: { durableObjectReset: true }, code: "unavailable", calls: 3 },
  { marks: { retryable: true, overloaded: true }, code: "overloaded", calls: 1 },
])(
  "[CTRL-5] $marks is $code; `calling` makes $calls calls, `callingOnce` one",
  async ({ marks, code, calls }) => {
    const call = vi.fn(() => Promise.reject(marked(marks)));
    await expect(calling(call)).rejects.toMatchObject({ code });
    expect(call).toHaveBeenCalledTimes(calls);
    call.mockClear();
    await expect(callingOnce(call)).rejects.toMatchObject({ code });
    expect(call).toHaveBeenCalledTimes(1);
    expect(await orRefusal(callingOnce(call))).toMatchObject({ refused: code });
  },
);

test("[CTRL-5] a call that works at last gives its value", async () => {
  const call = vi.fn(() => Promise.resolve("value"));
  call.mockRejectedValueOnce(marked({ retryable: true }));
  expect(await orRefusal(calling(call))).toBe("value");
  expect(call).toHaveBeenCalledTimes(2);
});

test("[CTRL-5] an error without a mark is a defect: neither repeated nor refused", async () => {
  const call = vi.fn(() => Promise.reject(new Error("a defect")));
  await expect(orRefusal(calling(call))).rejects.toThrow("a defect");
  expect(call).toHaveBeenCalledTimes(1);
});

test.each([
  ["Durable Object reset because its code was updated.", "unavailable", 3],
  [
    "Error: The Durable Object's code has been updated, this version can no longer access storage.",
    "unavailable",
    3,
  ],
  [
    "This script has been upgraded. Please send a new request to connect to the new version.",
    "unavailable",
    3,
  ],
  [
    "The destination execution context for this RPC was canceled while the call was still running.",
    "unavailable",
    3,
  ],
  ["Durable Object storage operation exceeded timeout which caused object to be reset.", "unavailable", 3],
  ["Internal error in Durable Object storage caused object to be reset; reference = 8t4d", "unavailable", 3],
  ["Durable Object's isolate exceeded its memory limit and was reset.", "unavailable", 3],
  ["Durable Object exceeded its CPU time limit and was reset.", "unavailable", 3],
  ["Network connection lost.", "unavailable", 3],
  ["Error: database is locked: SQLITE_BUSY", "unavailable", 3],
  ["Cannot resolve Durable Object due to transient issue on remote node.", "unavailable", 3],
  ['The RPC receiver does not implement the method "newer".', "unavailable", 3],
  ["Durable Object is overloaded. Too many requests queued.", "overloaded", 1],
])("[FAULT-12] an object stopped without a mark on the error: %s is %s", async (message, code, calls) => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  const call = vi.fn(() => Promise.reject(new Error(message)));
  const outcome = await orRefusal(calling(call)).catch(() => ({ refused: "defect" }));
  expect(outcome).toMatchObject({ refused: code });
  expect(call).toHaveBeenCalledTimes(calls);
  call.mockClear();
  await callingOnce(call).catch(() => undefined);
  expect(call).toHaveBeenCalledTimes(1);
  vi.restoreAllMocks();
});

test.each([
  ["database or disk is full: SQLITE_FULL", "overloaded", 1],
  ["Error: database or disk is full: SQLITE_FULL", "overloaded", 1],
  ["internal error; reference = phggiju6c4m1o3jiqdp1buni", "unavailable", 3],
  ["disk I/O error: SQLITE_IOERR", "unavailable", 3],
])("[SEC-70] a full disk is no defect: %s is %s", async (message, code, calls) => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  const call = vi.fn(() => Promise.reject(new Error(message)));
  expect(await orRefusal(calling(call))).toMatchObject({ refused: code });
  expect(call).toHaveBeenCalledTimes(calls);
  vi.restoreAllMocks();
});
