import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';

import { annotationNames } from '../../../src/store/kubernetes/annotations.ts';
import type { ApiServer } from '../../../src/store/kubernetes/api-server.ts';
import { listNodes } from '../../../src/store/kubernetes/node-list.ts';
import type { NodeObject } from '../../../src/store/kubernetes/node-object.ts';
import { CursorLostError } from '../../../src/store/store.ts';

const names = annotationNames('flannel.alpha.coreos.com/');

function makeNode(number: number, subnet = number): NodeObject {
  return {
    metadata: {
      name: `node${number}`,
      resourceVersion: '1',
      annotations: {
        [names.managed]: 'true',
        [names.backendType]: 'vxlan',
        [names.publicIp]: `172.30.0.${number}`,
      },
    },
    spec: { podCIDRs: [`10.50.${subnet}.0/24`] },
  };
}

/** Lists from an API server that answers with these pages, one after the other; undefined: it has forgotten the version. */
async function list(pages: readonly (readonly NodeObject[] | undefined)[]): Promise<readonly string[]> {
  const seen: string[] = [];
  let asked = 0;
  const server: Pick<ApiServer, 'read'> = {
    async read(_, reader) {
      const items = pages[asked];
      asked += 1;
      seen.push(`asked ${asked}`);
      await Promise.resolve();
      if (items === undefined) throw new CursorLostError('410 Gone');
      const isLast = asked === pages.length || pages[asked] === pages[0];
      const metadata = { resourceVersion: '7', ...(!isLast && { continue: String(asked) }) };
      const text = JSON.stringify({ kind: 'NodeList', metadata, items });
      return reader(Readable.from([Buffer.from(text)]) as never);
    },
  };
  for await (const part of listNodes(server as ApiServer, names, 2)) {
    switch (part.kind) {
      case 'begin':
        seen.push('begin');
        break;
      case 'page':
        seen.push(`page ${part.records.map(({ key }) => key).join(' ')} faults ${part.faults.length}`);
        break;
      case 'end':
        seen.push(`end ${part.listed.resourceVersion} ${part.listed.book.records.length}`);
    }
  }
  return seen;
}

test('the next page of Nodes is requested before the present one is handed over', async () => {
  assert.deepEqual(await list([[makeNode(4), makeNode(5)], [makeNode(6)]]), [
    ...['begin', 'asked 1', 'asked 2'],
    ...['page 10.50.4.0-24 10.50.5.0-24 faults 0', 'page 10.50.6.0-24 faults 0', 'end 7 3'],
  ]);
});

test('a list of Nodes whose version was forgotten between two pages begins again', async () => {
  const pages = [[makeNode(4)], undefined, [makeNode(5)], [makeNode(6), makeNode(7, 6)]];
  assert.deepEqual(await list(pages), [
    ...['begin', 'asked 1', 'asked 2', 'page 10.50.4.0-24 faults 0'],
    ...['begin', 'asked 3', 'asked 4', 'page 10.50.5.0-24 faults 0', 'page 10.50.6.0-24 faults 1', 'end 7 2'],
  ]);
  await assert.rejects(list([undefined, undefined, undefined]), CursorLostError);
});

test('a Node that came twice with different podCIDRs counts as it came last', async () => {
  assert.deepEqual(await list([[makeNode(4)], [makeNode(4, 8), makeNode(5)]]), [
    ...['begin', 'asked 1', 'asked 2', 'page 10.50.4.0-24 faults 0'],
    ...['begin', 'page 10.50.8.0-24 10.50.5.0-24 faults 0', 'end 7 2'],
  ]);
});
