import { readOption, subcommandsOf } from './help.js';

// Makes the completions of the shells of the help of every command. Nothing here reads or writes files.

/**
 * @typedef {object} Command
 * @property {readonly string[]} path `['lab', 'run']`; empty for heddle itself
 * @property {import('./help.js').Help} help
 */

/** Whether the value of an option or an argument is a path, by a word of its name. */
const isPath = (/** @type {string} */ term) =>
  /<(?:file|dir|path|recipe|directory)>|\[(?:file|dir)\]/.test(term);

/** The kind of word that completes the value of an option. @param {ReturnType<typeof describe>['options'][number]} option */
function kindOfValue({ names, entry, choices }) {
  if (choices.length > 0) return 'choice';
  if (names.includes('--recipe')) return 'recipe';
  return isPath(entry.term) ? 'file' : 'text';
}

/** Prints the names of the recipes: a command for both shells. */
const recipeNames = `heddle recipe list 2>/dev/null | awk 'NR > 1 { print $1 }'`;

/** Prints the names of the pages that `heddle docs` has. */
const pageNames = `heddle docs 2>/dev/null | awk 'NR > 1 { print $1 }'`;

/** The kind of word that completes the arguments of a command. @param {string} usage @returns {'recipe' | 'page' | 'file'} */
function kindOfArgument(usage) {
  if (/ <recipe/.test(usage)) return 'recipe';
  return / \[page\]/.test(usage) ? 'page' : 'file';
}

/** @param {Command} command */
function describe({ path, help }) {
  const options = (help.sections['Options'] ?? []).map((entry) => ({ entry, ...readOption(entry) }));
  const argument = kindOfArgument(help.usage);
  return { key: path.join(' '), subcommands: subcommandsOf(help), options, argument };
}

/** The completion for bash. @param {readonly Command[]} commands @returns {string} */
export function bashCompletion(commands) {
  const all = commands.map(describe);
  const byKey = (/** @type {(each: ReturnType<typeof describe>) => string} */ words) =>
    all.map((each) => `    '${each.key}') echo '${words(each)}' ;;`).join('\n');
  const callsWith = (/** @type {string} */ kind) =>
    all
      .filter(({ argument }) => argument === kind)
      .map(({ key }) => `'${key}'`)
      .join(' | ');
  const values = all.flatMap(({ key, options }) =>
    options
      .filter(({ value }) => value === 'required')
      .flatMap((option) => {
        const { names, choices } = option;
        const words = { choice: choices.join(' '), recipe: '@recipes', file: '@files', text: '' }[
          kindOfValue(option)
        ];
        return names.map((name) => `    '${key} ${name}') echo '${words}' ;;`);
      }),
  );
  return `# Completion of heddle for bash, made from its help texts.
_heddle_words() { # COMMAND: its subcommands and options
  case $1 in
${byKey(({ subcommands, options }) => [...subcommands, ...options.flatMap(({ names }) => names)].join(' '))}
  esac
}

_heddle_subcommands() {
  case $1 in
${byKey(({ subcommands }) => subcommands.join(' '))}
  esac
}

_heddle_values() { # COMMAND OPTION: the values to choose from, or @files, or @recipes
  case $1 in
${values.join('\n')}
    *) return 1 ;;
  esac
}

_heddle_recipes() { # WORD: the files and the names of recipes that begin so
  compgen -f -- "$1"
  compgen -W "$(${recipeNames})" -- "$1"
}

_heddle() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command= word values
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " $(_heddle_subcommands "$command") " in *" $word "*) command="\${command:+$command }$word" ;; esac
  done
  if values=$(_heddle_values "$command $previous"); then
    case $values in
      @files) COMPREPLY=($(compgen -f -- "$current")) ;;
      @recipes) COMPREPLY=($(_heddle_recipes "$current")) ;;
      *) COMPREPLY=($(compgen -W "$values" -- "$current")) ;;
    esac
    return
  fi
  COMPREPLY=($(compgen -W "$(_heddle_words "$command")" -- "$current"))
  case $command in
    ${callsWith('recipe')}) COMPREPLY+=($(_heddle_recipes "$current")) ;;
    ${callsWith('page')}) COMPREPLY+=($(compgen -W "$(${pageNames})" -- "$current")) ;;
  esac
}
complete -o filenames -F _heddle heddle
`;
}

/** The completion for zsh. @param {readonly Command[]} commands @returns {string} */
export function zshCompletion(commands) {
  const functions = commands.map((command) => {
    const { key, options, subcommands, argument } = describe(command);
    const specifications = options.flatMap((option) => {
      const { names, entry, value, choices } = option;
      const what = {
        choice: `:value:(${choices.join(' ')})`,
        recipe: ':recipe:_heddle_recipes',
        file: ':file:_files',
        text: ':value: ',
      }[kindOfValue(option)];
      return names.map((name) => `'*${name}[${quote(entry.text)}]${value === 'required' ? what : ''}'`);
    });
    const entries = (command.help.sections['Commands'] ?? []).map(
      ({ term, text }) => `'${term.split(' ')[0]}:${quote(text)}'`,
    );
    const rest =
      subcommands.length > 0
        ? ["'1: :->command'", "'*:: :->rest'"]
        : [`'*: :${{ recipe: '_heddle_recipes', page: '_heddle_pages', file: '_files' }[argument]}'`];
    const cases = subcommands.map(
      (name) => `        ${name}) _heddle_${[...command.path, name].join('_').replaceAll('-', '_')} ;;`,
    );
    const choose =
      subcommands.length === 0
        ? ''
        : `  case $state in
    command) _describe command commands ;;
    rest)
      case $line[1] in
${cases.join('\n')}
      esac ;;
  esac
`;
    return `_heddle${key === '' ? '' : `_${key.replaceAll(/[ -]/g, '_')}`}() {
  local curcontext=$curcontext state line
  local -a commands=(${entries.join(' ')})
  _arguments -C ${[...specifications, ...rest].join(' \\\n    ')}
${choose}}
`;
  });
  return `#compdef heddle
# Completion of heddle for zsh, made from its help texts.

_heddle_recipes() {
  local -a recipes=(\${(f)"$(${recipeNames})"})
  _alternative 'recipes:recipe:compadd -a recipes' 'files:file:_files'
}

_heddle_pages() {
  local -a pages=(\${(f)"$(${pageNames})"})
  compadd -a pages
}

${functions.join('\n')}
_heddle "$@"
`;
}

/** A text in single quotes within brackets. @param {string} text */
function quote(text) {
  return text.replaceAll(/[[\]:\\]/g, '\\$&').replaceAll("'", "'\\''");
}
