// Pure: the order in which modules of the kernel must be loaded.

/**
 * The files of modules and of all that they need, those that are needed first.
 * @param {string} modulesDep the text of modules.dep, which depmod writes: `FILE: FILE …` on each line
 * @param {readonly string[]} names of modules: `9pnet_virtio`
 * @returns {readonly string[]} relative to the directory of modules.dep
 */
export function orderModules(modulesDep, names) {
  const needs = new Map(
    modulesDep
      .split('\n')
      .filter((line) => line.includes(':'))
      .map((line) => {
        const [file = '', rest = ''] = line.split(':');
        return [file, rest.trim().split(/\s+/).filter(Boolean)];
      }),
  );
  const files = new Map([...needs.keys()].map((file) => [nameOf(file), file]));
  /** @type {Set<string>} */
  const order = new Set();
  const add = (/** @type {string} */ file) => {
    for (const each of needs.get(file) ?? []) add(each);
    order.add(file);
  };
  for (const name of names) {
    const file = files.get(name);
    // A part of the kernel itself has no file.
    if (file !== undefined) add(file);
  }
  return [...order];
}

/** @param {string} file */
function nameOf(file) {
  const base = file.slice(file.lastIndexOf('/') + 1);
  return base.slice(0, base.indexOf('.')).replaceAll('-', '_');
}
