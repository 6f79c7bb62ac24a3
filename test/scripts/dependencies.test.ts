import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkLicences, judge, mayUse } from "../../scripts/check/dependencies.ts";

describe("[SEC-124] licences", () => {
  test.each([
    ["a", "MIT", false, true],
    ["a", "(MIT OR GPL-3.0-only)", false, true],
    ["a", "MIT AND GPL-3.0-only", false, false],
    ["a", "MIT AND (ISC OR GPL-3.0-only)", false, false],
    ["a", "GPL-3.0-only", true, false],
    ["a", undefined, true, false],
    ["a", { type: "MIT" }, true, false],
    ["axe-core", "MPL-2.0", true, true],
    ["axe-core", "MPL-2.0", false, false],
    ["axe-core-2", "MPL-2.0", true, false],
  ])("%s under %j, to build only: %s → %s", (name, licence, dev, expected) => {
    expect(mayUse(name, licence, dev)).toBe(expected);
  });

  test("of all that is installed are allowed", () => {
    expect(checkLicences(join(import.meta.dirname, "../.."))).toEqual({ passed: true, text: "" });
  });
});

describe("[SEC-124] advisories", () => {
  const lock = { packages: { "node_modules/shipped": {}, "node_modules/tool": { dev: true } } };
  const about = (name: string, severity: string) => ({
    vulnerabilities: { [name]: { severity, nodes: [`node_modules/${name}`] } },
  });

  test.each([
    ["shipped", "critical", false],
    ["shipped", "high", false],
    ["shipped", "moderate", true],
    ["tool", "critical", true],
  ])("about %s, %s: passed %s, and told", (name, severity, passed) => {
    const verdict = judge(about(name, severity), lock);
    expect(verdict.passed).toBe(passed);
    expect(verdict.text).toContain(`${name} (${severity})`);
  });

  test("none say nothing", () => {
    expect(judge({ vulnerabilities: {} }, lock)).toEqual({ passed: true, text: "" });
  });
});
