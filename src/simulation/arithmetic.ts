/**
 * The exponential and the logarithm by additions and multiplications alone. Those of the language may
 * differ in their last bit from one browser to another, and a report must not.
 */

const { LN2 } = Math;
/** Terms of the series: the next one is below a double's last bit. */
const EXP_TERMS = 14;
const LN_TERMS = 16;
/** Beyond it e^x is no finite double. */
const EXP_MAX = 709;

/** e to the power of `x`. */
export function exp(x: number): number {
  if (x > EXP_MAX) return Number.POSITIVE_INFINITY;
  if (x < -EXP_MAX) return 0;
  const powers = Math.round(x / LN2);
  const rest = x - powers * LN2;
  let sum = 1;
  for (let term = EXP_TERMS; term > 0; term -= 1) sum = 1 + (rest * sum) / term;
  const factor = powers < 0 ? 0.5 : 2;
  for (let left = Math.abs(powers); left > 0; left -= 1) sum *= factor;
  return sum;
}

/** The natural logarithm of `x`, which is above zero and finite. */
export function ln(x: number): number {
  let mantissa = x;
  let powers = 0;
  while (mantissa > 1.4) {
    mantissa /= 2;
    powers += 1;
  }
  while (mantissa < 0.7) {
    mantissa *= 2;
    powers -= 1;
  }
  const y = (mantissa - 1) / (mantissa + 1);
  const square = y * y;
  let sum = 0;
  for (let term = LN_TERMS; term >= 0; term -= 1) sum = sum * square + 1 / (2 * term + 1);
  return powers * LN2 + 2 * y * sum;
}
