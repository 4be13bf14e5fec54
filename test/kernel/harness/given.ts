import type { Host } from './host.ts';

/** Writes down all that a command was given, under the command's name. */
export function dump(name: string): string {
  return `{ env -0; printf 'stdin='; cat; printf '\\0cwd=%s\\0umask=%s\\0' "$(pwd)" "$(umask)"; } >${name}.given; mv ${name}.given ${name}`;
}

/** What the shell sets itself. */
const ofTheShell = ['PWD', 'OLDPWD', 'SHLVL', '_'];

/** What the command of that name was given, once it has run. */
export async function givenTo(host: Host, name: string): Promise<Readonly<Record<string, string>>> {
  await host.until(`[ -e /run/state/${name} ]`);
  const text = await host.sh(`cat /run/state/${name}`);
  const pairs = text
    .split('\0')
    .filter((entry) => entry !== '')
    .map((entry): [string, string] => [
      entry.slice(0, entry.indexOf('=')),
      entry.slice(entry.indexOf('=') + 1),
    ]);
  return Object.fromEntries(pairs.filter(([key]) => !ofTheShell.includes(key)));
}
