/**
 * Version of the rules by which two texts are the same answer or code. It rises
 * with every change of them. Digests made under another version mean nothing, so
 * that it travels with the compiled hunt and with every command.
 *
 * 1 (absent): engines before there were versions. 2: digits, marks, signs and
 * codes as SPEC's rules on answers and codes say since the version of 2026-11.
 */
export const RULES_VERSION = 2;
