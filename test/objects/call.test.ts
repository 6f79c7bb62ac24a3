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
