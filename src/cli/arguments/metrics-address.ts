import { InvalidArgumentError } from 'commander';
import type { ListenAddress } from '../../daemon/setup/options.ts';
import { formatAddress, parseAddress } from '../../network/cidr.ts';

/** Reads `127.0.0.1:9270`, `[::1]:9270` or, for all addresses of this machine, `:9270`. */
export function parseMetricsAddress(text: string): ListenAddress {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2] ?? '';
  const address = parseAddress(host);
  if (match === null || port < 1 || port > 65_535 || (host !== '' && address === undefined)) {
    throw new InvalidArgumentError('It must be an IP address and a port, like 127.0.0.1:9270 or [::1]:9270.');
  }
  return { host: address && formatAddress(address), port };
}

/** Reads the address of a page: like that of metrics, but on loopback only. */
export function parsePageAddress(text: string): ListenAddress {
  const address = parseMetricsAddress(text);
  if (address.host !== undefined && /^(?:127\.|::1$)/.test(address.host)) return address;
  throw new InvalidArgumentError('It must be an address of loopback and a port, like 127.0.0.1:9271.');
}

/** Reads the IP address of a server. */
export function parseHealthzIp(text: string): string {
  const address = parseAddress(text);
  if (address === undefined) {
    throw new InvalidArgumentError('It must be an IP address, like 127.0.0.1, 0.0.0.0 or ::.');
  }
  return formatAddress(address);
}
