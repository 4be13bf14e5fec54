import { contractVariables, isDataVariable } from './contract-variables.ts';

/** The form of the name of a variable. */
export const variablePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The variables that programs need to find each other, files, words and the time, and to get through a proxy. */
const usual = /^(?:PATH|HOME|USER|LANG|LC_[A-Z_]+|TZ|TMPDIR)$/;
const ofProxies = /^(?:http|https|ftp|all|no)_proxy$/i;

/** The daemon's own settings, and what its service manager tells it. */
const ofDaemon = /^(?:FLANNELD_|HEDDLE_|ETCDCTL_|CREDENTIALS_DIRECTORY$|NOTIFY_SOCKET$|LISTEN_|WATCHDOG_)/;

/** Whether every command inherits this variable of the daemon. No other is inherited, unless somebody named it. */
export function isInherited(name: string): boolean {
  return usual.test(name) || ofProxies.test(name);
}

/** Why a command cannot be given a variable of the daemon, as a clause; undefined if it can. */
export function describeUnpassable(name: string): string | undefined {
  if (!variablePattern.test(name)) return 'is not the name of a variable';
  if (contractVariables.includes(name) || isDataVariable(name))
    return 'is set by heddle itself for each command';
  if (ofDaemon.test(name)) return 'is a setting of the daemon, which commands never get';
  return undefined;
}
