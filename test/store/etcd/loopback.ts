import { randomInt } from 'node:crypto';

/**
 * A loopback address that nobody else on this machine is likely to use: with one for each server, ports need no search
 * and stay the same when a server starts again.
 */
export function ownLoopbackAddress(): string {
  return `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
}
