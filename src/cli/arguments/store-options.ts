import { Option } from 'commander';
import type { Command } from 'commander';
import { Failure } from '../../diagnostic/failure.ts';
import type { OptionValues, StoreChoice, StoreKind, StoreKinds, StoreOption } from '../../store/kind.ts';
import { storeKindOf, storeKinds } from '../../store/kinds.ts';
import { parseTruth } from './go-values.ts';
import { hideFromProcessList } from './process-list.ts';

/** Adds the options that say where the leases are: `--store`, and those of every kind of store. */
export function addStoreOptions(command: Command, kinds = storeKinds): Command {
  command.addOption(kindOption(kinds));
  for (const { kind, option } of optionsOf(kinds)) command.addOption(toCommander(kind, option));
  return command;
}

/**
 * Reads the options that {@link addStoreOptions} added. Where the command above has them as well, commander gives them to
 * that one. Hides the secrets among them from the process list. Throws a {@link Failure} of kind `usage` for options
 * that contradict each other, and as the kind does for its own.
 *
 * @param fallback the kind for when nothing says which one; default: the first of all kinds
 * @param strayDetails whether a detail of another kind of store on the command line is passed over, as flanneld does
 */
export async function chooseStore(
  command: Command,
  kinds = storeKinds,
  fallback?: string,
  strayDetails: 'refused' | 'passed-over' = 'refused',
): Promise<StoreChoice> {
  const given = readGiven(command, kinds);
  for (const { option, value, source } of given) {
    if (option.secretField !== undefined && source === 'cli') hideFromProcessList(String(value));
  }
  const instead = kinds.find(({ name }) => name === fallback) ?? kinds[0];
  const kind = chooseKind(readOption(command, kindOption(kinds)), given, kinds, instead);
  const stray = given.find((each) => each.source === 'cli' && each.option.isDetail && each.kind !== kind);
  if (stray !== undefined && strayDetails === 'refused') throw refuseStray(stray, kind);
  const own = given.filter((each) => each.kind === kind);
  return kind.choose(Object.fromEntries(own.map(({ key, value }) => [key, value])));
}

/** Whether an option or a variable of any kind of store was given, so that the operator has said where the leases are. */
export function isStoreChosen(command: Command, kinds = storeKinds): boolean {
  const { source } = readOption(command, kindOption(kinds));
  return (source !== undefined && source !== 'default') || readGiven(command, kinds).some(choosesKind);
}

/** Whether the operator gave an option that chooses its kind of store. A detail does not, as in flanneld. */
function choosesKind({ option, value, source }: GivenOption): boolean {
  return (source === 'cli' || source === 'env') && value !== false && option.isDetail !== true;
}

function readGiven(command: Command, kinds: StoreKinds): readonly GivenOption[] {
  return optionsOf(kinds).map((each) => ({
    ...each,
    ...readOption(command, toCommander(each.kind, each.option)),
  }));
}

interface KnownOption {
  readonly kind: StoreKind;
  /** Its name among the kind's options. */
  readonly key: string;
  readonly option: StoreOption;
}

function optionsOf(kinds: StoreKinds): readonly KnownOption[] {
  return kinds.flatMap((kind) =>
    Object.entries(kind.options).map(([key, option]) => ({ kind, key, option })),
  );
}

function kindOption([first, ...others]: StoreKinds): Option {
  const names = [first, ...others].map(({ name }) => name);
  const cases = others.map((kind) => `${kind.name} if ${describeChoosing(kind)} is given`);
  const description = `where the leases are (default: ${[...cases, `else ${first.name}`].join(', ')})`;
  return new Option('--store <kind>', description).choices(names).env('HEDDLE_STORE');
}

/** The options that choose a kind, as a noun. */
function describeChoosing({ name, options }: StoreKind): string {
  const all = Object.values(options);
  const choosing = all.filter(({ isDetail }) => isDetail !== true);
  const article = /^[aeiou]/.test(name) ? 'an' : 'a';
  if (choosing.length === all.length) return `${article} ${name} option or variable`;
  return choosing.map((option) => [option.name, option.variable].filter(Boolean).join(' or ')).join(' or ');
}

function toCommander({ name: kind }: StoreKind, option: StoreOption): Option {
  const { name, placeholder, description, variable, truthDefault } = option;
  const value = truthDefault === undefined ? placeholder && `<${placeholder}>` : '[bool]';
  const flags = value === undefined ? name : `${name} ${value}`;
  const made = new Option(flags, `${kind}: ${description}`);
  if (variable !== undefined) made.env(variable);
  if (truthDefault !== undefined)
    made.argParser(parseTruth).default(truthDefault, truthDefault ? 'on' : 'off');
  if (option.default !== undefined) made.default(option.default, option.shownDefault);
  return made;
}

interface OptionValue {
  readonly value: OptionValues[string];
  /** As commander names it: `cli`, `env`, `default`; undefined where nobody said anything. */
  readonly source: string | undefined;
}

type GivenOption = KnownOption & OptionValue;

function readOption(command: Command, option: Option): OptionValue {
  const name = option.attributeName();
  const value = command.optsWithGlobals<OptionValues>()[name];
  return {
    value: option.required ? value : value === true,
    source: command.getOptionValueSourceWithGlobals(name),
  };
}

/** The command line says more than a variable, which may be there for flanneld. */
function chooseKind(
  store: OptionValue,
  given: readonly GivenOption[],
  kinds: StoreKinds,
  fallback: StoreKind,
): StoreKind {
  const named = typeof store.value === 'string' ? storeKindOf({ kind: store.value }, kinds) : undefined;
  const statements: Statement[] =
    named !== undefined && store.source === 'cli' ? [{ kind: named, option: `--store ${named.name}` }] : [];
  for (const each of given) {
    if (each.source === 'cli' && choosesKind(each))
      statements.push({ kind: each.kind, option: each.option.name });
  }
  const [first, ...others] = statements;
  const other = others.find(({ kind }) => kind !== first?.kind);
  if (first !== undefined && other !== undefined) throw contradiction(first, other, kinds);
  if (first !== undefined) return first.kind;
  const [, ...rest] = kinds;
  const hasVariable = (kind: StoreKind): boolean =>
    given.some((each) => each.kind === kind && choosesKind(each));
  return named ?? rest.find(hasVariable) ?? fallback;
}

/** An option on the command line that says where the leases are. */
interface Statement {
  readonly kind: StoreKind;
  readonly option: string;
}

function contradiction(first: Statement, second: Statement, kinds: StoreKinds): Failure {
  const [one, other] =
    kinds.indexOf(first.kind) < kinds.indexOf(second.kind) ? [first, second] : [second, first];
  return new Failure('usage', `${first.option} and ${second.option} contradict each other`, {
    hint:
      `remove ${other.option} if the leases are in ${one.kind.name}, ` +
      `or ${one.option} if they are in ${other.kind.name}`,
  });
}

function refuseStray({ option, kind: its }: GivenOption, { name }: StoreKind): Failure {
  return new Failure('usage', `${option.name} is for the store ${its.name}, and the leases are in ${name}`, {
    hint: `add --store ${its.name}, or remove ${option.name}`,
  });
}
