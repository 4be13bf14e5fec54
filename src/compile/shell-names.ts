/** Builtins of dash, BusyBox or bash that are not evaluated: what they do depends on more than the script. */
const otherBuiltins: ReadonlySet<string> = new Set(
  (
    'alias bg bind break builtin caller cd chdir compgen complete compopt coproc declare dirs disown enable eval exec fc fg getopts hash ' +
    'help history jobs kill let logout mapfile popd pushd pwd readarray readonly shopt source suspend time times trap type typeset ' +
    'ulimit umask unalias wait . ((  [[ ]] function select then else elif fi do done esac { } ! if while until for case in'
  ).split(/ +/),
);

/** Whether a command of this name is not an external program, in at least one shell, and is not evaluated. */
export function isOtherBuiltin(name: string): boolean {
  return otherBuiltins.has(name);
}

/** Variables that at least one shell sets, changes or gives a meaning by itself. */
const shellVariables =
  /^(?:BASH.*|COMP_.*|COMPREPLY|COPROC|DIRSTACK|ENV|EPOCH.*|EUID|EXECIGNORE|FCEDIT|FIGNORE|FUNC.*|GLOBIGNORE|GLOBSORT|GROUPS|HIST.*|HOST.*|IGNOREEOF|INPUTRC|INSIDE_EMACS|LINENO|LINES|COLUMNS|MACHTYPE|MAIL.*|MAPFILE|OLDPWD|OPT.*|OSTYPE|PIPESTATUS|POSIXLY_CORRECT|PPID|PROMPT.*|PS[0-9]|PWD|RANDOM|READLINE.*|REPLY|SECONDS|SHELLOPTS|SHLVL|SRANDOM|TERM|TIMEFORMAT|TMOUT|TMPDIR|UID|CDPATH|CHILD_MAX|auto_resume|histchars|_)$/;

/** Variables that a script may read, but whose change alters what the shell itself does. */
const governingVariables = /^(?:PATH|LANG|LANGUAGE|LC_.*|NLSPATH|HOME)$/;

export const isShellVariable = remembering((name) => shellVariables.test(name));

export const governsShell = remembering((name) => governingVariables.test(name));

/** Asks once for each name: the names of a recipe are few, and are read for every peer. */
function remembering(ask: (name: string) => boolean): (name: string) => boolean {
  const answers = new Map<string, boolean>();
  return (name) => {
    const known = answers.get(name);
    if (known !== undefined) return known;
    const answer = ask(name);
    answers.set(name, answer);
    return answer;
  };
}
