// Reads the text that `heddle COMMAND --help` prints. Nothing here reads or writes files.

/**
 * @typedef {object} Entry one argument, option or subcommand
 * @property {string} term `--nodes <n>`
 * @property {string} text
 *
 * @typedef {object} Help
 * @property {string} usage without "Usage: "
 * @property {string} description paragraphs, with an empty line between them
 * @property {Readonly<Record<string, readonly Entry[]>>} sections `Arguments`, `Options`, `Commands`
 */

/** @param {string} text @returns {Help} */
export function parseHelp(text) {
  const [head = '', ...blocks] = text.trimEnd().split(/\n(?=[A-Z][a-z]+:\n)/);
  const [usage = '', ...rest] = head.split(/\n\n+/);
  if (!usage.startsWith('Usage: ')) throw new Error(`this is not the help of a command:\n${text}`);
  const paragraphs = rest.map((paragraph) => paragraph.replaceAll(/\s*\n\s*/g, ' ').trim());
  const sections = blocks.map((block) => {
    const [title = '', ...lines] = block.split('\n');
    return [title.replace(':', ''), parseEntries(lines)];
  });
  return {
    usage: usage.slice('Usage: '.length).replaceAll(/\s*\n\s*/g, ' '),
    description: paragraphs.filter((paragraph) => paragraph !== '').join('\n\n'),
    sections: Object.fromEntries(sections),
  };
}

/** The entries of a section. The text of an entry may go over several lines. @param {readonly string[]} lines */
function parseEntries(lines) {
  /** @type {Entry[]} */
  const entries = [];
  for (const line of lines) {
    const begins = /^ {2}(\S.*?)(?: {2,}(.*))?$/.exec(line);
    const last = entries.at(-1);
    if (begins !== null) entries.push({ term: begins[1] ?? '', text: begins[2] ?? '' });
    else if (last !== undefined && line.trim() !== '') last.text = `${last.text} ${line.trim()}`.trim();
  }
  return entries;
}

/** The names of a command's subcommands, without `help`. @param {Help} help */
export function subcommandsOf({ sections }) {
  return (sections['Commands'] ?? [])
    .map(({ term }) => term.split(' ')[0] ?? '')
    .filter((name) => name !== 'help');
}

/**
 * The names of an option, and whether a value follows it.
 * @param {Entry} option @returns {{ names: string[], value: 'none' | 'optional' | 'required', choices: string[] }}
 */
export function readOption({ term, text }) {
  const names = term.split(/[\s,]+/).filter((word) => word.startsWith('-'));
  const value = term.includes('<') ? 'required' : term.includes('[') ? 'optional' : 'none';
  const list = /choices: ((?:"[^"]*"(?:, )?)+)/.exec(text)?.[1] ?? '';
  return { names, value, choices: [...list.matchAll(/"([^"]*)"/g)].map(([, choice = '']) => choice) };
}
