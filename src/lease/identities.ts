import type { BackendDataFormat } from '../recipe/recipe.ts';
import { presentValues } from '../network/per-family.ts';
import { backendDataOf, type Json, type LeaseAttributes, type Peer } from './lease.ts';
import { isObject, readField } from './read-field.ts';

/** A value in backend data that only one node has: a MAC address or a key. */
export interface Identity {
  /** The field that holds it; `backend data` for text. */
  readonly field: string;
  /** The value, in lower case unless its form has digits of both cases. */
  readonly value: string;
}

/** The forms in which upper case and lower case are the same: a MAC address, a key of 32 digits or more, a UUID. */
const hexForms = [
  /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/,
  /^[0-9a-f]{32,}$/,
  /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
];
/** A key of 32 bytes. */
const base64Form = /^[A-Za-z0-9+/]{43}=$/;

/** The length of the shortest form, and of the longest value that is checked. In UTF-16 code units. */
const [shortest, longest] = [17, 256];

/** The values in backend data that identify a node. Short or common values, such as a VNI, are not among them. */
export function identitiesOf(
  attributes: Pick<LeaseAttributes, 'backendData' | 'backendV6Data'>,
  format: BackendDataFormat,
): Identity[] {
  return distinct(presentValues(backendDataOf(attributes)).flatMap((data) => listValues(data, format)));
}

/** A function that lists the identities in a lease without the names of their fields. */
export function identityReader(
  format: BackendDataFormat,
): (attributes: Pick<LeaseAttributes, 'backendData' | 'backendV6Data'>) => string[] {
  return (attributes) => identitiesOf(attributes, format).map(({ value }) => value);
}

/** The identities of a peer, whose data was checked. */
export function identitiesOfPeer(
  { fields, stdin }: Pick<Peer, 'fields' | 'stdin'>,
  format: BackendDataFormat,
): Identity[] {
  switch (format.format) {
    case 'text':
      return distinct(stdin.split('\n').flatMap((line) => identity('backend data', line)));
    case 'json':
      return distinct(
        format.fields.flatMap(({ name, variable }) => [
          ...identity(name, fields[`DATA_${variable}`]),
          ...identity(name, fields[`DATA6_${variable}`]),
        ]),
      );
  }
}

/** The identities of a peer without the names of their fields. */
export function identityValues({ fields, stdin }: Pick<Peer, 'fields' | 'stdin'>): string[] {
  const values = Object.values(fields);
  const texts = values.length === 0 ? stdin.split('\n') : values;
  const found = texts.flatMap((text) => readIdentity(text) ?? []);
  return found.length < 2 ? found : [...new Set(found)];
}

function distinct(found: readonly Identity[]): Identity[] {
  if (found.length < 2) return [...found];
  return [...new Map(found.toReversed().map((each) => [each.value, each])).values()].toReversed();
}

function listValues(data: Json | undefined, format: BackendDataFormat): Identity[] {
  switch (format.format) {
    case 'text':
      return typeof data !== 'string'
        ? []
        : data.split('\n').flatMap((line) => identity('backend data', line));
    case 'json': {
      if (data === undefined || !isObject(data)) return [];
      return format.fields.flatMap(({ name }) => identity(name, readField(data, name)));
    }
  }
}

function identity(field: string, text: Json | undefined): Identity[] {
  const value = typeof text === 'string' ? readIdentity(text) : undefined;
  return value === undefined ? [] : [{ field, value }];
}

/** The canonical text of an identity; undefined if the text has none of the forms. */
function readIdentity(value: string): string | undefined {
  const text = value.trim();
  if (text.length < shortest || text.length > longest) return undefined;
  if (base64Form.test(text)) return text;
  const lower = text.toLowerCase();
  return hexForms.some((form) => form.test(lower)) ? lower : undefined;
}
