import assert from 'node:assert/strict';
import { Command } from 'commander';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  renderDockerOptions,
  type DockerOptionsRequest,
} from '../../../src/cli/docker-opts/docker-options.ts';
import { registerDockerOpts } from '../../../src/cli/docker-opts/docker-opts.ts';
import { parseAssignments } from '../../../src/cli/docker-opts/run-docker-opts.ts';
import { exitCodes, Failure } from '../../../src/diagnostic/failure.ts';
import { runHeddle } from '../../kernel/lab-harness.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const dualStack =
  'FLANNEL_IPV6_NETWORK=2001:cafe:42::/56\nFLANNEL_IPV6_SUBNET=2001:cafe:42:c::1/64\nFLANNEL_MTU=1430\n';

/** Subnet files by the names that the golden file has for them. */
const files: Readonly<Record<string, string>> = {
  masquerading:
    'FLANNEL_NETWORK=10.50.0.0/16\nFLANNEL_SUBNET=10.50.4.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n',
  'not masquerading':
    'FLANNEL_NETWORK=10.50.0.0/16\nFLANNEL_SUBNET=10.50.4.1/24\nFLANNEL_MTU=1500\nFLANNEL_IPMASQ=false\n',
  'dual-stack': `FLANNEL_NETWORK=10.50.0.0/16\nFLANNEL_SUBNET=10.50.4.1/24\n${dualStack}FLANNEL_IPMASQ=true\n`,
  'IPv6 alone': `${dualStack}FLANNEL_IPMASQ=false\n`,
  'without FLANNEL_IPMASQ': 'FLANNEL_SUBNET=10.50.4.1/24\nFLANNEL_MTU=1450\n',
  'with a bad FLANNEL_IPMASQ': 'FLANNEL_SUBNET=10.50.4.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=yes\n',
  'MTU alone': 'FLANNEL_MTU=1450\n',
  'quoted, with a comment':
    '# written by hand\nexport FLANNEL_SUBNET="10.50.4.1/24"\n\nFLANNEL_MTU=\'1450\' FLANNEL_IPMASQ=true\n',
  'empty values': 'FLANNEL_SUBNET=\nFLANNEL_MTU=\nFLANNEL_IPMASQ=\n',
  'with options of its own':
    'FLANNEL_SUBNET=10.50.4.1/24\nDOCKER_OPT_LOG=--log-level=warn\nDOCKER_OPTS=--debug\n',
  empty: '',
  missing: '',
};

const environments: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  none: {},
  DOCKER_OPTS: { DOCKER_OPTS: '--iptables=false --debug' },
  others: { DOCKER_OPT_ICC: '--icc=false', DOCKER_OPT_ZONE: '--label=zone=1', OPTS: '-H' },
  subnet: { FLANNEL_SUBNET: '10.50.9.1/24', FLANNEL_MTU: '1400', FLANNEL_IPMASQ: 'false' },
};

/** The output of flannel's mk-docker-opts.sh, run by dash and by bash on each of these. */
const golden = readFileSync(new URL('golden.txt', import.meta.url), 'utf8')
  .split(/^@ /m)
  .slice(1)
  .map((block) => {
    const end = block.indexOf('\n');
    const [file = '', environment = '', args = ''] = block.slice(0, end).split(' | ');
    return {
      file,
      environment,
      args: args.split(' ').filter((word) => word !== ''),
      written: block.slice(end + 1),
    };
  });

type Flags = Partial<DockerOptionsRequest> & Pick<DockerOptionsRequest, 'key'>;

/** The request that a command line makes. */
function read(args: readonly string[]): DockerOptionsRequest {
  const program = new Command();
  registerDockerOpts(program);
  let request: DockerOptionsRequest | undefined;
  const [command] = program.commands;
  command?.action(({ individual = false, combined = false, key, omitIpMasq = false }: Flags) => {
    request = { individual, combined, key, omitIpMasq };
  });
  program.parse(['docker-opts', ...args], { from: 'user' });
  if (request === undefined) throw new Error('the command did not run');
  return request;
}

test('the golden file has every combination', () => {
  assert.equal(golden.length, 207);
});

for (const name of Object.keys(files)) {
  test(`docker-opts writes what mk-docker-opts.sh writes: a subnet file ${name}`, () => {
    const cases = golden.filter(({ file }) => file === name);
    assert.ok(cases.length > 0);
    for (const { environment, args, written } of cases) {
      const variables = { ...environments[environment], ...parseAssignments(files[name] ?? '') };
      const render = (): string => renderDockerOptions(variables, read(args));
      if (written === 'refused\n') assert.throws(render, Failure);
      // An empty file has an empty line in the golden file.
      else assert.equal(render() || '\n', written, `${environment}: ${args.join(' ')}`);
    }
  });
}

test('through the program', async (t) => {
  const directory = temporaryDirectory(t);
  const subnetFile = join(directory, 'subnet.env');
  const dockerFile = join(directory, 'docker.env');
  writeFileSync(subnetFile, files['masquerading'] ?? '');
  writeFileSync(dockerFile, 'longer than what comes\n'.repeat(100));
  const picked = golden.filter(({ file, environment }) => file === 'masquerading' && environment === 'none');
  for (const { args, written } of picked) {
    const ended = await runHeddle(['docker-opts', `-f${subnetFile}`, '-d', dockerFile, ...args]);
    assert.deepEqual([ended.exitCode, ended.stdout, ended.stderr], [0, '', ''], args.join(' '));
    assert.equal(readFileSync(dockerFile, 'utf8'), written);
  }
  writeFileSync(subnetFile, files['with a bad FLANNEL_IPMASQ'] ?? '');
  const refused = await runHeddle(['docker-opts', '-f', subnetFile, '-d', dockerFile]);
  assert.equal(refused.exitCode, exitCodes.usage);
  assert.match(refused.stderr, /^heddle: FLANNEL_IPMASQ is `yes`, and must be true or false\n/);
});

test('heddle docker-opts takes /dev/null for an empty subnet file', async (t) => {
  const dockerFile = join(temporaryDirectory(t), 'docker');
  const { exitCode, stderr } = await runHeddle(['docker-opts', '-f', '/dev/null', '-d', dockerFile]);
  assert.equal(exitCode, 0, stderr);
});

test('heddle docker-opts does not wait for a FIFO in the place of the subnet file', async (t) => {
  const directory = temporaryDirectory(t);
  const fifo = join(directory, 'subnet.env');
  execFileSync('mkfifo', [fifo]);
  const { exitCode, stderr } = await runHeddle(['docker-opts', '-f', fifo, '-d', join(directory, 'docker')]);
  assert.equal(exitCode, exitCodes['state-directory'], stderr);
  assert.match(
    stderr,
    /^heddle: the subnet file \S+ cannot be read: it is not a regular file\n {2}give its path with -f$/m,
  );
});
