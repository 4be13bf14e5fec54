import type { Json } from '../../../src/lease/lease.ts';

/** A lease as bytes in a store, by whomever. */
export interface RawLease {
  readonly key: string | Buffer;
  readonly value: Buffer;
}

/** What a node that means well says of itself. */
export interface GoodLease {
  readonly key: string;
  readonly publicIp: string;
  readonly data: Json;
}

/** How data of one recipe looks, and what of it reaches a command. */
export interface DataForm {
  readonly name: 'text' | 'json';
  readonly makeGood: (number: number, version: number) => Json;
  /** The words that commands get of it. */
  readonly wordsOf: (data: Json) => readonly string[];
  /** What a hostile text is written into. */
  readonly wrap: (text: string) => Json;
}

export const textForm: DataForm = {
  name: 'text',
  makeGood: (number, version) => `weft+${number}/v${version}=`,
  wordsOf: (data) => [data as string],
  wrap: (text) => text,
};

export const jsonForm: DataForm = {
  name: 'json',
  makeGood: (number, version) => ({ Key: `weft${number}v${version}`, Port: 4000 + number }),
  wordsOf: (data) => {
    const { Key, Port } = data as { readonly Key: string; readonly Port: number };
    return [Key, String(Port)];
  },
  wrap: (text) => ({ Key: text, Port: 4000 }),
};

/** Where this test's node is, and the subnets that it may take. */
export const hostileNetwork = {
  Network: '10.48.0.0/12',
  SubnetLen: 24,
  SubnetMin: '10.60.0.0',
  SubnetMax: '10.60.255.0',
};
export const ownPublicIp = '172.30.1.1';
/** What this test's node publishes as text. */
export const ownKey = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=';

export function makeGood(form: DataForm, number: number, version = 0): GoodLease {
  return {
    key: `10.49.${number}.0-24`,
    publicIp: `172.31.${version}.${number + 1}`,
    data: form.makeGood(number, version),
  };
}

/** The lease as flannel would write it. `fields` take the place of its own. */
export function encode(lease: GoodLease, fields: Readonly<Record<string, Json>> = {}): RawLease {
  const { key, publicIp, data } = lease;
  const value = {
    PublicIP: publicIp,
    PublicIPv6: null,
    BackendType: 'extension',
    BackendData: data,
    ...fields,
  };
  return { key, value: Buffer.from(JSON.stringify(value)) };
}
