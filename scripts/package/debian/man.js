import { subcommandsOf } from './help.js';

// Makes a manual page of the help of a command. Nothing here reads or writes files.

/** @typedef {import('./help.js').Help} Help */

/**
 * @param {object} page
 * @param {readonly string[]} page.command `['heddle', 'lab', 'run']`
 * @param {Help} page.help
 * @param {string} page.version
 * @param {string} page.date `2026-11-27`
 * @returns {string} in troff
 */
export function manPage({ command, help, version, date }) {
  const name = command.join('-');
  const [summary = ''] = help.description.split(/(?<=\.)\s/);
  const short = summary.charAt(0).toLowerCase() + summary.slice(1).replace(/\.$/, '');
  const others = subcommandsOf(help).map((each) => `.BR ${name}-${each} (8)`);
  const above = command.length > 1 ? [`.BR ${command.slice(0, -1).join('-')} (8)`] : [];
  return [
    `.TH "${name.toUpperCase()}" "8" "${date}" "heddle ${version}" "System Administration"`,
    ...['.SH NAME', `${escape(name)} \\- ${escape(short)}`],
    ...['.SH SYNOPSIS', `.B ${escape(help.usage)}`],
    ...[
      '.SH DESCRIPTION',
      ...help.description.split('\n\n').flatMap((paragraph) => ['.PP', text(paragraph)]),
    ],
    ...Object.entries(help.sections).flatMap(([title, entries]) => [
      `.SH ${title.toUpperCase()}`,
      ...entries.flatMap((entry) => ['.TP', `.B ${escape(entry.term)}`, text(entry.text)]),
    ]),
    ...(command.length === 1 ? filesAndExit : []),
    ...['.SH SEE ALSO', [...above, ...others, '.BR ip (8)'].join(' ,\n')],
    '',
  ].join('\n');
}

const filesAndExit = [
  ...['.SH FILES', '.TP', '.I /etc/heddle/heddle.env', 'The options of the service heddle, as variables.'],
  ...['.TP', '.I /etc/heddle/recipes/', "Your own recipes. They come before heddle's own of the same name."],
  ...['.TP', '.I /usr/share/heddle/recipes/', 'The included recipes.'],
  ...['.TP', '.I /var/lib/heddle/', 'The state directory of each network, with its journal and keys.'],
  ...['.SH EXIT STATUS', 'The table of exit codes is in', '.IR /usr/share/doc/heddle/docs/operations.md .'],
];

/** A line of text: troff takes a dot or an apostrophe at its beginning for a request. @param {string} line */
function text(line) {
  return escape(line).replace(/^(?=[.'])/, '\\&');
}

/** @param {string} line */
function escape(line) {
  const plain = line
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga');
  return plain
    .replaceAll('’', '\\(cq')
    .replaceAll('…', '...')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti');
}
