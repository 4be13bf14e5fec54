import { posix } from 'node:path';

/** flannel's keys under a prefix. */
export interface KeyLayout {
  /** The prefix, cleaned as a path: `/coreos.com/network`. */
  readonly prefix: string;
  /** The key of the network configuration. */
  readonly config: string;
  /** The beginning of the keys of all leases: `/coreos.com/network/subnets/`. */
  readonly subnets: string;
}

export function layOutKeys(prefix: string): KeyLayout {
  // flannel joins these paths with Go's path.Join.
  return {
    prefix: posix.join(prefix, '.'),
    config: posix.join(prefix, 'config'),
    subnets: `${posix.join(prefix, 'subnets')}/`,
  };
}

/** The range of all keys that begin with a text, as etcd writes it: up to, not including, the end. */
export interface KeyRange {
  readonly key: Buffer;
  readonly range_end: Buffer;
}

/** @param start a text with printable ASCII at its end, which is increased to get the end of the range */
export function rangeFrom(start: string): KeyRange {
  const end = Buffer.from(start);
  end.writeUInt8(end.readUInt8(end.length - 1) + 1, end.length - 1);
  return { key: Buffer.from(start), range_end: end };
}
