import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import type { StartPlan } from '../../../src/cli/up/plan-start.ts';
import { withoutInterface } from '../../daemon/interface.ts';
import { Place, startHeddle } from '../../support/ending.ts';
import { assertOutput } from '../../support/output-schema.ts';

const template = '{"name": "cbr0", "cniVersion": "1.0.0", "plugins": [{"type": "flannel"}]}\n';

/** A dry run with a directory of CNI lists. */
class CniPlace extends Place {
  readonly net = join(this.directory, 'net.d');
  readonly own = join(this.net, '10-heddle.conflist');
  readonly #template = join(this.directory, 'cni-conf.json');
  readonly #t: TestContext;

  constructor(t: TestContext) {
    super(t);
    this.#t = t;
    mkdirSync(this.net);
    writeFileSync(this.#template, template);
  }

  async #run(...more: readonly string[]): Promise<string> {
    const words = [...this.up(), '--cni-conf-dir', this.net, '--cni-conf', this.#template, '--dry-run'];
    const ran = startHeddle(this.#t, [...words, ...more]);
    assert.equal(await ran.ended, 0, ran.output());
    return ran.output();
  }

  async list(): Promise<NonNullable<StartPlan['cniList']>> {
    const { cniList } = assertOutput('up --dry-run', await this.#run('--json')) as StartPlan;
    assert.ok(cniList !== null);
    return cniList;
  }

  /** The end of the text for people, with the list. */
  async text(): Promise<string> {
    const shown = await this.#run();
    return shown.slice(shown.search(/^CNI list/m)).replaceAll(this.directory, 'DIR');
  }
}

describe('a dry run says that the node would be degraded', { skip: withoutInterface, concurrency: 2 }, () => {
  test('because the container runtime takes the list of another program', async (t) => {
    const place = new CniPlace(t);
    writeFileSync(join(place.net, '99-podman.conflist'), '{}');
    assert.deepEqual(await place.list().then(({ because, passedOver }) => [because, passedOver]), [
      null,
      null,
    ]);
    writeFileSync(join(place.net, '10-flannel.conflist'), '{}');
    const reason =
      'the container runtime takes DIR/net.d/10-flannel.conflist and not 10-heddle.conflist, because it takes the first one by name; remove DIR/net.d/10-flannel.conflist, or restart heddle without --cni-conf-dir if the pods are to use that list';
    const { because, passedOver } = await place.list();
    assert.deepEqual([because, passedOver?.replaceAll(place.directory, 'DIR')], [null, reason]);
    assert.equal(
      await place.text(),
      `CNI list DIR/net.d/10-heddle.conflist, as it is in DIR/cni-conf.json:\n  ${template}The node would be degraded with it: ${reason}\n`,
    );
  });

  test('because the list cannot be written: it is of another program, or the directory is missing', async (t) => {
    const place = new CniPlace(t);
    writeFileSync(place.own, '{}');
    assert.equal(
      await place.text(),
      'CNI list: the node would be degraded, because DIR/net.d/10-heddle.conflist stays as it is, because heddle did not write it; move it away, or give another directory with --cni-conf-dir\n',
    );
    rmSync(place.net, { recursive: true });
    assert.match(
      (await place.list()).because ?? '',
      /does not exist; create it as the container runtime does, or/,
    );
  });

  test('only if the list has to be written: one that is right stays in a read-only directory', async (t) => {
    const place = new CniPlace(t);
    writeFileSync(place.own, template);
    chmodSync(place.own, 0o644);
    chmodSync(place.net, 0o555);
    try {
      const { because, passedOver } = await place.list();
      assert.deepEqual([because, passedOver], [null, null]);
    } finally {
      chmodSync(place.net, 0o755);
    }
  });
});
