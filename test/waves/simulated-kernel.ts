import type { CallOutcome } from '../../src/compile/call.ts';
import type { Job, Outcome, Shell } from '../../src/shell/shell.ts';

/** How a call of a program ended in the model. */
interface ModelEnd {
  readonly outcome: CallOutcome;
  /** The words on stderr, without a line end. */
  readonly message: string;
}

const fine: ModelEnd = { outcome: 'succeeded', message: '' };
const warned: ModelEnd = { outcome: 'succeeded', message: 'Warning: this is deprecated.' };
const fails = (message: string): ModelEnd => ({ outcome: 'failed', message });

/**
 * A kernel of routes, neighbours, FDB entries, peers of WireGuard and elements of nftables, and the programs that change it. An entry that
 * is there cannot be added, and one that is not there cannot be deleted.
 */
export class SimulatedKernel {
  readonly #entries = new Map<string, string>();
  /** Words whose calls the kernel refuses, as it does without memory. */
  readonly #refused: ReadonlySet<string>;

  constructor(refused: ReadonlySet<string> = new Set(), entries: Iterable<readonly [string, string]> = []) {
    this.#refused = refused;
    this.#entries = new Map(entries);
  }

  copy(): SimulatedKernel {
    return new SimulatedKernel(this.#refused, this.#entries);
  }

  get dump(): readonly string[] {
    return [...this.#entries].map(([key, value]) => `${key} ${value}`).sort();
  }

  has(part: string): boolean {
    return this.dump.some((entry) => entry.includes(part));
  }

  /** One call of a program. */
  call(program: string, words: readonly string[], stdin = ''): ModelEnd {
    if (words.some((word) => this.#refused.has(word)))
      return fails('RTNETLINK answers: Cannot allocate memory');
    switch (program) {
      case 'ip':
        return this.#ip(words);
      case 'bridge':
        return this.#fdb(words);
      case 'arp':
        return this.#arp(words);
      case 'wg':
        return this.#wg(words, stdin);
      case 'nft':
        return this.#nft(words.join(' '));
      default:
        return fails(`${program}: not found`);
    }
  }

  #change(
    kind: string,
    verb: string,
    key: string,
    rest: readonly string[],
    isKey: (text: string) => boolean,
  ): ModelEnd {
    if (!isKey(key)) return fails(`Error: "${key}" is a garbage.`);
    const name = `${kind} ${key}`;
    const isThere = this.#entries.has(name);
    if (verb === 'del' || verb === 'delete') {
      if (!isThere) return fails('RTNETLINK answers: No such process');
      this.#entries.delete(name);
      return fine;
    }
    if (verb === 'add' && isThere) return fails('RTNETLINK answers: File exists');
    this.#entries.set(name, rest.join(' '));
    return fine;
  }

  #ip(words: readonly string[]): ModelEnd {
    const [family = ''] = /^-[46]$/.test(words[0] ?? '') ? words : [];
    const [object = '', verb = '', key = '', ...rest] = words.slice(family === '' ? 0 : 1);
    const end = this.#change(`${family}${object}`, verb, key, rest, object === 'route' ? isPrefix : isWord);
    return end.outcome === 'succeeded' && key.endsWith('3.0/24') ? warned : end;
  }

  /** Several destinations can have one address. */
  #fdb([, verb = '', mac = '', ...rest]: readonly string[]): ModelEnd {
    if (!isMac(mac)) return fails(`Error: "${mac}" is a garbage.`);
    const destination = rest[rest.indexOf('dst') + 1] ?? '';
    return this.#change('fdb', verb, verb === 'append' ? `${mac}+${destination}` : mac, rest, isWord);
  }

  #arp([option, host = '', ...rest]: readonly string[]): ModelEnd {
    const name = `arp ${host}`;
    if (option === '-s') {
      if (!isMac(rest[0] ?? '')) return fails('arp: invalid hardware address');
      this.#entries.set(name, rest.join(' '));
      return fine;
    }
    return this.#entries.delete(name) ? fine : fails(`No ARP entry for ${host}`);
  }

  /** All peers are parsed before the first is set; a refused one ends the call with those before it set. */
  #wg(words: readonly string[], stdin: string): ModelEnd {
    const [verb, , ...rest] = words;
    const peers =
      verb === 'set'
        ? splitBefore(rest, (word) => word === 'peer').map(([, key = '', ...values]) => ({ key, values }))
        : stdin
            .split('[Peer]\n')
            .slice(1)
            .map((section) => ({
              key: /PublicKey = (.*)/.exec(section)?.[1] ?? '',
              values: section.split('\n').slice(1),
            }));
    const bad = peers.find(({ key }) => key === '' || key.startsWith('bad'));
    if (bad !== undefined) return fails(`Key is not the correct length or format: \`${bad.key}'`);
    for (const { key, values } of peers) {
      if (this.#refused.has(key)) return fails('Unable to modify interface: Cannot allocate memory');
      if (values.includes('remove')) this.#entries.delete(`peer ${key}`);
      else this.#entries.set(`peer ${key}`, values.join(' '));
    }
    return fine;
  }

