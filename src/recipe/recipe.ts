import type { SourceText, Span } from '../diagnostic/source.ts';
import type { NetworkConfiguration } from '../network/configuration.ts';
import type { FamilyKey } from '../network/per-family.ts';
import type { ValuePattern } from './pattern/compile-pattern.ts';

/** The commands of a recipe, by their key in `Backend`. */
export const commandNames = [
  'PreStartupCommand',
  'PostStartupCommand',
  'SubnetAddCommand',
  'SubnetRemoveCommand',
  'ShutdownCommand',
  'SubnetBatchCommand',
  'CheckCommand',
  'MonitorCommand',
] as const;
export type CommandName = (typeof commandNames)[number];

/** A command as the recipe gives it: a string, or lines to be run under `set -e`. */
export interface Command {
  readonly name: CommandName;
  readonly form: 'string' | 'lines';
  /** The shell text, each line with the place in the recipe that it came from. A string has one element. */
  readonly lines: readonly { readonly text: string; readonly span: Span }[];
}

export type ParameterValue = string | number | boolean;

/** A declared parameter; its value comes from `Backend`, from `--param`, or is the default. */
export interface Parameter {
  readonly name: string;
  /** The environment variable: the name in SCREAMING_SNAKE. */
  readonly variable: string;
  readonly type: 'string' | 'integer' | 'boolean';
  /** Undefined if a value must be given; or, for `MTU`, if the interface's is used. */
  readonly default: ParameterValue | undefined;
  /** Bounds of an integer, both inclusive. */
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
  /** The pattern that a whole string must match. */
  readonly pattern: ValuePattern | undefined;
  /** The only strings allowed. */
  readonly choices: readonly string[] | undefined;
  /** Never shown in log, status or explain. */
  readonly secret: boolean;
  readonly description: string | undefined;
}

/**
 * The required form of the backend data of every lease of this type. Patterns are anchored at both ends.
 *
 * A field that is absent from a peer's json counts as an empty string and must match its pattern as one: the pattern of
 * an optional field accepts the empty string.
 */
export type BackendDataFormat =
  | { readonly format: 'text'; readonly pattern: ValuePattern | undefined }
  | {
      readonly format: 'json';
      readonly fields: readonly {
        readonly name: string;
        /** The name in SCREAMING_SNAKE; commands are given it after `DATA_` (IPv4's data) or `DATA6_` (IPv6's). */
        readonly variable: string;
        readonly pattern: ValuePattern;
      }[];
    };

/** Bytes that the overlay adds to a packet, by the family of the packet. */
export type Overhead = Readonly<Record<FamilyKey, number>>;

/** A recipe in which everything that can be checked without running it was checked. */
export interface Recipe {
  /** The file's name without `.json`. */
  readonly name: string;
  readonly source: SourceText;
  readonly network: NetworkConfiguration;
  /** `Backend.Type`: written on this node's lease, and the only type of lease this recipe acts on. */
  readonly backendType: string;
  readonly commands: Readonly<Partial<Record<CommandName, Command>>>;
  readonly parameters: readonly Parameter[];
  /** The values that the document's `Backend` gives to declared parameters; not the defaults. */
  readonly parameterValues: Readonly<Record<string, ParameterValue>>;
  readonly backendData: BackendDataFormat;
  /** Bytes of encapsulation around packets of each family; undefined if the recipe does not say. */
  readonly overhead: Overhead | undefined;
  /** The names of the daemon's variables that commands get besides the usual ones. */
  readonly environment: readonly string[];
  /** Programs that must be on PATH: `Requires`, or what its commands were seen to call. */
  readonly requires: readonly string[];
  /** Seconds that one run of a command may take. */
  readonly timeout: number;
  /** How many runs of SubnetAdd and SubnetRemove may be under way at once. */
  readonly concurrency: number;
}
