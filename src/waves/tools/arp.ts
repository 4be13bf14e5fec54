import { joinWords, type LineTool } from './batch-tool.ts';

const address = /^\d{1,3}(?:\.\d{1,3}){3}$/;
const mac = /^[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}$/;
const device = /^[A-Za-z0-9_.-]{1,15}$/;

/** `arp` of net-tools. `arp -f` ends with status 0 although lines failed, so only its reports count. */
export const arp: LineTool = {
  kind: 'lines',
  program: 'arp',
  identity: '-V',
  answer: /^net-tools /,
  readsInput: (words) => words.some((word) => word.startsWith('-f') || word.startsWith('--f')),
  batchLine: (words) => {
    const [option, host = '', hardware = '', ...rest] = words;
    // A name instead of an address would be looked up.
    if (option !== '-s' || !address.test(host) || !mac.test(hardware)) return undefined;
    const [keyword, name = ''] = rest;
    const isPlain = rest.length === 0 || (rest.length === 2 && keyword === 'dev' && device.test(name));
    const line = isPlain ? joinWords([host, hardware, ...rest]) : undefined;
    return line === undefined ? undefined : { options: [], line };
  },
  batchArguments: () => ['-n', '-f', '/dev/stdin'],
  marker: '=',
  aboutMarker: /^(?!)$/,
  refusal: /^arp: (?:cannot set entry|format error) on line (\d+) of etherfile /,
};
