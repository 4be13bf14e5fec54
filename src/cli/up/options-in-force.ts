import type { Command } from 'commander';
import type { ParameterOverride } from '../../recipe/parameters.ts';
import type { StoreChoice, StoreKinds } from '../../store/kind.ts';
import { flanneldOptions } from '../flanneld/options.ts';
import { storeKinds } from '../../store/kinds.ts';

/**
 * Lists the options that a command runs with, by name: given, from a variable, or by default. Secrets are `***`. Left out are options
 * without a value, those of stores that are not used, and options of flanneld without effect.
 *
 * @param parameters the values of parameters; each may be a secret, so only its source is listed
 */
export function listOptionsInForce(
  command: Command,
  store: StoreChoice,
  parameters: readonly ParameterOverride[],
  kinds: StoreKinds = storeKinds,
): Readonly<Record<string, string>> {
  const ofKinds = new Map(
    kinds.flatMap(({ name, options }) =>
      Object.values(options).map((option) => [
        option.name as string,
        { kind: name, isSecret: 'secretField' in option },
      ]),
    ),
  );
  const listed: [string, string][] = [['--store', store.kind]];
  for (const option of command.options) {
    const name = option.long ?? option.flags;
    const ofKind = ofKinds.get(name);
    if (flanneldOptions.some((row) => `--${row.name}` === name && row.meaning.kind !== 'same')) continue;
    if (name === '--param' || name === '--store' || (ofKind && ofKind.kind !== store.kind)) continue;
    const text = describeValue(command.getOptionValue(option.attributeName()));
    if (text !== undefined) listed.push([name, ofKind?.isSecret ? '***' : hideCredentials(text)]);
  }
  if (parameters.length > 0) {
    listed.push(['--param', parameters.map(({ name, origin }) => `${name} ${origin}`).join(', ')]);
  }
  return Object.fromEntries(listed);
}

/** An option's value as text; undefined if it has none. */
function describeValue(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.join(', ');
  if (value === undefined || value === false) return undefined;
  if (typeof value === 'string' || typeof value === 'number' || value === true) return String(value);
  return JSON.stringify(value);
}

/** Hides `user:password` in URLs. */
function hideCredentials(text: string): string {
  return text.replaceAll(/(:\/\/)[^\s/,@]*@/g, '$1***@');
}
