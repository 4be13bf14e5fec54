/**
 * The fields of events that are used here.
 * @typedef {object} EventData
 * @property {string} [file]
 * @property {string} [name]
 * @property {number} [nesting]
 * @property {number} [line]
 * @property {number} [column]
 * @property {string | boolean} [skip]
 * @property {{ duration_ms?: number, error?: { failureType?: string } }} [details]
 */

/** @typedef {{ type: string, data: EventData | undefined }} TestEvent */

/**
 * A reporter of node:test for test runs (test-run.js): one JSON array a line for each thing that happened.
 *
 *   ["start", file]                    a test file has begun …
 *   ["file", file, milliseconds]       … and has ended
 *   ["begin", file, id, name, depth]   a test, or a suite, has begun …
 *   ["end", file, id]                  … and has ended
 *   ["fail", file, name]               a test has failed
 *   ["skip", file, name, reason]       a test or a suite was skipped
 *
 * @param {AsyncIterable<TestEvent>} source
 */
export default async function* renderEvents(source) {
  for await (const event of source) {
    const line = lineOf(event);
    if (line !== undefined) yield `${JSON.stringify(line)}\n`;
  }
}

/** @param {TestEvent} event @returns {unknown[] | undefined} */
function lineOf({ type, data }) {
  const { file, name, nesting, line, column, details, skip } = data ?? {};
  if (file === undefined || name === undefined) return undefined;
  // Node reports a whole file as a test of the file's own name.
  const isFile = nesting === 0 && (file === name || file.endsWith(`/${name}`));
  const id = `${line}:${column}:${nesting}:${name}`;
  switch (type) {
    case 'test:dequeue':
      return isFile ? ['start', file] : ['begin', file, id, name, nesting];
    case 'test:complete':
      return isFile ? ['file', file, details?.duration_ms] : ['end', file, id];
    case 'test:fail':
      return isFile || details?.error?.failureType === 'subtestsFailed' ? undefined : ['fail', file, name];
    case 'test:pass':
      return skip === undefined || skip === false ? undefined : ['skip', file, name, String(skip)];
    default:
      return undefined;
  }
}
