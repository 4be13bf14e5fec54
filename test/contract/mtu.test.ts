import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { requireLeastDeviceMtu, requireLeastMtu } from '../../src/contract/least-mtu.ts';
import { overlayMtus, publishedMtu } from '../../src/contract/mtu.ts';
import type { Failure } from '../../src/diagnostic/failure.ts';
import { dualStack, ipv4Only } from '../lease/fixtures.ts';

const vxlan = { overhead: { ipv4: 50, ipv6: 70 } };
const ipv6Only = { ...dualStack, ipv4: undefined };

describe('the MTU of an overlay', () => {
  test('is that of each family of the network, and pods get the least', () => {
    const mtus = overlayMtus(vxlan, {}, 1500, dualStack);
    assert.deepEqual(mtus, { ipv4: 1450, ipv6: 1430 });
    assert.equal(publishedMtu(mtus), 1430);
  });

  test('does not count the overhead of a family that the network does not have', () => {
    assert.equal(publishedMtu(overlayMtus(vxlan, {}, 1500, ipv4Only)), 1450);
    assert.equal(publishedMtu(overlayMtus(vxlan, {}, 1500, ipv6Only)), 1430);
  });

  test('is calculated from a parameter MTU, if the recipe has one', () => {
    assert.deepEqual(overlayMtus(vxlan, { MTU: 9000 }, 1500, dualStack), { ipv4: 8950, ipv6: 8930 });
  });
});

describe('an MTU that is too small is refused with the arithmetic', () => {
  const refusal = (run: () => void): string => {
    let text = '';
    assert.throws(run, (error: Failure) => {
      text = `${error.message} (${error.hint ?? ''})`;
      return error.kind === 'interface';
    });
    return text;
  };
  const check = (
    families: typeof dualStack,
    recipe: { overhead: typeof vxlan.overhead | undefined },
    mtu: number,
    parameterValues: Record<string, number> = {},
  ) => requireLeastMtu(families, { recipe, parameterValues, iface: { name: 'eth0', mtu } });

  const cases = [
    {
      name: 'an underlay of 1280 below IPv6',
      run: () => check(dualStack, vxlan, 1280),
      says:
        'the overlay cannot carry IPv6: the MTU of eth0 is 1280, less 70 bytes of Overhead leaves 1210, and IPv6 needs 1280 ' +
        '(raise the MTU of eth0 to at least 1350, or choose an interface with a larger MTU with --iface, or set EnableIPv6 to false in the network configuration)',
    },
    {
      name: 'one byte too few, with IPv6 alone',
      run: () => check(ipv6Only, vxlan, 1349),
      says:
        'the overlay cannot carry IPv6: the MTU of eth0 is 1349, less 70 bytes of Overhead leaves 1279, and IPv6 needs 1280 ' +
        '(raise the MTU of eth0 to at least 1350, or choose an interface with a larger MTU with --iface)',
    },
    {
      name: 'a parameter that says less than the interface',
      run: () => check(ipv6Only, vxlan, 1500, { MTU: 1300 }),
      says:
        'the overlay cannot carry IPv6: the parameter MTU is 1300, less 70 bytes of Overhead leaves 1230, and IPv6 needs 1280 ' +
        '(raise the parameter MTU to at least 1350)',
    },
    {
      name: 'a recipe that does not say its overhead, on an underlay that cannot carry IPv6 itself',
      run: () => check(ipv6Only, { overhead: undefined }, 1200),
      says:
        'the overlay cannot carry IPv6: the MTU of eth0 is 1200, and IPv6 needs 1280 ' +
        '(raise the MTU of eth0 to at least 1280, or choose an interface with a larger MTU with --iface)',
    },
    {
      name: 'an overhead that leaves nothing for IPv4',
      run: () => check(ipv4Only, { overhead: { ipv4: 1450, ipv6: 1450 } }, 1500),
      says:
        'the overlay cannot carry IPv4: the MTU of eth0 is 1500, less 1450 bytes of Overhead leaves 50, and IPv4 needs 68 ' +
        '(raise the MTU of eth0 to at least 1518, or choose an interface with a larger MTU with --iface)',
    },
    {
      name: 'a device that the recipe made too small',
      run: () => requireLeastDeviceMtu(dualStack, 1230, 'the MTU of ov0 is 1230'),
      says:
        'the overlay cannot carry IPv6: the MTU of ov0 is 1230, and IPv6 needs 1280 ' +
        '(raise the MTU that the recipe gives its device, or choose an interface with a larger MTU with --iface, or set EnableIPv6 to false in the network configuration)',
    },
  ];
  for (const { name, run, says } of cases) test(name, () => assert.equal(refusal(run), says));

  test('an MTU that just suffices is not refused', () => {
    check(dualStack, vxlan, 1350);
    check(ipv4Only, vxlan, 1280);
    requireLeastDeviceMtu(ipv4Only, 1230, '');
  });
});
