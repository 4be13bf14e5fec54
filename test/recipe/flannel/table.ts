import { readFileSync } from 'node:fs';

/** One family's range as flannel prints it. */
export interface RecordedRange {
  readonly network: string;
  readonly length: number;
  readonly min: string;
  readonly max: string;
}

export interface RecordedConfiguration {
  readonly name: string;
  readonly text: string;
  readonly takes?: {
    readonly enableNftables: boolean;
    readonly ipv4: RecordedRange | null;
    readonly ipv6: RecordedRange | null;
    readonly backendType: string;
    readonly backend: Readonly<Record<string, string | number | boolean>>;
  };
  readonly refuses?: { readonly stage: 'parse' | 'check' | 'type' | 'backend'; readonly error: string };
}

type RecordedData = Readonly<Record<string, string | number>>;

export interface RecordedLease {
  readonly name: string;
  readonly key: string;
  readonly value: string;
  readonly takes?: {
    readonly subnet: string;
    readonly network: string;
    readonly ipv6Subnet: string | null;
    readonly publicIp: string;
    readonly publicIpv6: string | null;
    readonly backendType: string;
    readonly data?: RecordedData;
    readonly v6Data?: RecordedData;
    readonly dataRefused?: string;
  };
  readonly refuses?: string;
}

/** What flannel 0.28.9 takes documents for, as test/recorders wrote it. */
export function readTable(): {
  readonly flannel: string;
  readonly configurations: readonly RecordedConfiguration[];
  readonly leases: readonly RecordedLease[];
} {
  return JSON.parse(readFileSync(new URL('documents.json', import.meta.url), 'utf8')) as ReturnType<
    typeof readTable
  >;
}
