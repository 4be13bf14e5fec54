/** Headers of frames, put together as bytes. Each function takes what the header encloses. */

export function cooked(
  { index, type, ether }: { readonly index: number; readonly type: number; readonly ether: number },
  inside: readonly number[],
): Uint8Array {
  return new Uint8Array([...u16(ether), 0, 0, ...u32(index), 0, 1, type, 6, ...zeros(8), ...inside]);
}

export function ethernet(
  source: string,
  destination: string,
  ether: number,
  inside: readonly number[],
): number[] {
  return [...mac(destination), ...mac(source), ...u16(ether), ...inside];
}

export function ipv4(
  { source, destination, protocol, flags = 0 }: Ends & { readonly protocol: number; readonly flags?: number },
  inside: readonly number[],
): number[] {
  const length = 20 + inside.length;
  const head = [0x45, 0, ...u16(length), 0, 1, ...u16(flags), 64, protocol, 0, 0];
  return [...head, ...dotted(source), ...dotted(destination), ...inside];
}

export function ipv6(
  { source, destination, protocol }: Ends & { readonly protocol: number },
  inside: readonly number[],
): number[] {
  return [
    0x60,
    0,
    0,
    0,
    ...u16(inside.length),
    protocol,
    64,
    ...groups(source),
    ...groups(destination),
    ...inside,
  ];
}

export function udp(source: number, destination: number, inside: readonly number[]): number[] {
  return [...u16(source), ...u16(destination), ...u16(8 + inside.length), 0, 0, ...inside];
}

export function inVxlan(vni: number, inside: readonly number[]): number[] {
  return [8, 0, 0, 0, ...u32(vni * 256), ...inside];
}

export function icmp(type: number, code: number, mtu: number, inside: readonly number[]): number[] {
  return [type, code, 0, 0, 0, 0, ...u16(mtu), ...inside];
}

/** A stream of the pcap format. */
export function pcap(frames: readonly Uint8Array[], linkType = 276): Uint8Array {
  const little = (value: number): number[] => [...u32(value)].reverse();
  const header = [...little(0xa1b2c3d4), 2, 0, 4, 0, ...zeros(8), ...little(256), ...little(linkType)];
  const records = frames.flatMap((frame, at) => [
    ...little(1000),
    ...little(at),
    ...little(frame.length),
    ...little(frame.length),
    ...frame,
  ]);
  return new Uint8Array([...header, ...records]);
}

interface Ends {
  readonly source: string;
  readonly destination: string;
}

function u16(value: number): number[] {
  return [(value >>> 8) & 255, value & 255];
}

function u32(value: number): number[] {
  return [...u16(value >>> 16), ...u16(value)];
}

function zeros(count: number): number[] {
  return Array.from({ length: count }, () => 0);
}

function mac(text: string): number[] {
  return text.split(':').map((part) => Number.parseInt(part, 16));
}

function dotted(text: string): number[] {
  return text.split('.').map(Number);
}

/** An IPv6 address in its long form. */
function groups(text: string): number[] {
  return text.split(':').flatMap((group) => u16(Number.parseInt(group, 16)));
}
