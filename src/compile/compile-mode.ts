/**
 * When the commands of peers run without a shell: `on`, where that comes to the same; `off`, never; `verify`, never, but what the shell
 * does is compared with what would run without it.
 */
export type CompileMode = 'on' | 'off' | 'verify';
