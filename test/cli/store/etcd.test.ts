import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { exitCodes, type FailureKind } from '../../../src/diagnostic/failure.ts';
import { openEtcdStore } from '../../../src/store/etcd/store.ts';
import type { CommandEnd } from '../../kernel/harness/host.ts';
import { heddle, runHeddle } from '../../kernel/lab-harness.ts';
import { EtcdBed } from '../../store/etcd/bed.ts';
import { Fortress, password } from '../../store/etcd/fortress.ts';
import { ownLoopbackAddress } from '../../store/etcd/loopback.ts';
import { shareServer } from '../../store/etcd/shared-server.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';

const server = shareServer();
/** Each of many runs of heddle takes a while on a busy machine. */
const limit = { timeout: 300_000 };
const network = '{"Network":"10.50.0.0/16","Backend":{"Type":"vxlan","VNI":1}}';

/** A network of one test's own in the shared etcd, and heddle's commands on it. */
class Desk {
  readonly bed: EtcdBed;

  private constructor(bed: EtcdBed) {
    this.bed = bed;
  }

  static async make(t: { after(release: () => Promise<void>): void }): Promise<Desk> {
    const bed = await EtcdBed.make(server());
    t.after(() => bed.destroy());
    return new Desk(bed);
  }

  /** `heddle leases reserve …`, its options last. */
  run(words: string, input = ''): Promise<CommandEnd> {
    const { server, prefix } = this.bed;
    const options = ['--etcd-endpoints', server.endpoint, '--etcd-prefix', prefix];
    return runHeddle([...words.split(' '), ...options], { input });
  }

  async says(words: string, stdout: string | RegExp, input = ''): Promise<void> {
    const ended = await this.run(words, input);
    assert.deepEqual([ended.exitCode, ended.stderr], [0, ''], words);
    if (typeof stdout === 'string') assert.equal(ended.stdout, stdout);
    else assert.match(ended.stdout, stdout);
  }

  async refuses(words: string, kind: FailureKind, stderr: string, input = ''): Promise<void> {
    assertRefused(await this.run(words, input), kind, stderr);
  }

  /** Writes a lease as flanneld does. */
  async put(key: string, value: string, ttlSeconds?: number): Promise<void> {
    const put = this.bed.raw.put(`${this.bed.prefix}/subnets/${key}`).value(value);
    if (ttlSeconds === undefined) await put;
    else await put.lease((await this.bed.raw.leaseClient.leaseGrant({ TTL: ttlSeconds })).ID);
  }

  /** What stands under the prefix, by the rest of the key. */
  async content(): Promise<Readonly<Record<string, string>>> {
    const start = `${this.bed.prefix}/`;
    const found = await this.bed.raw.getAll().prefix(start).strings();
    return Object.fromEntries(Object.entries(found).map(([key, value]) => [key.slice(start.length), value]));
  }

  get name(): string {
    return `the etcd at ${this.bed.server.endpoint} under ${this.bed.prefix}`;
  }
}

/** That it failed as that kind, and said exactly this on stderr and nothing on stdout. */
function assertRefused(ended: CommandEnd, kind: FailureKind, stderr: string): void {
  assert.equal(ended.stderr, stderr);
  assert.deepEqual([ended.exitCode, ended.stdout], [exitCodes[kind], '']);
}

