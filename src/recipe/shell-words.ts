/** Words that the shell reads as grammar, and after which another command may begin. */
export const commandIntroducers: ReadonlySet<string> = new Set([
  ...['if', 'then', 'elif', 'else', 'do', 'while', 'until', '!', '{'],
]);

/** Words that the shell reads as grammar, and after which no command begins before the next separator. */
export const closingWords: ReadonlySet<string> = new Set(['fi', 'done', 'esac', '}', 'for', 'in']);

/** Commands that only ask whether their arguments exist: what they name is not needed. */
export const probes: ReadonlySet<string> = new Set(['type', 'hash', 'which']);

/** Commands that the shell runs itself, in dash, BusyBox or bash. */
export const builtins: ReadonlySet<string> = new Set([
  ...[':', '.', '[', 'alias', 'bg', 'break', 'builtin', 'cd', 'chdir', 'continue', 'declare', 'echo', 'eval'],
  ...[
    'exit',
    'export',
    'false',
    'fc',
    'fg',
    'getopts',
    'hash',
    'help',
    'history',
    'jobs',
    'kill',
    'let',
    'local',
  ],
  ...[
    'printf',
    'pwd',
    'read',
    'readonly',
    'return',
    'select',
    'set',
    'shift',
    'shopt',
    'source',
    'test',
    'times',
  ],
  ...['trap', 'true', 'type', 'typeset', 'ulimit', 'umask', 'unalias', 'unset', 'wait', 'function', 'coproc'],
]);
