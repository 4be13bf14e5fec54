const hidden = new Set<string>();

/** Every user can see a command line with `ps`. Setting the title overwrites it. */
export function hideFromProcessList(secret: string): void {
  if (secret === '') return;
  hidden.add(secret);
  overwriteTitle();
}

/**
 * Hides the values of all `--param`, as soon as they are read: any may be a secret, and which ones are is known only with the recipe,
 * which the store may have to be waited for to name.
 */
export function hideParameters(): void {
  overwriteTitle();
}

function overwriteTitle(): void {
  process.title = describeCommandLine(process.argv, hidden);
}

/** The words of a command line, without secrets. */
export function describeCommandLine(words: readonly string[], secrets: Iterable<string>): string {
  const shown = words.map((word, index) => hideValue(word, words[index - 1]));
  return [...secrets].reduce((line, secret) => line.replaceAll(secret, '***'), shown.join(' '));
}

/** Hides `VALUE` of `--param NAME=VALUE`; the name of a file that holds the value stays. */
function hideValue(word: string, before: string | undefined): string {
  const [, start = '', value = ''] = /^(--?param=[^=]*=)([^]*)$/.exec(word) ?? [];
  if (start !== '') return isFile(value) ? word : `${start}***`;
  if (before === undefined || !/^--?param$/.test(before)) return word;
  const [, name = '', operand = ''] = /^([^=]*=)([^]*)$/.exec(word) ?? [];
  return name === '' || isFile(operand) ? word : `${name}***`;
}

function isFile(value: string): boolean {
  return value.startsWith('@') && !value.startsWith('@@');
}