describe('heddle network', () => {
  test('gets what was set, byte for byte', limit, async (t) => {
    const desk = await Desk.make(t);
    await desk.refuses(
      'network get',
      'not-found',
      `heddle: the network configuration is missing in ${desk.name}\n` +
        `  heddle looked for the key ${desk.bed.prefix}/config in the v3 API of etcd; ` +
        `write one with heddle network set --etcd-endpoints ${desk.bed.server.endpoint} --etcd-prefix ${desk.bed.prefix} FILE, ` +
        'for example {"Network":"10.50.0.0/16","Backend":{"Type":"vxlan"}}',
    );
    const set = `Set the network of ${desk.name}: 10.50.0.0/16, type vxlan.`;
    await desk.says('network set -', set, network);
    assert.deepEqual(await desk.content(), { config: network });
    await desk.says('network get', network);
  });

  const wrong: readonly (readonly [title: string, document: string, said: RegExp])[] = [
    ['that is not JSON', '{"Network":', /standard input was refused: /],
    ['with a key that there is not', '{"Netwerk":"10.50.0.0/16"}', /did you mean `Network`\?/i],
    ['with a network too small', '{"Network":"10.50.0.0/29","Backend":{"Type":"vxlan"}}', /10\.50\.0\.0\/29/],
    [
      'with a command that the shell cannot read',
      '{"Network":"10.50.0.0/16","Backend":{"Type":"loom","SubnetAddCommand":"if true"}}',
      /^heddle: standard input was refused: 1 error\n/,
    ],
    [
      'with a parameter out of bounds',
      '{"Network":"10.50.0.0/16","Backend":{"Type":"vxlan","VNI":16777216}}',
      /^heddle: parameter `VNI` in the store’s network configuration must be .*, not `16777216`/,
    ],
  ];
  for (const [title, document, said] of wrong) {
    test(`does not set one ${title}`, limit, async (t) => {
      const desk = await Desk.make(t);
      const ended = await desk.run('network set -', document);
      assert.deepEqual([ended.exitCode, ended.stdout], [exitCodes.recipe, ''], ended.stderr);
      assert.match(ended.stderr, said);
      assert.deepEqual(await desk.content(), {});
    });
  }

  test('sets one that flannel takes, and says what is read otherwise', limit, async (t) => {
    const desk = await Desk.make(t);
    const text = '{"network":"10.50.1.5/16","Backend":{"Type":"VxLAN","VNII":1,"Directrouting":true}}';
    const ended = await desk.run('network set -', text);
    assert.equal(ended.exitCode, 0, ended.stderr);
    assert.equal(ended.stdout, `Set the network of ${desk.name}: 10.50.0.0/16, type vxlan.`);
    for (const said of ['`network` is read', '10.50.0.0/16', '`vxlan`', '`VNII`', '`Backend.DirectRouting`'])
      assert.ok(ended.stderr.includes(said), said);
    assert.match(ended.stderr, /did you mean `VNI`\?/);
    assert.deepEqual(await desk.content(), { config: text });
    const got = await desk.run('network get');
    assert.equal(got.stdout, text);
    assert.match(
      got.stderr,
      /Understood: type vxlan, subnets from 10\.50\.1\.0 to 10\.50\.255\.0, each \/24\./,
    );
    const { stdout } = await desk.run('network get --json');
    const { document, understood, liberties } = JSON.parse(stdout) as Record<string, unknown>;
    assert.equal(document, text);
    assert.deepEqual(understood, {
      Network: '10.50.0.0/16',
      Backend: { Type: 'vxlan', DirectRouting: true },
    });
    assert.equal((liberties as unknown[]).length, 5);
  });

  test(
    'sets one with commands, or of a type of one’s own, and says what nodes need for it',
    limit,
    async (t) => {
      const desk = await Desk.make(t);
      const withCommands = { Network: '10.50.0.0/16', Backend: { Type: 'loom', SubnetAddCommand: 'true' } };
      const commands = await desk.run('network set -', JSON.stringify(withCommands));
      assert.deepEqual(
        [commands.exitCode, commands.stderr],
        [0, 'Its commands run only on nodes that were started with --trust-store-commands.'],
      );
      const ofOwnType = { Network: '10.50.0.0/16', Backend: { Type: 'loom', Warp: 3 } };
      const type = await desk.run('network set -', JSON.stringify(ofOwnType));
      assert.deepEqual(
        [type.exitCode, type.stderr],
        [
          0,
          `This machine does not have a recipe of type loom. Start nodes with heddle up --recipe RECIPE --etcd-endpoints ${desk.bed.server.endpoint} --etcd-prefix ${desk.bed.prefix}.`,
        ],
      );
      assert.deepEqual(await desk.content(), { config: JSON.stringify(ofOwnType) });
    },
  );

  test('does not set one that cannot be read', limit, async (t) => {
    const desk = await Desk.make(t);
    const cases = [
      ['/no/such/file', 'no such file or directory'],
      ['/proc', 'it is a directory'],
      ['/dev/zero', 'it is larger than 1 MiB'],
    ] as const;
    for (const [file, why] of cases) {
      await desk.refuses(
        `network set ${file}`,
        'recipe',
        `heddle: the network configuration ${file} cannot be read: ${why}\n` +
          '  give the path of its file, or - for standard input',
      );
    }
    assert.deepEqual(await desk.content(), {});
  });
});

