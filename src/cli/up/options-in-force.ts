import type { Command, Option } from 'commander';
import { resolve } from 'node:path';
import type { ParameterOverride } from '../../recipe/parameters.ts';
import type { StoreChoice, StoreKinds } from '../../store/kind.ts';
import { flanneldOptions } from '../flanneld/options.ts';
import { storeKinds } from '../../store/kinds.ts';

/** An option with its value, and where the value comes from. A secret is `***`. */
export interface OptionInForce {
  /** `--iface`, or `--param NAME` for a parameter. */
  readonly name: string;
  /** Null for an option that is not given and has no default. */
  readonly value: string | number | boolean | readonly string[] | null;
  readonly from: 'option' | 'variable' | 'file' | 'default';
  /** The variable, the file, the option that implies this one, or what the default means; null if `from` says all. */
  readonly source: string | null;
}

/** The decisions about a command line that its options do not show. */
interface OptionContext {
  readonly store: StoreChoice;
  /** Each value may be a secret. */
  readonly parameters: readonly ParameterOverride[];
  /** The option of flanneld that the store follows from: the operator did not choose one. */
  readonly impliedBy?: string | undefined;
  readonly kinds?: StoreKinds;
}

/** Options that say what to do with all the others. */
const notSettings = ['--param', '--store', '--version', '--print-config', '--dry-run', '--json'];

/**
 * Finds the options that a command runs with: given, from a variable, from a file, or by default. Left out are those of stores that are not
 * used, and options of flanneld without effect.
 */
export function findOptionsInForce(command: Command, context: OptionContext): readonly OptionInForce[] {
  const { store, parameters, kinds = storeKinds } = context;
  const ofKinds = new Map(
    kinds.flatMap(({ name, options }) =>
      Object.values(options).map((option) => [
        option.name as string,
        { kind: name, isSecret: 'secretField' in option },
      ]),
    ),
  );
  const without = flanneldOptions.flatMap(({ name, meaning }) =>
    meaning.kind === 'same' || meaning.kind === 'of-store' ? [] : `--${name}`,
  );
  const found: OptionInForce[] = [];
  for (const option of command.options) {
    const name = option.long ?? option.flags;
    const ofKind = ofKinds.get(name);
    if (notSettings.includes(name) || without.includes(name)) continue;
    if (ofKind !== undefined && ofKind.kind !== store.kind) continue;
    found.push(describeOption(command, option, ofKind?.isSecret ?? false));
  }
  const ofStore = found.filter(({ name }) => ofKinds.has(name));
  return [describeStore(command, context, ofStore), ...found, ...parameters.map(describeParameter)];
}

/** Lists the options in force as texts, by name, for the log: without those that have no value. */
export function listOptionsInForce(options: readonly OptionInForce[]): Readonly<Record<string, string>> {
  const listed: [string, string][] = [];
  const parameters: string[] = [];
  for (const { name, value, from, source } of options) {
    const [, parameter] = /^--param (.*)$/.exec(name) ?? [];
    if (parameter !== undefined) parameters.push(`${parameter} ${nameSource(from, source)}`);
    else if (value !== null && value !== false && !(Array.isArray(value) && value.length === 0)) {
      listed.push([name, formatValue(value)]);
    }
  }
  if (parameters.length > 0) listed.push(['--param', parameters.join(', ')]);
  return Object.fromEntries(listed);
}

/** A value as text for people. */
export function formatValue(value: OptionInForce['value']): string {
  if (value === null) return '';
  return typeof value === 'object' ? value.join(', ') : String(value);
}

function nameSource(from: OptionInForce['from'], source: string | null): string {
  return from === 'option' ? 'from --param' : `from the ${from} ${source ?? ''}`;
}

function describeOption(command: Command, option: Option, isSecret: boolean): OptionInForce {
  const name = option.attributeName();
  const value = toValue(option, command.getOptionValue(name));
  const shown = isSecret && value !== null ? '***' : hideCredentials(value);
  const long = option.long ?? option.flags;
  switch (command.getOptionValueSource(name)) {
    case 'cli':
      return { name: long, value: shown, from: 'option', source: null };
    case 'env':
      return { name: long, value: shown, from: 'variable', source: option.envVar ?? null };
    default:
      return { name: long, value: shown, from: 'default', source: option.defaultValueDescription ?? null };
  }
}

function toValue(option: Option, value: unknown): OptionInForce['value'] {
  if (value === undefined) return option.isBoolean() ? false : null;
  if (Array.isArray(value)) return value.map(String);
  if (typeof value === 'string') return isPath(option) ? resolve(value) : value;
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  return JSON.stringify(value);
}

/** A recipe may be a name, too. */
function isPath({ flags, long }: Option): boolean {
  return /<(?:dir|file)>$/.test(flags) && long !== '--recipe';
}

/** The kind of store follows from `--store`, from an option or a variable of that kind, or from an option of flanneld's. */
function describeStore(
  command: Command,
  { store, impliedBy }: OptionContext,
  ofStore: readonly OptionInForce[],
): OptionInForce {
  const name = '--store';
  const value = store.kind;
  const source = command.getOptionValueSource('store');
  if (source === 'cli') return { name, value, from: 'option', source: null };
  const given = ofStore.find(({ from }) => from === 'option');
  if (given !== undefined) return { name, value, from: 'option', source: given.name };
  if (source === 'env') return { name, value, from: 'variable', source: 'HEDDLE_STORE' };
  const variable = ofStore.find(({ from }) => from === 'variable');
  if (variable !== undefined) return { name, value, from: 'variable', source: variable.source };
  return {
    name,
    value,
    from: 'default',
    source: impliedBy === undefined ? null : `as ${impliedBy} is given`,
  };
}

/** Only the recipe says which parameters are secrets, so the value is hidden. */
function describeParameter({ name: parameter, origin }: ParameterOverride): OptionInForce {
  const name = `--param ${parameter}`;
  const [, variable] = /^from the variable (.*)$/.exec(origin) ?? [];
  if (variable !== undefined) return { name, value: '***', from: 'variable', source: variable };
  const [, file] = /(?:the file|the credential) (.*)$/.exec(origin) ?? [];
  if (file !== undefined) return { name, value: '***', from: 'file', source: file };
  return { name, value: '***', from: 'option', source: null };
}

/** Hides `user:password` in URLs. */
function hideCredentials(value: OptionInForce['value']): OptionInForce['value'] {
  return typeof value === 'string' ? value.replaceAll(/(:\/\/)[^\s/,@]*@/g, '$1***@') : value;
}
