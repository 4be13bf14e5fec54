import { DamagedJournal } from '../../host/state/damaged-journal.ts';
import type { Journal } from '../../host/state/journal-file.ts';
import type { Json, Peer } from '../../lease/lease.ts';

/** One line of the journal: a peer is about to be added, or a key is surely no longer in the kernel. */
type JournalLine = { readonly add: Peer } | { readonly gone: string };

/** A line that is not on disk yet. */
interface PendingLine {
  readonly line: JournalLine;
  /** The last add of the same peer before this line; undefined if the peer was gone. */
  readonly before: Peer | undefined;
}

/** The number of surplus lines after which the file is written again. */
const slackLines = 10_000;

/**
 * The peers that may be in the kernel. The journal is written ahead: a peer is in it from before its add until its remove has succeeded.
 * All lines of one turn of the event loop are one write.
 */
export class PeerJournal {
  readonly #storage: Journal;
  readonly #peers: Map<string, Peer>;
  #lines: number;
  #pending: PendingLine[] = [];
  #flushing: Promise<void> | undefined;

  private constructor(storage: Journal, peers: Map<string, Peer>) {
    this.#storage = storage;
    this.#peers = peers;
    this.#lines = peers.size;
  }

  /**
   * Reads the journal of an earlier process, and writes it again without the settled entries. Throws {@link DamagedJournal} if
   * another program, or another version of this one, has written to it.
   */
  static async open(storage: Journal): Promise<PeerJournal> {
    const lines: readonly unknown[] = await storage.read();
    const peers = new Map<string, Peer>();
    for (const [index, line] of lines.entries()) {
      if (!isJournalLine(line)) throw DamagedJournal.at(storage.path, index + 1, 'is not an entry of heddle');
      if ('add' in line) peers.set(line.add.key, line.add);
      else peers.delete(line.gone);
    }
    const journal = new PeerJournal(storage, peers);
    if (lines.length > peers.size) await journal.#rewrite();
    return journal;
  }

  /** Every peer that may be in the kernel, with the values of its last add. */
  get peers(): Peer[] {
    return [...this.#peers.values()];
  }

  /** Records a line. Resolves once it is on disk. If an add cannot be written, the journal has the peer as it was before. */
  record(line: JournalLine): Promise<void> {
    const before = this.#peers.get('add' in line ? line.add.key : line.gone);
    if ('add' in line) this.#peers.set(line.add.key, line.add);
    else if (!this.#peers.delete(line.gone)) return Promise.resolve();
    this.#pending.push({ line, before });
    return (this.#flushing ??= this.#flush());
  }

  /** Records for every peer that it is gone. */
  async strikeOut(): Promise<void> {
    await Promise.all(this.peers.map(({ key }) => this.record({ gone: key })));
  }

  /** Writes the whole journal again, because its file is gone. */
  async rewrite(): Promise<void> {
    const previous = this.#writing;
    this.#writing = previous.catch(() => undefined).then(() => this.#rewrite());
    await this.#writing;
  }

  /** Writes everything recorded so far. Resolves once it is on disk. */
  async flush(): Promise<void> {
    await this.#flushing;
  }

  async #flush(): Promise<void> {
    // The rest of this turn can add its lines first.
    await Promise.resolve();
    const lines = this.#pending;
    this.#pending = [];
    this.#flushing = undefined;
    const previous = this.#writing;
    this.#writing = previous.catch(() => undefined).then(() => this.#write(lines.map(({ line }) => line)));
    try {
      await this.#writing;
    } catch (error) {
      this.#takeBackAdds(lines);
      throw error;
    }
  }

  /** Takes back the adds of lines that could not be written, because those adds do not run. */
  #takeBackAdds(lines: readonly PendingLine[]): void {
    for (const { line, before } of lines.toReversed()) {
      if (!('add' in line) || this.#peers.get(line.add.key) !== line.add) continue;
      if (before === undefined) this.#peers.delete(line.add.key);
      else this.#peers.set(line.add.key, before);
    }
  }

  #writing: Promise<void> = Promise.resolve();
  /** Whether the file lacks lines, because the last write failed. */
  #isBehind = false;

  async #write(lines: readonly JournalLine[]): Promise<void> {
    this.#lines += lines.length;
    const isDue = this.#isBehind || this.#lines > 2 * this.#peers.size + slackLines;
    // Lines that cannot be written are not kept, so the next write is of the whole journal.
    this.#isBehind = true;
    if (isDue) await this.#rewrite();
    else await this.#storage.append(lines.map(encodeLine));
    this.#isBehind = false;
  }

  async #rewrite(): Promise<void> {
    const peers = this.peers;
    await this.#storage.rewrite(peers.map((peer) => encodeLine({ add: peer })));
    this.#lines = peers.length;
  }
}

function isJournalLine(line: unknown): line is JournalLine {
  if (!isObject(line)) return false;
  if ('gone' in line) return typeof line['gone'] === 'string';
  const { add } = line;
  return isObject(add) && isText(add['key']) && isText(add['stdin']) && isObject(add['fields']);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** A line holds only text and objects, so it is JSON, though its interfaces have no index signature to say so. */
function encodeLine(line: JournalLine): Json {
  return line as unknown as Json;
}
