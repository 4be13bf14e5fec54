import { Option } from 'commander';
import type { Command } from 'commander';
import { hostname } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { Failure } from '../../diagnostic/failure.ts';
import type { StoreChoice } from '../../store/open-store.ts';
import { exitModes } from '../../daemon/options.ts';
import type { ExitMode, UpOptions } from '../../daemon/options.ts';
import {
  collect,
  defaultSubnetFile,
  parameterOption,
  stateDirectoryOption,
  wholeNumber,
} from '../arguments/options.ts';
import { parseMetricsAddress } from '../arguments/metrics-address.ts';
import { addStoreOptions, chooseStore } from '../store/store-options.ts';
import type { StoreFlags } from '../store/store-options.ts';
import type { MetricsAddress } from '../../daemon/report/metrics-server.ts';
import type { LogFormat } from '../terminal/log.ts';

interface UpFlags extends StoreFlags {
  readonly recipe?: string;
  readonly watch?: true;
  readonly trustStoreCommands?: true;
  readonly param?: readonly string[];
  readonly stateDir: string;
  readonly subnetFile: string;
  readonly iface: readonly string[];
  readonly ifaceRegex?: readonly string[];
  readonly ifaceCanReach?: string;
  readonly publicIp?: string;
  readonly publicIpv6?: string;
  readonly nodeName: string;
  readonly leaseTtl: number;
  readonly subnetLeaseRenewMargin: number;
  readonly checkInterval: number;
  readonly onExit: ExitMode;
  readonly releaseLease?: true;
  readonly logFormat: LogFormat;
  readonly metricsAddress?: MetricsAddress;
}

/** `heddle up`: brings the network up on this node and keeps it so, in the foreground. */
export function registerUp(program: Command): void {
  addStoreOptions(program.command('up'))
    .summary('bring the network up on this node and keep it up')
    .description(
      'Brings the network of a recipe up on this node and keeps it up, in the foreground, until SIGTERM or SIGINT.',
    )
    .option(
      '--recipe <file>',
      "the recipe: a path, or a name (vxlan, host-gw, wireguard); default: by the type in the store's configuration",
    )
    .option('--watch', 'follow the recipe file: what is saved is checked, and applied in the smallest step')
    .option(
      '--trust-store-commands',
      "run the commands in the store's network configuration, if no recipe is given",
    )
    .addOption(parameterOption())
    .addOption(stateDirectoryOption())
    .addOption(
      new Option('--subnet-file <file>', 'where the subnet and MTU are published')
        .env('FLANNELD_SUBNET_FILE')
        .default(defaultSubnetFile),
    )
    .addOption(
      new Option(
        '--iface <name|address>',
        'the underlay interface; may be repeated, the first that exists is taken',
      )
        .env('FLANNELD_IFACE')
        .argParser(collect)
        .default([], 'the interface of the default route'),
    )
    .addOption(
      new Option('--iface-regex <regex>', 'the underlay interface by a pattern; may be repeated')
        .env('FLANNELD_IFACE_REGEX')
        .argParser(collect),
    )
    .addOption(
      new Option('--iface-can-reach <address>', 'the interface that reaches this address').env(
        'FLANNELD_IFACE_CAN_REACH',
      ),
    )
    .addOption(
      new Option(
        '--public-ip <address>',
        "the address peers reach this node at (default: the interface's first)",
      ).env('FLANNELD_PUBLIC_IP'),
    )
    .addOption(new Option('--public-ipv6 <address>', 'the same for IPv6').env('FLANNELD_PUBLIC_IPV6'))
    .addOption(
      new Option('--node-name <name>', 'what commands see as NODE_NAME')
        .env('NODE_NAME')
        .default(hostname(), 'the host name'),
    )
    .option(
      '--lease-ttl <seconds>',
      'how long the lease lasts without renewal',
      wholeNumber(3, 31_536_000),
      86_400,
    )
    .addOption(
      new Option('--subnet-lease-renew-margin <minutes>', 'how long before its end the lease is renewed')
        .env('FLANNELD_SUBNET_LEASE_RENEW_MARGIN')
        .argParser(wholeNumber(1, 1439))
        .default(60),
    )
    .option(
      '--check-interval <seconds>',
      'how often CheckCommand looks for drift, besides on each line of MonitorCommand',
      wholeNumber(1, 86_400),
      30,
    )
    .addOption(
      new Option('--on-exit <what>', 'shutdown: take the network down; leave: leave it up for the next start')
        .choices(exitModes)
        .default('shutdown'),
    )
    .option('--release-lease', 'give the lease back on exit')
    .addOption(
      new Option('--log-format <format>', 'how events are logged').choices(['text', 'json']).default('text'),
    )
    .option(
      '--metrics-address <address:port>',
      "serve Prometheus' metrics there, for example at 127.0.0.1:9270",
      parseMetricsAddress,
    )
    .action(async (flags: UpFlags, self: Command) => {
      refuseContradictions(flags);
      const store = await chooseStore(self);
      const { runUp } = await import('./run-up.ts');
      await runUp(readOptions(flags, store), flags.logFormat);
    });
}

function refuseContradictions(flags: UpFlags): void {
  const { watch, trustStoreCommands, recipe, onExit, releaseLease } = flags;
  if (watch && trustStoreCommands && recipe === undefined) {
    throw new Failure(
      'usage',
      '--watch follows a recipe file, and with --trust-store-commands there may be none',
      { hint: 'give a recipe with --recipe' },
    );
  }
  if (releaseLease && onExit === 'leave') {
    // Whoever takes the subnet next would have it twice.
    throw new Failure('usage', '--release-lease and --on-exit leave contradict each other', {
      hint: 'drop --release-lease to leave the network up, or --on-exit leave to take it down',
    });
  }
}

function readOptions(flags: UpFlags, store: StoreChoice): UpOptions {
  return {
    recipe: flags.recipe,
    parameters: flags.param ?? [],
    watch: flags.watch ?? false,
    store,
    trustStoreCommands: flags.trustStoreCommands ?? false,
    stateDirectory: absolute(flags.stateDir),
    subnetFile: absolute(flags.subnetFile),
    interface: {
      iface: flags.iface,
      ifaceRegex: flags.ifaceRegex ?? [],
      ifaceCanReach: flags.ifaceCanReach,
      publicIp: flags.publicIp,
      publicIpv6: flags.publicIpv6,
    },
    nodeName: flags.nodeName,
    leaseTtlSeconds: flags.leaseTtl,
    renewMarginSeconds: flags.subnetLeaseRenewMargin * 60,
    checkIntervalSeconds: flags.checkInterval,
    onExit: flags.onExit,
    releaseLease: flags.releaseLease ?? false,
    metricsAddress: flags.metricsAddress,
  };
}

function absolute(path: string): string {
  return isAbsolute(path) ? path : resolve(path);
}
