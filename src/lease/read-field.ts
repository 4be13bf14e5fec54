import { matchGoName } from '../recipe/flannel/go-names.ts';
import type { Json } from './lease.ts';

/** Whether a JSON value is an object. */
export function isObject(value: Json): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value of a field of a JSON object. As in flannel, the case of the name does not matter, and the last of repeated names counts. */
export function readField(data: Readonly<Record<string, Json>>, name: string): Json | undefined {
  let value: Json | undefined;
  for (const key of Object.keys(data)) {
    // Names that differ in case only are equally long, so most keys need no comparison.
    if (key.length === name.length && matchGoName(key, [name]) !== undefined) value = data[key];
  }
  return value;
}
