/** The store of a lab, as its nodes reach it. Paths are those that a node sees. */
export interface LabStore {
  /** The value of `--store`. */
  readonly kind: string;
  /** The other options that choose the store: `--etcd-endpoints`, with its value. */
  readonly options: Readonly<Record<string, string>>;
  /** The variables for commands that people run in a lab: the same options, and those of the store's own tools. */
  readonly variables: Readonly<Record<string, string>>;
}

/** The options of `heddle up`, and of every other command that opens a store. */
export function storeOptions({ kind, options }: LabStore): readonly string[] {
  return ['--store', kind, ...Object.entries(options).flat()];
}
