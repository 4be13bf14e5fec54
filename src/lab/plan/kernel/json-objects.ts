type Value = string | number | boolean | null | readonly Value[] | { readonly [name: string]: Value };
export type Fields = Readonly<Record<string, Value>>;

/** Reads the output of `ip -json` or `bridge -json`: a list of objects. A program that prints nothing has no objects. */
export function readObjects(output: string): readonly Fields[] {
  if (output === '') return [];
  // iproute2 prints an empty object for an entry that a filter leaves out.
  return (JSON.parse(output) as readonly Fields[]).filter((fields) => Object.keys(fields).length > 0);
}

/** The fields of an object without the given ones, as text: each name is in its place in the alphabet. */
export function textOf(value: Value, without: ReadonlySet<string> = new Set()): string {
  if (Array.isArray(value)) return `[${value.map((each: Value) => textOf(each, without)).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const fields = Object.entries(value as Fields)
    .filter(([name]) => !without.has(name))
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${fields.map(([name, field]) => `${name}:${textOf(field, without)}`).join(',')}}`;
}

/** A field as a word for a command; undefined if the object does not have it. */
export function wordOf(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

/** A field with its name before it, as arguments for a command: `dev eth0`. */
export function argumentOf(fields: Fields, name: string, argument = name): readonly string[] {
  const word = wordOf(fields, name);
  return word === undefined ? [] : [argument, word];
}
