#!/usr/bin/env node
// Writes into a table what flannel's CNI plugin hands over to its delegate. README.md in the folder above says how to run it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [plugin = '', table = ''] = process.argv.slice(2);
const directory = mkdtempSync(join(tmpdir(), 'flannel-cni-'));
const received = join(directory, 'received');

/** The plugins that a template of the table may delegate to: each keeps its input and reports success. */
for (const name of ['bridge', 'ptp', 'macvlan']) {
  const script = `#!/bin/sh\ncat > ${received}\necho '{"cniVersion": "0.3.1", "ips": []}'\n`;
  writeFileSync(join(directory, name), script, { mode: 0o755 });
}

/** @param {Record<string, unknown>} list @param {Record<string, unknown>} entry @param {string} subnetFile */
function delegate(list, entry, subnetFile) {
  const file = join(directory, 'subnet.env');
  writeFileSync(file, subnetFile);
  rmSync(received, { force: true });
  const { name, cniVersion } = list;
  // The container runtime adds the name and the version. The two paths keep the plugin inside of the directory.
  const input = { ...entry, name, cniVersion, subnetFile: file, dataDir: join(directory, 'data') };
  const { status, stdout } = spawnSync(plugin, {
    input: JSON.stringify(input),
    encoding: 'utf8',
    env: {
      CNI_COMMAND: 'ADD',
      CNI_CONTAINERID: 'pod',
      CNI_NETNS: '/proc/self/ns/net',
      CNI_NETNS_OVERRIDE: 'true',
      CNI_IFNAME: 'eth0',
      CNI_PATH: directory,
      PATH: process.env['PATH'],
    },
  });
  if (status === 0) return { delegated: JSON.parse(readFileSync(received, 'utf8')) };
  // Some errors come after a part of a result.
  const [, message = `status ${status}`] = /"msg": "(.*)"/.exec(stdout) ?? [];
  return { error: message };
}

const cases = JSON.parse(readFileSync(table, 'utf8'));
for (const each of cases) {
  const list = JSON.parse(each.template);
  each.outcomes = list.plugins
    .filter((/** @type {{ type: string }} */ entry) => entry.type === 'flannel')
    .map((/** @type {Record<string, unknown>} */ entry) => delegate(list, entry, each.subnetFile));
}
writeFileSync(table, `${JSON.stringify(cases, null, 2)}\n`);
rmSync(directory, { recursive: true });
