import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until } from '../support/until.ts';
import { knownBad } from './hostile/bad-leases.ts';
import { jsonForm, makeGood, textForm, type DataForm } from './hostile/leases.ts';
import { Ordeal, subnetKeys } from './hostile/ordeal.ts';
import { filesStore } from './hostile/stores.ts';
import { reasonToSkip } from './harness/needs.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A place in the source where a check is made, and what is put there so that nothing fails it. */
interface Edit {
  readonly file: string;
  readonly check: string;
  readonly instead: string;
}

const inCheckPeer = (check: string, instead = 'false'): Edit => ({
  file: 'src/lease/check-peer.ts',
  check,
  instead,
});

/** Every check of the trust boundary by which alone some lease of the known bad ones is kept from commands. */
const checks = {
  'text matches the default pattern': inCheckPeer('!expected.test(line)'),
  'text is no longer than it may be': inCheckPeer(
    'byteLength(text) > maximumDataBytes)\n    throw new Rejection(`its ${name} is',
    'false)\n    throw new Rejection(`its ${name} is',
  ),
  'each field matches its pattern': inCheckPeer('!field.pattern.test(text)'),
  'the subnet lies inside the network': inCheckPeer(
    '!contains(network, subnet) || subnet.prefix === network.prefix',
  ),
  'the address can be that of a host': inCheckPeer('why !== undefined'),
  'the address is not inside the overlay network': inCheckPeer('contains(overlay, address)'),
  "the address is not this node's own": inCheckPeer('rules.ownAddresses.includes(canonical)'),
  'the MAC address can be that of a device': inCheckPeer('describeUnusableMac(text)', 'undefined'),
  'the key can be that of a node': inCheckPeer('describeUnusableKey(text)', 'undefined'),
  "the key is not this node's own": inCheckPeer('ownIdentities.some((own) => own.value === value)'),
  'the backend type is the same': inCheckPeer('backendType !== rules.backendType'),
  'the subnet overlaps no other': {
    file: 'src/lease/roster.ts',
    check: 'const other = this.#findOverlap(lease.subnets);',
    instead: 'const other = undefined;',
  },
} satisfies Readonly<Record<string, Edit>>;

/** Builds a heddle in which checks are turned off; returns its program. */
function mutate(t: TestContext, edits: readonly Edit[]): string {
  const copy = temporaryDirectory(t);
  for (const part of ['bin', 'src', 'scripts', 'recipes', 'package.json'])
    cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const { file, check, instead } of edits) {
    const parts = readFileSync(join(copy, file), 'utf8').split(check);
    assert.equal(parts.length, 2, `${file} makes the check once: ${check}`);
    writeFileSync(join(copy, file), parts.join(instead));
  }
  execFileSync(process.execPath, [join(copy, 'scripts/build.js')]);
  return join(copy, 'bin/heddle.js');
}

/** Waits until something strange, and that fits, reaches a program: the known bad leases, when checks are turned off. */
async function expectInjection(
  t: TestContext,
  form: DataForm,
  edits: readonly Edit[],
  fits: (vector: readonly string[]) => boolean = () => true,
): Promise<void> {
  const ordeal = await Ordeal.prepare(t, { form, makeStore: filesStore, program: mutate(t, edits) });
  const { leases, foreign, contested, twins } = knownBad(form, ordeal.recorder.bait, subnetKeys());
  // What would keep the machine busy for the rest of the test.
  const brief = [...leases, ...foreign].filter(({ value }) => !value.includes('while'));
  await ordeal.putGood(Array.from({ length: 3 }, (_, number) => makeGood(form, number)));
  await ordeal.store.put(brief);
  ordeal.launch();
  // A daemon without checks may never be ready: commands break or hang.
  const isUp = (): boolean => ordeal.daemon.all('ready').length > 0 || ordeal.strangeVectors().length > 0;
  await until('the daemon to run commands', isUp, () => ordeal.daemon.describe());
  await ordeal.store.put([...contested, ...twins]);
  await until(
    'something strange to reach a program',
    () => ordeal.strangeVectors().some(fits),
    () => ordeal.daemon.describe().slice(-2000),
  );
}

describe('the test of hostile data fails without', { skip: reasonToSkip(), concurrency: 2 }, () => {
  for (const [what, edit] of Object.entries(checks)) {
    test(`the check that ${what}`, async (t) => {
      const form = edit === checks['each field matches its pattern'] ? jsonForm : textForm;
      await expectInjection(t, form, [edit]);
    });
  }

  for (const form of [textForm, jsonForm]) {
    test(`all of them: ${form.name} data call programs of their own`, async (t) => {
      await expectInjection(t, form, Object.values(checks), ([program]) => program !== 'loom');
    });
  }
});
