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

const noOptions: readonly string[] = [];

/** The options of `ip` that a whole process has. */
const ipOptions: ReadonlyMap<string, readonly string[]> = new Map([
  ['-4', ['-4']],
  ['-6', ['-6']],
]);

export const ip: LineTool = {
  ...common,
  program: 'ip',
  answer: /^ip utility, iproute2/,
  batchLine: (words) => {
    const options = ipOptions.get(words[0] ?? '') ?? noOptions;
    const call = options.length === 0 ? words : words.slice(options.length);
    const [object = '', verb = ''] = call;
    if (!ipObjects.has(object) || !verbs.has(verb)) return undefined;
    const line = joinWords(call);
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
    return line === undefined ? undefined : { options: noOptions, line };
  },
};