const mac = 'b2:4e:a5:f9:b5:a8';

describe('heddle leases', () => {
  test('lists flannel’s leases by subnet, for people and for programs', limit, async (t) => {
    const desk = await Desk.make(t);
    await desk.says('leases', 'No leases.');
    await desk.says('leases --json', '[]');
    const vxlan = `{"PublicIP":"172.30.0.52","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"${mac}"}}`;
    await desk.put('10.50.52.0-24', vxlan, 86_400);
    await desk.put('10.50.7.0-24', '{"PublicIP":"172.30.0.7","PublicIPv6":null}');
    await desk.says(
      'leases',
      [
        'SUBNET         PUBLIC IP    TYPE   DATA                                     EXPIRES',
        '10.50.7.0/24   172.30.0.7                                                   reserved',
        '10.50.52.0/24  172.30.0.52  vxlan  {"VNI":1,"VtepMAC":"b2:4e:a5:f9:b5:a8"}  in 24 h',
        '2 leases',
      ].join('\n'),
    );
    const { stdout } = await desk.run('leases --json');
    const [reserved, leased] = JSON.parse(stdout) as Record<string, unknown>[];
    const none = { publicIpv6: null, backendV6Data: null };
    assert.deepEqual(reserved, {
      ...none,
      subnet: '10.50.7.0/24',
      publicIp: '172.30.0.7',
      backendType: '',
      backendData: null,
      expiresAt: null,
      reservation: true,
      here: null,
    });
    const { expiresAt, ...rest } = leased ?? {};
    assert.deepEqual(rest, {
      ...none,
      subnet: '10.50.52.0/24',
      publicIp: '172.30.0.52',
      backendType: 'vxlan',
      backendData: { VNI: 1, VtepMAC: mac },
      reservation: false,
      here: null,
    });
    const left = (Date.parse(String(expiresAt)) - Date.now()) / 1000;
    assert.ok(left > 86_000 && left <= 86_401, String(expiresAt));
  });

  test('names the entries that are not leases on stderr, and lists the rest', limit, async (t) => {
    const desk = await Desk.make(t);
    await desk.put('10.50.7.0-24', '{"PublicIP":"172.30.0.7","PublicIPv6":null}');
    await desk.put('10.50.8.0-24', 'weft\u001b[2J');
    const { exitCode, stdout, stderr } = await desk.run('leases');
    assert.equal(exitCode, 0);
    assert.match(stdout, /^10\.50\.7\.0\/24 .*\n1 lease$/m);
    assert.match(stderr, /^lease 10\.50\.8\.0-24 skipped: \S/);
    assert.ok(!stderr.includes('\u001b'));
  });
});

