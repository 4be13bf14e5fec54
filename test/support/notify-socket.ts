import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { until } from './until.ts';

// Node has no unix datagrams to listen with; perl-base is part of every Debian.
const listener = `
  use IO::Socket::UNIX; use Socket;
  my $name = $ARGV[0]; $name =~ s/^@/\\0/;
  my $s = IO::Socket::UNIX->new(Local => $name, Type => SOCK_DGRAM) or die;
  chmod 0777, $name unless $name =~ /^\\0/;
  $| = 1; print "listening\\n";
  while (1) { $s->recv(my $m, 4096); $m =~ s/\\n/ | /g; print "$m\\n"; }`;

/** A service manager's real socket of datagrams, with the notices that it got. */
export interface NotifySocket {
  /** The notices so far, in order, each as one line, without systemd-notify's own barriers. */
  readonly notices: readonly string[];
  /** Waits for a notice that matches, from the beginning. Returns it. */
  readonly until: (pattern: RegExp) => Promise<string>;
}

/** Listens at a path or, after an `@`, at an abstract name, until the test ends. */
export async function listenForNotices(t: TestContext, address: string): Promise<NotifySocket> {
  const perl = spawn('perl', ['-e', listener, address], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(perl, 'exit');
  t.after(async () => {
    perl.kill();
    await ended;
  });
  const lines: string[] = [];
  createInterface({ input: perl.stdout }).on('line', (line) => lines.push(line));
  await until('perl to listen', () => lines.shift() === 'listening');
  const socket: NotifySocket = {
    get notices() {
      return lines.filter((line) => !line.startsWith('BARRIER'));
    },
    until: (pattern) =>
      until(
        `a notice like ${pattern.source}`,
        () => socket.notices.find((notice) => pattern.test(notice)),
        () => socket.notices.join('\n'),
      ),
  };
  return socket;
}
