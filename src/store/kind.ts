import type { LeaseStore, OpenMode } from './store.ts';

/**
 * The descriptor of one kind of store: its options, and how it is opened. The command line, the daemon and `heddle down` know a kind only
 * by this descriptor, so a new kind is a folder of its own and a line in `kinds.ts`.
 *
 * Every command loads the descriptors, even `heddle --help`. So a descriptor holds data and imports next to nothing; its functions load
 * what they need, and `open` loads the store's library.
 */
export interface StoreKind {
  /** The value of `--store`, and `kind` in every choice of this kind: `etcd`. */
  readonly name: string;
  /** The options, by the name that {@link choose} uses. An option on the command line chooses its kind. */
  readonly options: StoreOptions;
  /**
   * Whether the first node writes the network configuration of its recipe into a store that has none. With any other kind, every node waits
   * until an operator has written one.
   */
  readonly mayBringNetwork: boolean;
  /**
   * Makes a choice from the values of this kind's options, and from nothing else. Paths in the choice are absolute, because `heddle down`
   * may run in another directory. Throws a Failure of kind `usage` for values that are malformed or contradict each other.
   */
  choose(values: OptionValues): Promise<StoreChoice>;
  /** The options that name the store of a choice, without secrets, for hints with commands that an operator can copy. */
  argumentsOf(choice: StoreChoice): readonly string[];
  /** The way to write the network configuration where `heddle network set` cannot, as a noun: the edit of a file. */
  networkEditor?(choice: StoreChoice): string;
  /**
   * Opens the store of a choice from {@link choose}, or of one that was read from a file. Throws a StoreError, or a Failure of kind `usage`
   * for a malformed choice.
   */
  open(choice: StoreChoice, mode: OpenMode): Promise<LeaseStore>;
}

/** The kinds; at least one. The first is the default. */
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
  /** The placeholder for the value in the help: `urls`. Without one, the option is a flag that takes no value. */
  readonly placeholder?: string;
  /** A clause for the help, which shows it after the kind's name and a colon. */
  readonly description: string;
  /** The environment variable for the same value. */
  readonly variable?: string;
  readonly default?: string;
  /** The default of an option whose value is a truth value, as Go's flag package reads one. It has no placeholder. */
  readonly truthDefault?: boolean;
  /** Whether the option only says how a store of its kind is used, and does not choose the kind: its variable may be for other programs. */
  readonly isDetail?: boolean;
  /** The text that the help shows instead of the default. */
  readonly shownDefault?: string;
  /**
   * The path of the field that holds the value in a choice, if the value is a secret: `['user', 'password']`. A secret is hidden from the
   * process list and is never kept in a file; `heddle down` takes it from the variable.
   */
  readonly secretField?: readonly string[];
}

export type StoreOptions = Readonly<Record<string, StoreOption>>;

/** The values of options: texts; booleans for flags; undefined for an absent option without a default. */
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