  #nft(line: string): ModelEnd {
    const [, verb = '', element = ''] = /^(\w+) element ip t s \{ (.*) \}$/.exec(line) ?? [];
    if (!isPrefix(element)) return fails('Error: syntax error, unexpected string');
    const end = this.#change(
      'element',
      verb === 'delete' ? 'del' : verb === 'create' ? 'add' : 'set',
      element,
      [],
      isPrefix,
    );
    return end.outcome === 'failed' ? fails(`Error: Could not process rule: ${end.message.slice(19)}`) : fine;
  }

  /** All lines, or none. */
  nftFile(text: string): ModelEnd {
    const before = [...this.#entries];
    for (const line of text.split('\n').filter((each) => each !== '')) {
      const end = this.call('nft', line.split(' '));
      if (end.outcome === 'succeeded') continue;
      this.#entries.clear();
      for (const [key, value] of before) this.#entries.set(key, value);
      return end.message.startsWith('Error') ? end : fails(`Error: Could not process rule: ${end.message}`);
    }
    return fine;
  }
}

function isPrefix(text: string): boolean {
  return /^[\da-f.:]+\/\d+$/.test(text);
}

function isWord(text: string): boolean {
  return /^\S+$/.test(text);
}

function isMac(text: string): boolean {
  return /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(text);
}

function splitBefore<T>(items: readonly T[], begins: (item: T) => boolean): T[][] {
  const groups: T[][] = [];
  for (const item of items) {
    const last = groups.at(-1);
    if (last === undefined || begins(item)) groups.push([item]);
    else last.push(item);
  }
  return groups;
}

/** A process that is killed: the number of calls that it makes before; if it makes fewer, it ends. */
export type Kills = (processes: number) => number | undefined;

/** A shell that knows only the jobs of waves: one program each, on the model. */
export class SimulatedShell implements Shell {
  readonly #kernel: SimulatedKernel;
  readonly #kills: Kills;
  processes = 0;

  constructor(kernel: SimulatedKernel, kills: Kills = () => undefined) {
    this.#kernel = kernel;
    this.#kills = kills;
  }

  run({ script, stdin }: Job): Promise<Outcome> {
    const killedAfter = this.#kills(this.processes);
    this.processes += 1;
    if (this.processes > 1000) throw new Error('the processes do not end');
    const command = /^exec ((?:'(?:[^']|'\\'')*' ?|[\w./:-]+ )+)(.*)$/s.exec(script.text);
    if (command === null) throw new Error(`the model does not know the job ${script.text}`);
    const [program = '', ...words] = wordsOf(command[1] ?? '');
    const messages: string[] = [];
    let failed = false;
    let made = 0;
    const isKilled = () => killedAfter !== undefined && made >= killedAfter;
    if (isBatch(words)) {
      const lines = stdin.split('\n').slice(0, -1);
      for (const [index, line] of lines.entries()) {
        if (isKilled()) break;
        const end = this.#line(program, line);
        if (line !== '=') made += 1;
        if (end.message !== '') messages.push(end.message);
        if (end.kind === 'done') continue;
        failed = true;
        if (end.kind === 'ended') break;
        messages.push(reportOf(program, index + 1));
      }
    } else if (!isKilled()) {
      const isFile = program === 'nft' && words[0] === '-f';
      const end = isFile ? this.#kernel.nftFile(stdin) : this.#kernel.call(program, words, stdin);
      failed = end.outcome === 'failed';
      if (end.message !== '') messages.push(end.message);
      made += 1;
    }
    const text = messages.map((message) => `${message}\n`).join('');
    const isJoined = (command[2] ?? '').includes('2>&1 >/dev/null');
    const facts = {
      stdout: { text: isJoined ? text : '', truncated: 0 },
      stderr: { text: isJoined ? '' : text, truncated: 0 },
      durationMs: 1,
      line: undefined,
    };
    if (isKilled()) return Promise.resolve({ kind: 'killed', signal: 'SIGKILL', ...facts });
    return Promise.resolve(
      failed ? { kind: 'failed', exitCode: 2, ...facts } : { kind: 'succeeded', ...facts },
    );
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** One line of a batch. A program ends at a line that it cannot parse. */
  #line(
    program: string,
    line: string,
  ): { readonly kind: 'done' | 'refused' | 'ended'; readonly message: string } {
    if (line === '=') {
      return {
        kind: 'refused',
        message: program === 'arp' ? '' : `Object "=" is unknown, try "${program} help".`,
      };
    }
    const words = line.split(' ');
    const { outcome, message } = this.#kernel.call(program, program === 'arp' ? ['-s', ...words] : words);
    if (outcome === 'succeeded') return { kind: 'done', message };
    return { kind: program !== 'arp' && message.startsWith('Error') ? 'ended' : 'refused', message };
  }
}

function isBatch(words: readonly string[]): boolean {
  return words.includes('-batch') || (words.includes('-f') && words.includes('-n'));
}

function reportOf(program: string, line: number): string {
  return program === 'arp'
    ? `arp: cannot set entry on line ${line} of etherfile /dev/stdin !`
    : `Command failed -:${line}`;
}

function wordsOf(text: string): string[] {
  return [...text.matchAll(/'((?:[^']|'\\'')*)'|([\w./:-]+)/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? '') : quoted.replaceAll("'\\''", "'"),
  );
}