describe('heddle leases reserve and release', () => {
  test('write and remove what flannel takes for a reservation', limit, async (t) => {
    const desk = await Desk.make(t);
    await desk.says('network set -', /^Set/, network);
    await desk.says('leases reserve 10.50.4.0/24 172.30.0.4', 'Reserved 10.50.4.0/24 for 172.30.0.4.');
    assert.deepEqual(await desk.content(), {
      config: network,
      'subnets/10.50.4.0-24': '{"PublicIP":"172.30.0.4","PublicIPv6":null}',
    });
    const { kvs } = await desk.bed.raw.get(`${desk.bed.prefix}/subnets/10.50.4.0-24`).exec();
    assert.equal(kvs[0]?.lease, '0');
    await desk.says('leases release 10.50.4.0/24', 'Released 10.50.4.0/24 (reserved for 172.30.0.4).');
    await desk.says(
      'leases --json reserve 10.50.4.0/24 172.30.0.4',
      '{"reserved":"10.50.4.0/24","publicIp":"172.30.0.4","publicIpv6":null}',
    );
    await desk.says(
      'leases release 10.50.4.0-24 --json',
      '{"released":"10.50.4.0/24","publicIp":"172.30.0.4","publicIpv6":null,"reservation":true}',
    );
    assert.deepEqual(Object.keys(await desk.content()), ['config']);
  });

  test('know both families', limit, async (t) => {
    const desk = await Desk.make(t);
    const dual = { Network: '10.50.0.0/16', EnableIPv6: true, IPv6Network: '2001:cafe:42::/56' };
    await desk.says('network set -', /^Set/, JSON.stringify({ ...dual, Backend: { Type: 'vxlan' } }));
    const both = '10.50.4.0/24,2001:cafe:42:c::/64';
    await desk.says(
      `leases reserve ${both} 172.30.0.4,fd00:99::1`,
      'Reserved 10.50.4.0/24 and 2001:cafe:42:c::/64 for 172.30.0.4 and fd00:99::1.',
    );
    const content = await desk.content();
    assert.equal(
      content['subnets/10.50.4.0-24&2001:cafe:42:c::-64'],
      '{"PublicIP":"172.30.0.4","PublicIPv6":"fd00:99::1"}',
    );
    const again = await desk.run(`leases reserve ${both} 172.30.0.5`);
    assert.match(again.stderr, new RegExp(`heddle leases release ${both}$`));
    await desk.says(`leases release ${both}`, /^Released /);
    await desk.refuses(
      'leases reserve 10.50.4.0/24 172.30.0.4',
      'usage',
      'heddle: the network 10.50.0.0/16 and 2001:cafe:42::/56 cannot assign the subnet 10.50.4.0/24\n' +
        '  choose from 10.50.1.0 to 10.50.255.0, each /24 and 2001:cafe:42:1:: to 2001:cafe:42:ff::, each /64',
    );
  });

  const hint = '  choose from 10.50.1.0 to 10.50.255.0, each /24';
  const outside = (subnet: string): string =>
    `heddle: the network 10.50.0.0/16 cannot assign the subnet ${subnet}\n${hint}`;
  const form = (text: string, example = '10.50.4.0/24'): string =>
    `heddle: "${text}" is not a subnet, nor one subnet of each family\n` +
    `  give a network address and its length, such as ${example}`;
  const wrong: readonly (readonly [words: string, kind: FailureKind, stderr: string])[] = [
    ['reserve 10.50.4/24 172.30.0.4', 'usage', form('10.50.4/24')],
    ['reserve 10.50.4.1/24 172.30.0.4', 'usage', form('10.50.4.1/24')],
    ['reserve 10.50.7.9/22 172.30.0.4', 'usage', form('10.50.7.9/22', '10.50.4.0/22')],
    ['reserve fd00::7/64 172.30.0.4', 'usage', form('fd00::7/64', 'fd00::/64')],
    ['reserve 10.50.4.0/33 172.30.0.4', 'usage', form('10.50.4.0/33')],
    ['reserve 10.50.4.0 172.30.0.4', 'usage', form('10.50.4.0')],
    ['reserve 10.50.4.0/24,10.50.5.0/24 172.30.0.4', 'usage', form('10.50.4.0/24,10.50.5.0/24')],
    ['reserve 10.51.4.0/24 172.30.0.4', 'usage', outside('10.51.4.0/24')],
    ['reserve 10.50.0.0/24 172.30.0.4', 'usage', outside('10.50.0.0/24')],
    ['reserve 10.50.4.0/25 172.30.0.4', 'usage', outside('10.50.4.0/25')],
    [
      'reserve 10.50.4.0/24 weft',
      'usage',
      'heddle: the public address "weft" is not an IP address\n' +
        '  give the address at which the other nodes reach this node',
    ],
    [
      'reserve 10.50.4.0/24 127.0.0.1',
      'usage',
      'heddle: the public address "127.0.0.1" is a loopback address\n' +
        '  give the address at which the other nodes reach this node',
    ],
    [
      'reserve 10.50.4.0/24 172.30.0.4,172.30.0.5',
      'usage',
      'heddle: "172.30.0.4,172.30.0.5" has two public addresses of the same family\n' +
        '  give one IPv4 address, one IPv6 address, or one of each with a comma',
    ],
    [
      'reserve 10.50.4.0/24 fd00:99::1',
      'usage',
      'heddle: "fd00:99::1" does not have an IPv4 address, which a node needs to find its lease of 10.50.4.0/24\n' +
        "  give the node's public IPv4 address",
    ],
    [
      'reserve 10.50.9.0/24 172.30.0.4',
      'taken',
      'heddle: the subnet 10.50.9.0/24 is not free: it is leased to 172.30.0.9\n' +
        '  if nobody needs it, release it first: heddle leases release 10.50.9.0/24',
    ],
    [
      'reserve 10.50.16.0/24 172.30.0.4',
      'taken',
      'heddle: the subnet 10.50.16.0/24 is not free: 10.50.16.0/20 is reserved for 172.30.0.16\n' +
        '  if nobody needs it, release it first: heddle leases release 10.50.16.0/20',
    ],
    ['release 10.50.4/24', 'usage', form('10.50.4/24')],
  ];
  test('refuse what is not right, and leave everything as it is', limit, async (t) => {
    const desk = await Desk.make(t);
    await desk.says('network set -', /^Set/, network);
    await desk.put('10.50.9.0-24', '{"PublicIP":"172.30.0.9","PublicIPv6":null}', 600);
    await desk.put('10.50.16.0-20', '{"PublicIP":"172.30.0.16","PublicIPv6":null}');
    const before = await desk.content();
    for (const [words, kind, stderr] of wrong) await desk.refuses(`leases ${words}`, kind, stderr);
    await desk.refuses(
      'leases release 10.50.4.0/24',
      'not-found',
      `heddle: ${desk.name} does not have a lease for 10.50.4.0/24\n  list the leases with heddle leases`,
    );
    assert.deepEqual(await desk.content(), before);
  });
});

