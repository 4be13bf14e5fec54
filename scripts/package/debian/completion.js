import { readOption, subcommandsOf } from './help.js';

// Makes the completions of the shells of the help of every command. Nothing here reads or writes files.

/**
 * @typedef {object} Command
 * @property {readonly string[]} path `['lab', 'run']`; empty for heddle itself
 * @property {import('./help.js').Help} help
 */

/** What completes the value of an option or an argument, by a word of its name. */
const isPath = (/** @type {string} */ term) =>
  /<(?:file|dir|path|recipe|directory)>|\[(?:file|dir)\]/.test(term);

/** @param {Command} command */
function describe({ path, help }) {
  const options = (help.sections['Options'] ?? []).map((entry) => ({ entry, ...readOption(entry) }));
  const takesRecipe = / <recipe/.test(help.usage);
  return { key: path.join(' '), subcommands: subcommandsOf(help), options, takesRecipe };
}

/** The completion for bash. @param {readonly Command[]} commands @returns {string} */
export function bashCompletion(commands) {
  const all = commands.map(describe);
  const byKey = (/** @type {(each: ReturnType<typeof describe>) => string} */ words) =>
    all.map((each) => `    '${each.key}') echo '${words(each)}' ;;`).join('\n');
  const values = all.flatMap(({ key, options }) =>
    options
      .filter(({ value }) => value === 'required')
      .flatMap(({ names, entry, choices }) => {
        const words = choices.length > 0 ? choices.join(' ') : isPath(entry.term) ? '@files' : '';
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

_heddle_values() { # COMMAND OPTION: the values to choose from, or @files
  case $1 in
${values.join('\n')}
    *) return 1 ;;
  esac
}

_heddle() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command= word values
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " $(_heddle_subcommands "$command") " in *" $word "*) command="\${command:+$command }$word" ;; esac
  done
  if values=$(_heddle_values "$command $previous"); then
    if [ "$values" = @files ]; then COMPREPLY=($(compgen -f -- "$current"));
    else COMPREPLY=($(compgen -W "$values" -- "$current")); fi
    return
  fi
  COMPREPLY=($(compgen -W "$(_heddle_words "$command")" -- "$current"))
  case " ${all
    .filter(({ takesRecipe }) => takesRecipe)
    .map(({ key }) => key.replaceAll(' ', '/'))
    .join(' ')} " in
    *" \${command// //} "*) COMPREPLY+=($(compgen -f -- "$current") $(compgen -W "$(heddle recipe list 2>/dev/null | awk 'NR > 1 { print $1 }')" -- "$current")) ;;
  esac
}
complete -o filenames -F _heddle heddle
`;
}

/** The completion for zsh. @param {readonly Command[]} commands @returns {string} */
export function zshCompletion(commands) {
  const functions = commands.map((command) => {
    const { key, options, subcommands } = describe(command);
    const specifications = options.flatMap(({ names, entry, value, choices }) =>
      names.map((name) => {
        const what =
          choices.length > 0
            ? `:value:(${choices.join(' ')})`
            : isPath(entry.term)
              ? ':file:_files'
              : ':value: ';
        return `'*${name}[${quote(entry.text)}]${value === 'required' ? what : ''}'`;
      }),
    );
    const entries = (command.help.sections['Commands'] ?? []).map(
      ({ term, text }) => `'${term.split(' ')[0]}:${quote(text)}'`,
    );
    const rest = subcommands.length > 0 ? ["'1: :->command'", "'*:: :->rest'"] : ["'*: :_files'"];
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

${functions.join('\n')}
_heddle "$@"
`;
}

/** A text in single quotes within brackets. @param {string} text */
function quote(text) {
  return text.replaceAll(/[[\]:\\]/g, '\\$&').replaceAll("'", "'\\''");
}
