/** The names, or what they begin with, of the variables that stand for options. */
const ofOptions = /^(?:FLANNELD_|HEDDLE_|NODE_NAME$)/;

/** Has an empty variable say nothing, as flanneld does: environment files name options that nobody has set. */
export function dropEmptyVariables(environment: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(environment)) {
    if (value === '' && ofOptions.test(name)) Reflect.deleteProperty(environment, name);
  }
}