describe('an etcd that cannot be used', () => {
  test('is named with the reason, by each command', limit, async () => {
    const endpoint = `http://${ownLoopbackAddress()}:2379`;
    const commands = [
      'network get',
      'network set -',
      'leases',
      'leases reserve 10.50.4.0/24 172.30.0.4',
      'leases release 10.50.4.0/24',
    ];
    for (const words of commands) {
      const options = { input: network };
      const ended = await runHeddle([...words.split(' '), '--etcd-endpoints', endpoint], options);
      assert.deepEqual([ended.exitCode, ended.stdout], [exitCodes.store, ''], words);
      assert.match(ended.stderr, /^heddle: cannot [a-z]+ .*: etcd at \S+ refuses connections$/, words);
    }
  });

  const usage: readonly (readonly [
    options: readonly string[],
    environment: Record<string, string>,
    stderr: string,
  ])[] = [
    [
      ['--etcd-username', 'weaver'],
      {},
      'heddle: the etcd user weaver was given without a password\n' +
        '  set FLANNELD_ETCD_PASSWORD, or give --etcd-password-file',
    ],
    [
      [],
      { FLANNELD_ETCD_PASSWORD: password },
      'heddle: an etcd password was given without a user\n  give the user with --etcd-username',
    ],
    [
      ['--etcd-username', 'weaver', '--etcd-password-file', '/dev/null'],
      { FLANNELD_ETCD_PASSWORD: password },
      'heddle: the etcd password was given twice: directly and in a file\n' +
        '  remove one of --etcd-password (FLANNELD_ETCD_PASSWORD) and --etcd-password-file',
    ],
  ];
  test('by half a login is refused before it is asked', limit, async () => {
    for (const [options, environment, stderr] of usage) {
      assertRefused(await runHeddle(['leases', ...options], { environment }), 'usage', stderr);
    }
  });
});

