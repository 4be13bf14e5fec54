import type { Sample } from './etcd-keys.ts';

/** Leases as flanneld writes them, to the byte. Addresses are on the link of the harness's first segment. */
export const samples = {
  vxlan: {
    key: '10.50.52.0-24',
    value:
      '{"PublicIP":"172.30.1.52","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"b2:4e:a5:f9:b5:a8"}}',
  },
  hostGw: {
    key: '10.50.53.0-24',
    value: '{"PublicIP":"172.30.1.53","PublicIPv6":null,"BackendType":"host-gw"}',
  },
  wireguard: {
    key: '10.50.54.0-24',
    value:
      '{"PublicIP":"172.30.1.54","PublicIPv6":null,"BackendType":"wireguard","BackendData":{"PublicKey":"TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=","Port":51999}}',
  },
  /** As flannel before v0.25. */
  wireguardWithoutPort: {
    key: '10.50.55.0-24',
    value:
      '{"PublicIP":"172.30.1.55","PublicIPv6":null,"BackendType":"wireguard","BackendData":{"PublicKey":"gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA="}}',
  },
  extension: {
    key: '10.50.56.0-24',
    value:
      '{"PublicIP":"172.30.1.56","PublicIPv6":null,"BackendType":"extension","BackendData":"26:70:41:4d:fe:1b"}',
  },
  alloc: { key: '10.50.57.0-24', value: '{"PublicIP":"172.30.1.57","PublicIPv6":null}' },
  dualStack: {
    key: '10.50.4.0-24&2001:cafe:42:4::-64',
    value:
      '{"PublicIP":"172.30.1.4","PublicIPv6":"fd00:99:1::4","BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"b2:4e:a5:f9:b5:04"},"BackendV6Data":{"VNI":1,"VtepMAC":"b2:4e:a5:f9:b6:04"}}',
  },
} as const satisfies Readonly<Record<string, Sample>>;

/** A key that hangs on no etcd lease: kept for a node that is yet to come … */
export const reservation: Sample = {
  key: '10.50.58.0-24',
  value: '{"PublicIP":"172.30.1.58","PublicIPv6":null}',
};

/** … and one whose node has come, and has written what it is. */
export const takenReservation: Sample = {
  key: '10.50.59.0-24',
  value:
    '{"PublicIP":"172.30.1.59","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"b2:4e:a5:f9:b5:59"}}',
};
