import type { LeaseStore, OpenMode } from './store.ts';

/**
 * One kind of store: what an operator may say of it, and how it is opened. The command line, the daemon and `heddle down`
 * know a kind only by this descriptor, so that a new kind is a folder of its own and a line in `kinds.ts`.
 *
 * Every command loads the descriptors, `heddle --help` as well. So a descriptor holds data and imports next to nothing;
 * its functions load what they need, `open` the store's library.
 */
export interface StoreKind {
  /** The value of `--store`, and `kind` in every choice of this kind: `etcd`. */
  readonly name: string;
  /** By the name of the value that each one gives to {@link choose}. An option on the command line chooses its kind. */
  readonly options: StoreOptions;
  /**
   * Whether the first node writes the network configuration of its recipe into a store that has none. Every node of
   * another kind waits until an operator has written one, wherever the store reads it from.
   */
  readonly mayBringNetwork: boolean;
  /**
   * Makes a choice from the values of this kind's options, and looks at nothing but the values. Paths in the choice are
   * absolute, because `heddle down` may be called in another directory. Throws a Failure of kind `usage` for values that
   * are malformed or contradict each other.
   */
  choose(values: OptionValues): Promise<StoreChoice>;
  /**
   * Opens the store of a choice that {@link choose} made, or that was read from a file since. Throws a StoreError, or a
   * Failure of kind `usage` for a malformed choice.
   */
  open(choice: StoreChoice, mode: OpenMode): Promise<LeaseStore>;
}

/** At least one: the first is chosen where nothing is said. */
export type StoreKinds = readonly [StoreKind, ...StoreKind[]];

/**
 * The choice of a store, and how to reach it: a JSON value, which the deployment file stores. Only the kind with this
 * name knows the other fields.
 */
export interface StoreChoice {
  readonly kind: string;
}

/** An option of every command that opens a store. */
export interface StoreOption {
  readonly name: `--${string}`;
  /** Stands for the value in the help: `urls`. Without one the option is a flag that takes no value. */
  readonly placeholder?: string;
  /** A clause for the help, which shows it after the kind's name and a colon. */
  readonly description: string;
  /** The environment variable that says the same. */
  readonly variable?: string;
  readonly default?: string;
  /** The text that the help shows instead of the default. */
  readonly shownDefault?: string;
  /**
   * Present if the value is a secret: the path of the field that holds it in a choice, `['user', 'password']`. A secret is
   * hidden from the process list and is never kept in a file; `heddle down` takes it from the variable.
   */
  readonly secretField?: readonly string[];
}

export type StoreOptions = Readonly<Record<string, StoreOption>>;

/** Texts; booleans for flags; undefined for what was not said and has no default. */
export type OptionValues = Readonly<Record<string, string | boolean | undefined>>;

/** The {@link OptionValues} of known options. */
export type ValuesOf<Options extends StoreOptions> = {
  readonly [Name in keyof Options]: ValueOf<Options[Name]>;
};

type ValueOf<Option extends StoreOption> = Option extends { readonly placeholder: string }
  ? Option extends { readonly default: string }
    ? string
    : string | undefined
  : boolean;
