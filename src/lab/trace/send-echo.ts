import type { Namespaces } from '../process/namespaces.ts';
import type { LabPlace } from '../process/places.ts';

/** The result of one echo: its round-trip time, or undefined with the message of ping. */
export interface EchoEnd {
  readonly rttMs: number | undefined;
  readonly because: string;
}

/** The bytes of an IP and an ICMP header. */
const headerBytes = { 4: 28, 6: 48 } as const;

/**
 * Sends one echo that must not be fragmented, and waits at most a second for the answer.
 *
 * @param size the bytes of the IP packet
 * @param mark at most 16 bytes, which the payload repeats
 */
export async function sendEcho(
  namespaces: Namespaces,
  from: LabPlace,
  { address, size, mark }: { readonly address: string; readonly size: number; readonly mark: Uint8Array },
): Promise<EchoEnd> {
  const family = address.includes(':') ? 6 : 4;
  const pattern = Buffer.from(mark).toString('hex');
  const payload = String(size - headerBytes[family]);
  const words = ['ping', '-n', '-c', '1', '-W', '1', '-M', 'do', '-s', payload, '-p', pattern, address];
  // ping exits with 1 if no answer comes, and then its stdout counts, too.
  const said = await namespaces.run(from, ['sh', '-c', '"$@" 2>&1 || true', 'sh', ...words]);
  const time = / time[=<]([\d.]+) ?ms/.exec(said)?.[1];
  if (time !== undefined) return { rttMs: Number(time), because: '' };
  const refusal = /^From \S+ icmp_seq=\d+ (.+)$/m.exec(said)?.[1];
  const complaint = /^ping6?: (.+)$/m.exec(said)?.[1];
  return { rttMs: undefined, because: refusal ?? complaint ?? '' };
}
