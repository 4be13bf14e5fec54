/** A packet in a stream of the pcap format. */
export interface PcapRecord {
  /** The time of the capture in microseconds since 1970. */
  readonly at: number;
  /** The captured bytes; a packet may have been longer. */
  readonly bytes: Uint8Array;
}

/** The link type of frames from all interfaces of a namespace (LINKTYPE_LINUX_SLL2). */
const linuxCooked2 = 276;

const fileHeaderBytes = 24;
const recordHeaderBytes = 16;
/** The longest record that is believed, in bytes. */
const longestRecord = 0x40000;

/** The states of a reader: before the file's header, among records, and after bytes that are not a capture. */
type ReaderState =
  | { readonly kind: 'header' }
  | { readonly kind: 'records'; readonly littleEndian: boolean; readonly perMicrosecond: number }
  | { readonly kind: 'spoilt'; readonly why: string };

/** A reader of the pcap format that takes a stream in pieces of any size. */
export class PcapReader {
  #state: ReaderState = { kind: 'header' };
  #rest: Uint8Array = new Uint8Array(0);

  /** The reason why the stream cannot be read further; undefined if it can. */
  get trouble(): string | undefined {
    return this.#state.kind === 'spoilt' ? this.#state.why : undefined;
  }

  /** Takes the next bytes. Returns the packets that are complete now. */
  push(chunk: Uint8Array): readonly PcapRecord[] {
    this.#rest = join(this.#rest, chunk);
    if (this.#state.kind === 'header') this.#readHeader();
    const records: PcapRecord[] = [];
    for (;;) {
      const record = this.#readRecord();
      if (record === undefined) return records;
      records.push(record);
    }
  }

  #readHeader(): void {
    if (this.#rest.length < fileHeaderBytes) return;
    const view = viewOf(this.#rest);
    const magic = view.getUint32(0, true);
    const kinds: Readonly<Record<number, readonly [littleEndian: boolean, perMicrosecond: number]>> = {
      0xa1b2c3d4: [true, 1],
      0xd4c3b2a1: [false, 1],
      0xa1b23c4d: [true, 1000],
      0x4d3cb2a1: [false, 1000],
    };
    const [littleEndian, perMicrosecond] = kinds[magic] ?? [];
    if (littleEndian === undefined || perMicrosecond === undefined) {
      return this.#spoil('it does not begin as a capture');
    }
    const linkType = view.getUint32(20, littleEndian) & 0xffff;
    if (linkType !== linuxCooked2) return this.#spoil(`it has the link type ${linkType}`);
    this.#rest = this.#rest.subarray(fileHeaderBytes);
    this.#state = { kind: 'records', littleEndian, perMicrosecond };
  }

  #readRecord(): PcapRecord | undefined {
    const state = this.#state;
    if (state.kind !== 'records' || this.#rest.length < recordHeaderBytes) return undefined;
    const view = viewOf(this.#rest);
    const length = view.getUint32(8, state.littleEndian);
    if (length > longestRecord) {
      this.#spoil(`it has a packet of ${length} bytes`);
      return undefined;
    }
    const end = recordHeaderBytes + length;
    if (this.#rest.length < end) return undefined;
    const at =
      view.getUint32(0, state.littleEndian) * 1e6 +
      view.getUint32(4, state.littleEndian) / state.perMicrosecond;
    const bytes = this.#rest.slice(recordHeaderBytes, end);
    this.#rest = this.#rest.subarray(end);
    return { at, bytes };
  }

  #spoil(why: string): void {
    this.#state = { kind: 'spoilt', why };
    this.#rest = new Uint8Array(0);
  }
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
