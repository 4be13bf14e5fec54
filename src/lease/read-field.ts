import { matchGoName } from '../recipe/flannel/go-names.ts';
import type { Json } from './lease.ts';

/** Whether a JSON value is an object. */
export function isObject(value: Json): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value of a field of a JSON object. The case of the name does not matter, as in flannel. */
export function readField(data: Readonly<Record<string, Json>>, name: string): Json | undefined {
  if (Object.hasOwn(data, name)) return data[name];
  return Object.entries(data).findLast(([key]) => matchGoName(key, [name]) !== undefined)?.[1];
}
