import type { BackendDataFormat } from '../recipe/recipe.ts';
import { presentValues } from '../network/per-family.ts';
import { backendDataOf, type Json, type LeaseAttributes } from './lease.ts';

/** A value in backend data that only one node has: a MAC address or a key. */
export interface Identity {
  /** The field that holds it; `backend data` for text. */
  readonly field: string;
  readonly value: string;
}

/** The forms of values that are made for one node: a MAC address, a key of 32 bytes or more, a UUID. */
const forms = [
  /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i,
  /^[A-Za-z0-9+/]{43}=$/,
  /^[0-9a-f]{32,}$/i,
  /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
];

/** The values in backend data by which a node is known. Short or common values, such as a VNI, are not among them. */
export function identitiesOf(
  attributes: Pick<LeaseAttributes, 'backendData' | 'backendV6Data'>,
  format: BackendDataFormat,
): Identity[] {
  const found = presentValues(backendDataOf(attributes)).flatMap((data) => listValues(data, format));
  const isFirst = ({ value }: Identity, index: number): boolean =>
    found.findIndex((other) => other.value === value) === index;
  return found.filter(isFirst);
}

function listValues(data: Json | undefined, format: BackendDataFormat): Identity[] {
  switch (format.format) {
    case 'text':
      return typeof data !== 'string'
        ? []
        : data.split('\n').flatMap((line) => identity('backend data', line));
    case 'json': {
      if (data === undefined || data === null || typeof data !== 'object' || Array.isArray(data)) return [];
      const values = new Map(Object.entries(data));
      return format.fields.flatMap(({ name }) => identity(name, values.get(name)));
    }
  }
}

function identity(field: string, value: Json | undefined): Identity[] {
  if (typeof value !== 'string') return [];
  const text = value.trim();
  return text.length <= 256 && forms.some((form) => form.test(text)) ? [{ field, value: text }] : [];
}
