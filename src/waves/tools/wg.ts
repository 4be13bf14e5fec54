import type { CallInput } from '../../compile/call.ts';
import { joinWords, type BatchLine, type WholeTool } from './batch-tool.ts';

const device = /^[A-Za-z0-9_=+.-]{1,15}$/;

/** The options of one peer, each with the form of a value that means the same for all calls of a process. */
const peerOptions: Readonly<Record<string, RegExp>> = {
  // A name instead of an address would be looked up.
  endpoint: /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9A-Fa-f:.]+\]):\d+$/,
  'allowed-ips': /^[0-9A-Fa-f:./,+-]+$/,
  'persistent-keepalive': /^(?:off|\d+)$/,
  'preshared-key': /^[A-Za-z0-9_./-]+$/,
};

/** The lines of a configuration, without blanks and comments, that add peers and do nothing else. */
const peerLines: readonly RegExp[] = [
  /^$/,
  /^\[Peer\]$/i,
  /^(?:PublicKey|PresharedKey|AllowedIPs|PersistentKeepalive)=/i,
  /^Endpoint=(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9A-Fa-f:.]+\]):\d+$/i,
];

/**
 * `wg` of wireguard-tools. It reads all peers before it sends the first one, and stops at the first one that the kernel refuses. A peer
 * that is set twice is as if set once, so what was refused can be halved and sent again.
 *
 * `wg set DEVICE peer … peer …` takes the peers one after the other. `wg addconf` does the same with the sections of a file. `wg setconf`
 * and `wg syncconf` remove all other peers, so a call of them is never shared.
 */
export const wg: WholeTool = {
  kind: 'whole',
  program: 'wg',
  identity: '--version',
  answer: /^wireguard-tools v/,
  readsInput: ([verb = '', ...words]) =>
    !['set', 'show', 'showconf', 'addconf', 'setconf', 'syncconf', 'genkey', 'genpsk'].includes(verb) ||
    words.some((word) => readsOpenFile(word)),
  batchLine: (words, stdin) => (words[0] === 'addconf' ? addedSections(words, stdin) : setPeers(words)),
  compose: ([verb = '', ...options], lines) =>
    verb === 'addconf'
      ? { arguments: [verb, ...options], stdin: lines.join('') }
      : { arguments: [verb, ...options, ...lines.flatMap((line) => line.split(' '))], stdin: '' },
  // Linux takes 128 KiB for the text of a script, which has each word quoted.
  mostCharacters: 80_000,
  judge: (succeeded, messages) => {
    if (!succeeded && withoutDevice.test(messages)) return 'failed';
    return succeeded && messages === '' ? 'succeeded' : 'repeat';
  },
};

/** The messages of `wg` if the device of its calls does not exist; the second one comes from a kernel without WireGuard. */
const withoutDevice = /^Unable to modify interface: (?:No such device|Protocol not supported)\n$/;

/** `wg set DEVICE peer KEY [OPTION VALUE]…` */
function setPeers([verb, name = '', ...words]: readonly string[]): BatchLine | undefined {
  if (verb !== 'set' || !device.test(name) || words[0] !== 'peer') return undefined;
  for (let at = 0; at < words.length; at += 1) {
    const [option = '', value = ''] = words.slice(at);
    if (option === 'remove') continue;
    at += 1;
    if (option === 'peer') {
      if (joinWords([value]) === undefined) return undefined;
    } else if (!Object.hasOwn(peerOptions, option) || peerOptions[option]?.test(value) !== true) {
      return undefined;
    } else if (option === 'preshared-key' && readsOpenFile(value)) return undefined;
  }
  return { options: [verb, name], line: words.join(' ') };
}

/** `wg addconf DEVICE /dev/stdin`, as a recipe writes it whose peers have a secret: a command line is seen by all users. */
function addedSections(
  [verb = '', name = '', file, ...others]: readonly string[],
  stdin: CallInput,
): BatchLine | undefined {
  if (file !== '/dev/stdin' || others.length > 0 || !device.test(name) || stdin.kind === 'null')
    return undefined;
  return addsPeers(stdin.text) ? { options: [verb, name, file], line: stdin.text } : undefined;
}

/** Whether a configuration goes on where another one ended, and means the same there. */
function addsPeers(configuration: string): boolean {
  if (!/^\[Peer\]\n/i.test(configuration) || !configuration.endsWith('\n')) return false;
  return configuration.split('\n').every((line) => {
    const content = line.replace(/#.*/, '').replace(/\s/g, '');
    return peerLines.some((form) => form.test(content));
  });
}

function readsOpenFile(path: string): boolean {
  return /^\/(?:dev|proc)\//.test(path);
}
