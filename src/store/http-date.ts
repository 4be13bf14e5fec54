/** Half of the second by which the Date header is rounded down, in milliseconds. */
const roundingMs = 500;

/**
 * The time by which this machine's clock is ahead of that of a server, in milliseconds, when the server's answer begins. Undefined without
 * a readable header.
 *
 * @param date the Date header of the answer
 * @param sentAt the time of the request, in milliseconds since the epoch
 */
export function clockLead(date: string | undefined, sentAt: number): number | undefined {
  const theirs = Date.parse(date ?? '') + roundingMs;
  // The server writes the header between the request and the answer.
  const ours = (sentAt + Date.now()) / 2;
  return Number.isNaN(theirs) ? undefined : ours - theirs;
}
