/** A process that a service manager starts. */
export interface StartedProcess {
  /** The program and its arguments. */
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** The commands of a systemd unit, ready to run. */
interface ServiceUnit {
  readonly start: StartedProcess;
  /** Those that run after the service has started. */
  readonly startPost: readonly StartedProcess[];
}

/**
 * Reads the [Service] section of a unit as systemd does, as far as units of daemons need it: continued lines, Environment=,
 * EnvironmentFile=, quotes, `${NAME}` within a word, `$NAME` as a word of its own, which becomes several or none.
 *
 * @param files the environment files by their paths; one that is missing must have a dash before its path
 */
export function readServiceUnit(text: string, files: Readonly<Record<string, string>>): ServiceUnit {
  const settings = settingsOf(text);
  const valuesOf = (name: string): readonly string[] =>
    settings.flatMap(([key, value]) => (key === name ? [value] : []));
  // Whatever the order in the unit, a file overrides Environment=.
  const environment = Object.fromEntries([
    ...valuesOf('Environment').flatMap(splitWords).map(splitAssignment),
    ...valuesOf('EnvironmentFile').flatMap((path) => readEnvironmentFile(path, files)),
  ]);
  const [start, ...others] = valuesOf('ExecStart').map((line) => expandCommand(line, environment));
  if (start === undefined || others.length > 0) throw new Error('the unit does not have one ExecStart');
  return { start, startPost: valuesOf('ExecStartPost').map((line) => expandCommand(line, environment)) };
}

function settingsOf(text: string): readonly (readonly [name: string, value: string])[] {
  const lines = text.replaceAll('\\\n', ' ').split('\n');
  const start = lines.indexOf('[Service]');
  const end = lines.findIndex((line, index) => index > start && line.startsWith('['));
  return lines
    .slice(start + 1, end === -1 ? lines.length : end)
    .filter((line) => /^[^#;].*=/.test(line))
    .map(splitAssignment);
}

function splitAssignment(text: string): readonly [name: string, value: string] {
  const [, name = '', value = ''] = /^([^=]*)=([^]*)$/.exec(text) ?? [];
  return [name.trim(), value.trim()];
}

function readEnvironmentFile(
  path: string,
  files: Readonly<Record<string, string>>,
): readonly (readonly [string, string])[] {
  const file = files[path.replace(/^-/, '')];
  if (file === undefined && !path.startsWith('-')) throw new Error(`${path} is missing`);
  return (file ?? '')
    .split('\n')
    .filter((line) => /^[^#;].*=/.test(line))
    .map((line) => {
      const [name, value] = splitAssignment(line);
      return [name, value.replace(/^(["'])([^]*)\1$/, '$2')];
    });
}

/** Splits at blanks outside of quotes, and takes the quotes away. */
function splitWords(text: string): readonly string[] {
  return [...text.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    word.replaceAll(/(["'])([^]*?)\1/g, '$2'),
  );
}

function expandCommand(line: string, environment: Readonly<Record<string, string>>): StartedProcess {
  const words = splitWords(line.replace(/^[-@:+!]+/, '')).flatMap((word) => {
    const [, alone] = /^\$([A-Za-z_]\w*)$/.exec(word) ?? [];
    if (alone !== undefined) return splitWords(environment[alone] ?? '');
    return [word.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => environment[name] ?? '')];
  });
  return { words, environment };
}
