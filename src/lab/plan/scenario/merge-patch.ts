import type { Json } from '../../../recipe/json/json.ts';

type JsonFields = Readonly<Record<string, Json>>;

/** Applies a JSON Merge Patch (RFC 7396): a member that is null removes a key, an object changes an object, and all else replaces. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return patch;
  const before = isJsonObject(target) ? target : {};
  const names = new Set([...Object.keys(before), ...Object.keys(patch)]);
  return Object.fromEntries([...names].flatMap((name) => mergeMember(name, before, patch)));
}

/** The member of the result; none if the patch removes it. */
function mergeMember(name: string, before: JsonFields, patch: JsonFields): [string, Json][] {
  const own = Object.hasOwn(before, name) ? before[name] : undefined;
  const change = Object.hasOwn(patch, name) ? patch[name] : undefined;
  if (change === null) return [];
  if (change !== undefined) return [[name, mergePatch(own, change)]];
  return own === undefined ? [] : [[name, own]];
}

function isJsonObject(value: Json | undefined): value is JsonFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
