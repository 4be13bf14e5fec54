import { networkInterfaces } from 'node:os';

/** An interface of this machine with an IPv4 address, if there is one but the loopback. No command of a test touches it. */
export const [realInterface] = Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
  (addresses ?? []).some(({ family, internal }) => family === 'IPv4' && !internal) ? [name] : [],
);

/** Why a test that needs it cannot run; false if it can. */
export const withoutInterface =
  realInterface === undefined && 'this machine has no interface with an IPv4 address but the loopback';
