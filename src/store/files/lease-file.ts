import type { Json } from '../../lease/lease.ts';
import { encodeJson, parseLeaseKey } from '../../lease/wire.ts';
import { largestLeaseValue, type LeaseRecord } from '../store.ts';

/**
 * The content of a lease's file: one JSON object with flannel's fields and two more. Without `Expiration` it is a reservation, so that an
 * operator can write one by hand. `Revision` only makes each write differ from the one before.
 *
 *     {"PublicIP":"172.30.0.1","PublicIPv6":null,…,"Expiration":"2026-01-31T12:00:00.000Z","Revision":"Zk3f0aQw"}
 */
export type FileContent =
  | { readonly kind: 'lease'; readonly record: LeaseRecord }
  /** `reason` is one clause: `is empty`. */
  | { readonly kind: 'fault'; readonly reason: string };

/** The largest file in bytes, including the fields that the file adds. */
export const largestLeaseFile = largestLeaseValue;

/**
 * Prints the text of a lease's file; undefined if the value is not a JSON object.
 *
 * @param mark a text that makes this write differ from every other
 */
export function encodeLeaseFile(
  value: string,
  expiresAt: number | undefined,
  mark: string,
): string | undefined {
  const fields = parseObject(value);
  if (fields === undefined) return undefined;
  const text = encodeJson({
    ...withoutOwnFields(fields),
    ...(expiresAt !== undefined && { Expiration: new Date(expiresAt).toISOString() }),
    Revision: mark,
  });
  return `${text}\n`;
}

/**
 * Reads a file by its name and text. Never throws.
 *
 * @param revisionOf the revision of a lease, from its file's text
 */
export function decodeLeaseFile(
  name: string,
  text: string,
  revisionOf: (text: string) => string,
): FileContent {
  if (parseLeaseKey(name) === undefined) return fault('does not have the name of a lease (10.50.4.0-24)');
  if (text.trim() === '') return fault('is empty');
  const fields = parseObject(text);
  if (fields === undefined) return fault('does not contain one complete JSON object');
  const expiresAt = readExpiration(fields['Expiration']);
  if (expiresAt === 'invalid') return fault('has an Expiration that is not a time like 2026-01-31T12:00:00Z');
  let value: string;
  try {
    value = encodeJson(withoutOwnFields(fields));
  } catch {
    return fault('is nested too deeply');
  }
  return { kind: 'lease', record: { key: name, value, expiresAt, revision: revisionOf(text) } };
}

function fault(reason: string): FileContent {
  return { kind: 'fault', reason };
}

type JsonObject = Readonly<Record<string, Json>>;

function parseObject(text: string): JsonObject | undefined {
  try {
    const parsed = JSON.parse(text) as Json;
    const isObject = parsed !== null && typeof parsed === 'object' && !Array.isArray(parsed);
    return isObject ? (parsed as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

function withoutOwnFields(fields: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).filter(([name]) => name !== 'Expiration' && name !== 'Revision'),
  );
}

/** The form of an RFC 3339 time; `Date.parse` alone would accept `2026` and `1 May` as well. */
const timeForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

function readExpiration(value: Json | undefined): number | undefined | 'invalid' {
  if (value === undefined) return undefined;
  const time = typeof value === 'string' && timeForm.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? 'invalid' : time;
}
