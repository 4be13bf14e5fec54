import { readFileSync } from 'node:fs';
import { quote } from 'shell-quote';

/**
 * The cure of a directory that belongs to another user. It does not name chown, because a daemon of that user may use the directory: the
 * service of the Debian package runs as a user of its own.
 */
export function ownerHint(uid: number): string {
  const name = findUserName(uid);
  const whom =
    name === undefined
      ? `the user with the number ${uid}`
      : `that user: ${quote(['runuser', '-u', name, '--', 'heddle'])} …`;
  return `if it is the directory of a daemon of that user, run heddle as ${whom}; otherwise give another with --state-dir`;
}

function findUserName(uid: number): string | undefined {
  let users: string;
  try {
    users = readFileSync('/etc/passwd', 'utf8');
  } catch {
    return undefined;
  }
  return users
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields[2] === String(uid))?.[0];
}
