/** The limits of a link, which a cable does not have. Undefined: as a cable. */
export interface Impairment {
  /** The MTU of both ends, in bytes. */
  readonly mtu: number | undefined;
  /** The packets of 100,000 that are lost, each way. */
  readonly loss: number | undefined;
  /** Bits per second, each way. */
  readonly rate: number | undefined;
  /** Milliseconds, each way. */
  readonly delay: number | undefined;
}

/** A change of a link, in the units of {@link Impairment}. Null removes a limit; what is absent stays. */
export interface LinkChange {
  readonly mtu?: number | null;
  readonly loss?: number | null;
  readonly rate?: number | null;
  readonly delay?: number | null;
}

export const noImpairment: Impairment = {
  mtu: undefined,
  loss: undefined,
  rate: undefined,
  delay: undefined,
};

/** The MTU of a link that nobody changed, in bytes. */
export const usualMtu = 1500;
/** The least MTU of a link with IPv6, in bytes (RFC 8200): with a smaller one, the kernel removes its addresses. */
export const leastIpv6Mtu = 1280;
export const mtuBounds = { minimum: 576, maximum: 65_535 } as const;

/** The number that stands for a loss of every packet. */
export const everyPacket = 100_000;

export const lossPattern = /^(?:100|\d{1,2}(?:\.\d{1,3})?)%$/;
export const ratePattern = /^[1-9]\d{0,5}[kmg]bit$/;
export const delayPattern = /^(?:0|[1-9]\d{0,4})ms$/;

/** The forms, for messages: they complete "must be". */
export const lossForm = 'a percentage such as `1.5%`';
export const rateForm = 'a whole number with `kbit`, `mbit` or `gbit`, such as `10mbit`';
export const delayForm = 'a whole number of milliseconds such as `20ms`';

const rateUnits = { kbit: 1e3, mbit: 1e6, gbit: 1e9 } as const;

/** Reads `1.5%`. Undefined for any other form. */
export function parseLoss(text: string): number | undefined {
  return lossPattern.test(text) ? Math.round(Number(text.slice(0, -1)) * (everyPacket / 100)) : undefined;
}

/** Reads `10mbit`. Undefined for any other form. */
export function parseRate(text: string): number | undefined {
  if (!ratePattern.test(text)) return undefined;
  const unit = text.slice(-4) as keyof typeof rateUnits;
  return Number(text.slice(0, -4)) * rateUnits[unit];
}

/** Reads `20ms`. Undefined for any other form. */
export function parseDelay(text: string): number | undefined {
  return delayPattern.test(text) ? Number(text.slice(0, -2)) : undefined;
}

/** Prints a loss as {@link parseLoss} reads it. */
export function formatLoss(loss: number): string {
  return `${loss / (everyPacket / 100)}%`;
}

/** Prints a rate as {@link parseRate} reads it. */
export function formatRate(rate: number): string {
  const [unit, size] = Object.entries(rateUnits).findLast(([, each]) => rate % each === 0) ?? ['kbit', 1e3];
  return `${rate / size}${unit}`;
}

/** Prints a delay as {@link parseDelay} reads it. */
export function formatDelay(delay: number): string {
  return `${delay}ms`;
}

/** The limits of a link after a change. */
export function changeImpairment(impairment: Impairment, change: LinkChange): Impairment {
  const {
    mtu = impairment.mtu,
    loss = impairment.loss,
    rate = impairment.rate,
    delay = impairment.delay,
  } = change;
  return {
    mtu: mtu ?? undefined,
    loss: loss ?? undefined,
    rate: rate ?? undefined,
    delay: delay ?? undefined,
  };
}
