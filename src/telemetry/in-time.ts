/** Sources that operators ask for figures: one that fails or is slow is left out. */

/** Longest a source is waited for, ms. */
const SOURCE_MAX = 2_000;

/** The value, or undefined when it fails or takes longer than two seconds. */
export async function inTime<T>(asked: PromiseLike<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((done) => {
    timer = setTimeout(done, SOURCE_MAX, undefined);
  });
  try {
    return await Promise.race([asked, late]);
  } catch (error) {
    console.warn({ message: "a source of metrics cannot be read", error: String(error) });
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