describe('an etcd with TLS and users', () => {
  let fortress: Fortress;
  const directory = temporaryDirectory({ after });
  before(async () => {
    fortress = await Fortress.make();
    await writeFile(join(directory, 'password'), `${password}\n`, { mode: 0o600 });
  }, limit);
  after(() => fortress.destroy());

  const tlsOptions = (caFile = fortress.authority.caFile): readonly string[] => [
    ...['--etcd-endpoints', fortress.server.endpoint, '--etcd-cafile', caFile],
    ...['--etcd-certfile', fortress.node.certFile, '--etcd-keyfile', fortress.node.keyFile],
  ];
  const user = ['--etcd-username', 'heddle'];

  test('takes the password by option, variable or file; and nothing else is said', limit, async () => {
    const file = join(directory, 'password');
    const cases: readonly (readonly [readonly string[], Record<string, string>])[] = [
      [['--etcd-password', password], {}],
      [['--etcd-password-file', file], {}],
      [[], { FLANNELD_ETCD_PASSWORD: password }],
      [[], { HEDDLE_ETCD_PASSWORD_FILE: file }],
    ];
    for (const [options, environment] of cases) {
      const ended = await runHeddle(['leases', ...tlsOptions(), ...user, ...options], { environment });
      assert.deepEqual(ended, { exitCode: 0, stdout: 'No leases.', stderr: '' });
    }
  });

  test('refuses a wrong password and a wrong authority, and the secret is not told', limit, async () => {
    const environment = { FLANNELD_ETCD_PASSWORD: `not ${password}` };
    const wrongPassword = await runHeddle(['leases', ...tlsOptions(), ...user], { environment });
    const action = 'heddle: cannot list the leases under /coreos.com/network/subnets/';
    const { endpoint } = fortress.server;
    assertRefused(
      wrongPassword,
      'store',
      `${action}: etcd at ${endpoint} refuses the user name or the password\n  check both with etcdctl --user NAME user get NAME`,
    );
    assertRefused(
      await runHeddle(['leases', ...tlsOptions(fortress.stranger.caFile)]),
      'store',
      `${action}: etcd at ${endpoint} has a certificate from an unknown authority\n` +
        '  give --etcd-cafile the PEM file of the authority (CA) that signed the certificates of the etcd members',
    );
  });

  test('gives a lease back for heddle down, which takes the password from its variable', limit, async (t) => {
    const state = join(directory, 'dead');
    await mkdir(state, { mode: 0o700 });
    const document = '{"Network":"10.50.0.0/16","Backend":{"Type":"extension"}}';
    const leaseKey = '10.50.4.0-24';
    const deployment = {
      version: 1,
      recipe: { file: '/r.json', name: 'r', text: document },
      parameterValues: {},
      networkDocument: document,
      nodeName: 'weaver',
      iface: 'lo',
      ifaceMtu: 65_536,
      mtu: 65_536,
      publicIp: '172.30.0.4',
      publicIpv6: null,
      subnetFile: join(directory, 'none.env'),
      leaseKey,
      store: {
        kind: 'etcd',
        endpoints: [fortress.server.endpoint],
        prefix: '/coreos.com/network',
        caFile: fortress.authority.caFile,
        ...fortress.node,
        user: { name: 'heddle', password: '' },
      },
    };
    const down = async (environment: Record<string, string>): Promise<CommandEnd> => {
      await writeFile(join(state, 'deployment.json'), JSON.stringify(deployment));
      return runHeddle(['down', '--release-lease', '--state-dir', state], { environment });
    };
    const store = await openEtcdStore(fortress.optionsWith());
    t.after(() => store.close());
    await store.create(leaseKey, '{"PublicIP":"172.30.0.4","PublicIPv6":null}', 600);

    const refused = await down({});
    assert.equal(refused.exitCode, exitCodes.store);
    assert.match(refused.stderr, /refuses the user name or the password/);
    const released = await down({ FLANNELD_ETCD_PASSWORD: password });
    assert.deepEqual(
      [released.exitCode, released.stdout, released.stderr],
      [0, 'Network down: 0 peers removed, lease released (from the journal of a dead daemon).', ''],
    );
    assert.deepEqual((await store.list()).records, []);
  });

  test('has its password in no list of processes, however it was given', limit, async (t) => {
    const state = ['--state-dir', join(directory, 'state'), '--subnet-file', join(directory, 'subnet.env')];
    for (const option of [['--etcd-password', password], [`-etcd-password=${password}`]]) {
      const words = ['up', ...tlsOptions(), ...user, ...option, ...state];
      const child = spawn(process.execPath, [heddle, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
      t.after(() => child.kill('SIGKILL'));
      const ended = once(child, 'close');
      let said = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => (said += text));
      }
      await until(
        'the daemon to wait for its network configuration',
        () => {
          assert.equal(child.exitCode, null, said);
          return said.includes('waiting for one');
        },
        () => said,
      );
      const shown = await readFile(`/proc/${child.pid}/cmdline`, 'utf8');
      assert.match(
        shown,
        /heddle\.js up .* --etcd-username heddle -{1,2}etcd-password[ =]\*\*\* --state-dir /,
      );
      assert.ok(!shown.includes(password), shown);
      child.kill('SIGTERM');
      await ended;
      assert.ok(!said.includes(password), said);
    }
  });
});
