import { spawn } from 'node:child_process';
import { describeFailedStart } from '../../../host/run-program.ts';

/** The bytes of an IP and an ICMP header, which a packet has in addition to an echo's payload. */
const headerBytes = { 4: 28, 6: 48 } as const;

export type EchoResult =
  | { readonly kind: 'answered'; readonly rttMs: number }
  /** No answer came, or the kernel refused to send; `because` is ping's message, if there is one. */
  | { readonly kind: 'unanswered'; readonly because: string };

/**
 * Sends one ICMP echo and waits at most a second. With `packetBytes`, the IP packet has exactly that size and must not
 * be fragmented, neither here nor on the way.
 */
export function echo(address: string, packetBytes?: number): Promise<EchoResult> {
  const family = address.includes(':') ? 6 : 4;
  const size =
    packetBytes === undefined
      ? []
      : ['-M', 'do', '-s', String(Math.max(0, packetBytes - headerBytes[family]))];
  return new Promise((resolve) => {
    const args = ['-n', '-c1', '-W1', ...size, address];
    const child = spawn('ping', args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      // ping would wait for an answer to a packet that the kernel refused to send.
      if (/message too long/i.test(stderr)) child.kill();
    });
    child.on('error', (error) =>
      resolve({ kind: 'unanswered', because: describeFailedStart('ping', error) }),
    );
    child.on('close', (code) => {
      const time = / time[=<]([\d.]+) ?ms/.exec(stdout)?.[1];
      if (code === 0 && time !== undefined) resolve({ kind: 'answered', rttMs: Number(time) });
      else resolve({ kind: 'unanswered', because: complaint(stdout, stderr) });
    });
  });
}

/** ping's line for a refusal of a router or the kernel: `From 172.30.0.1 icmp_seq=1 Destination Host Unreachable`. */
function complaint(stdout: string, stderr: string): string {
  const refusal = /^From \S+ icmp_seq=\d+ (.+)$/m.exec(stdout)?.[1];
  return refusal ?? stderr.trim().split('\n').at(-1) ?? '';
}
