import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factsOfPreparation } from '../../../src/daemon/setup/node-facts.ts';
import { Bench } from '../bench.ts';
import { fileOverlay } from '../file-overlay.ts';
import { given } from '../../recipe/given-parameter.ts';

test('commands get the interface, the store’s network and the settled parameters', async (t) => {
  const bench = new Bench(t);
  bench.recipe({ ...fileOverlay, Parameters: { Port: { Type: 'integer', Default: 1 } } });
  const options = bench.options({ parameters: [given('Port=7')], nodeName: 'loom' });
  const preparation = await bench.prepare(options);
  const underlay = { ...preparation.underlay, mtu: 9000, publicIp: '192.0.2.1' };
  const { network, parameters, ...facts } = factsOfPreparation({ ...preparation, underlay }, options);
  assert.deepEqual(facts, {
    nodeName: 'loom',
    iface: 'weft0',
    ifaceMtu: 9000,
    mtus: { ipv4: 8950, ipv6: undefined },
    stateDirectory: bench.stateDirectory,
    publicIp: '192.0.2.1',
    publicIpv6: undefined,
    localAddresses: { ipv4: '172.30.0.1', ipv6: undefined },
    parameterValues: { Port: 7 },
  });
  assert.equal(network, preparation.network.configuration);
  assert.equal(parameters[0]?.name, 'Port');
});
