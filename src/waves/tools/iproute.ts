import { joinWords, type LineTool } from './batch-tool.ts';

/** The objects of `ip` whose verbs only change the kernel and print nothing. */
const ipObjects: ReadonlySet<string> = new Set([
  'route',
  'neigh',
  'neighbour',
  'neighbor',
  'address',
  'addr',
  'link',
  'rule',
]);
const verbs: ReadonlySet<string> = new Set(['add', 'append', 'change', 'replace', 'del', 'delete']);

/** With -force, iproute2 goes on after a line that the kernel refuses, and names the line. It ends at a line that it cannot parse. */
const common = {
  kind: 'lines',
  readsInput: (words: readonly string[]) => words.some((word) => word === 'exec' || word.startsWith('-b')),
  identity: '-V',
  // A letter would be the beginning of an object's name.
  marker: '=',
  aboutMarker: /^Object "=" is unknown, try "\w+ help"\.$/,
  refusal: /^Command failed -:(\d+)$/,
  batchArguments: (options: readonly string[]) => [...options, '-force', '-batch', '-'],
} as const;

export const ip: LineTool = {
  ...common,
  program: 'ip',
  answer: /^ip utility, iproute2/,
  batchLine: (words) => {
    const options = words[0] === '-4' || words[0] === '-6' ? [words[0]] : [];
    const [object = '', verb = '', ...rest] = words.slice(options.length);
    if (!ipObjects.has(object) || !verbs.has(verb)) return undefined;
    const line = joinWords([object, verb, ...rest]);
    return line === undefined ? undefined : { options, line };
  },
};

export const bridge: LineTool = {
  ...common,
  program: 'bridge',
  answer: /^bridge utility, /,
  batchLine: (words) => {
    const [object = '', verb = ''] = words;
    if (object !== 'fdb' || !verbs.has(verb)) return undefined;
    const line = joinWords(words);
    return line === undefined ? undefined : { options: [], line };
  },
};
