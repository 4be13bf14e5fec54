import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findLinkUse } from '../../../src/daemon/commands/link-use.ts';
import { Bench } from '../bench.ts';
import { makeNumberedPeer, own } from '../network/network-bench.ts';

const direct = 'if [ "$DIRECT" = true ] && [ -n "$ON_LINK_DEV" ]; then ls "$ON_LINK_DEV"; else ls tunnel; fi';

for (const [what, script, matters] of [
  ['is not named', 'ls "$SUBNET"', false],
  ['is named and decides', `DIRECT=true; ${direct}`, true],
  ['is named and does not decide', `DIRECT=false; ${direct}`, false],
  ['decides in a program that inherits it', 'DEV=$ON_LINK_DEV; export DEV; ls', true],
  ['is named in a script that only a shell can follow', 'x=$(ls); echo "$ON_LINK_DEV"', true],
] as const) {
  test(`the link of a peer ${matters ? 'matters' : 'does not matter'} where it ${what}`, async (t) => {
    const bench = new Bench(t);
    bench.recipe({ Type: 'extension', Overhead: 50, SubnetAddCommand: script });
    const usesLink = findLinkUse(bench.runner(await bench.prepare()), own);
    assert.equal(usesLink(makeNumberedPeer(4)), matters);
  });
}
