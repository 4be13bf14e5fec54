/** What begins the names of the variables that stand for options. */
const prefixes = ['FLANNELD_', 'HEDDLE_'];

/** Has an empty variable say nothing, as flanneld does: environment files name options that nobody has set. */
export function dropEmptyVariables(environment: NodeJS.ProcessEnv): void {
  for (const [name, value] of Object.entries(environment)) {
    if (value === '' && prefixes.some((prefix) => name.startsWith(prefix)))
      Reflect.deleteProperty(environment, name);
  }
}
