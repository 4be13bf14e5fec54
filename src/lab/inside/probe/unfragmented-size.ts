/** The smallest packet that every IPv4 host accepts as a whole, in bytes (RFC 791). */
const smallest = 576;

/**
 * Finds the largest packet that is not fragmented, in bytes, by halving. Undefined if even the smallest one is.
 *
 * @param tooLarge the size of a packet that is fragmented
 * @param isFragmented sends a packet of this many bytes, and returns whether it was fragmented
 */
export async function findUnfragmentedSize(
  tooLarge: number,
  isFragmented: (bytes: number) => Promise<boolean>,
): Promise<number | undefined> {
  let whole = smallest;
  let split = tooLarge;
  if (split <= whole || (await isFragmented(whole))) return undefined;
  while (split - whole > 1) {
    const middle = Math.floor((whole + split) / 2);
    if (await isFragmented(middle)) split = middle;
    else whole = middle;
  }
  return whole;
}
