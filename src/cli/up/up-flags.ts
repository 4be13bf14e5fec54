import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { ExitMode, ListenAddress, UpOptions } from '../../daemon/setup/options.ts';
import { Failure } from '../../diagnostic/failure.ts';
import { readParameterSources } from '../arguments/parameter-sources.ts';
import type { StoreChoice } from '../../store/kind.ts';
import type { Level } from '../../event/level.ts';
import type { LogFormat } from '../terminal/log.ts';

/** The options of `heddle up`, as commander hands them over. */
export interface UpFlags {
  readonly version?: boolean;
  readonly printConfig?: true;
  readonly dryRun?: true;
  readonly json?: true;
  readonly recipe?: string;
  readonly recipeDir?: string;
  readonly watch?: true;
  readonly trustStoreCommands?: true;
  readonly allowOverlap?: true;
  readonly compile: UpOptions['compile'];
  readonly param?: readonly string[];
  readonly passEnv?: readonly string[];
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
  readonly probeInterval?: number;
  readonly ipMasq: boolean;
  readonly ipMasqFullyRandomDisable: boolean;
  readonly iptablesForwardRules: boolean;
  readonly iptablesResync: number;
  readonly chainSuffix: string;
  readonly ipBlackholeRoute: boolean;
  readonly cniConfDir?: string;
  readonly cniConf?: string;
  readonly cniRender: boolean;
  /** An option of the store of the kind `kubernetes`. */
  readonly netConfigPath: string;
  readonly onExit: ExitMode;
  readonly releaseLease?: true;
  readonly logFormat: LogFormat;
  readonly logLevel: Level;
  readonly metricsAddress?: ListenAddress;
  readonly page?: ListenAddress;
  readonly healthzIp: string;
  readonly healthzPort: number;
  readonly healthzMetrics?: true;
}

/** Throws a {@link Failure} of kind `usage` for options that ask for two outputs, or for a form of none. */
export function refuseTwoOutputs({ printConfig, dryRun, json }: UpFlags): void {
  if (printConfig && dryRun) {
    throw new Failure('usage', '--print-config and --dry-run contradict each other', {
      hint: 'remove one of the two',
    });
  }
  if (json && !printConfig && !dryRun) {
    throw new Failure('usage', '--json needs --print-config or --dry-run', {
      hint: 'for a log of JSON lines, give --log-format json',
    });
  }
}

/** Throws a {@link Failure} of kind `usage` for options that cannot go together. */
export function refuseContradictions(flags: UpFlags): void {
  const { watch, trustStoreCommands, recipe, recipeDir, onExit, releaseLease } = flags;
  if (flags.healthzMetrics && flags.healthzPort === 0) {
    throw new Failure('usage', '--healthz-metrics needs --healthz-port', {
      hint: 'give --healthz-port, or serve metrics at an address of their own with --metrics-address',
    });
  }
  if (recipe !== undefined && recipeDir !== undefined) {
    throw new Failure('usage', '--recipe and --recipe-dir contradict each other', {
      hint: 'give --recipe for one recipe, or --recipe-dir to select a recipe by the type in the network configuration',
    });
  }
  if (flags.cniConfDir === undefined && (flags.cniRender || flags.cniConf !== undefined)) {
    const option = flags.cniRender ? '--cni-render' : '--cni-conf';
    throw new Failure('usage', `${option} needs --cni-conf-dir`, {
      hint: 'give the directory of the container runtime, for example --cni-conf-dir /etc/cni/net.d',
    });
  }
  if (watch && trustStoreCommands && recipe === undefined && recipeDir === undefined) {
    throw new Failure(
      'usage',
      '--watch needs a recipe file, but --trust-store-commands can take the recipe from the store',
      { hint: 'give a recipe with --recipe or --recipe-dir' },
    );
  }
  if (releaseLease && onExit === 'leave') {
    // Whoever takes the subnet next would have it twice.
    throw new Failure('usage', '--release-lease and --on-exit leave contradict each other', {
      hint: 'remove --release-lease to leave the network up, or --on-exit leave to take it down',
    });
  }
}

/** The options of the daemon, from those of the command line. */
export function readUpOptions(flags: UpFlags, store: StoreChoice): UpOptions {
  return {
    recipe: flags.recipe,
    recipeDirectory: flags.recipeDir === undefined ? undefined : absolute(flags.recipeDir),
    parameters: readParameterSources(flags.param ?? [], process.env),
    passEnvironment: flags.passEnv ?? [],
    watch: flags.watch ?? false,
    store,
    trustStoreCommands: flags.trustStoreCommands ?? false,
    allowOverlap: flags.allowOverlap ?? false,
    compile: flags.compile,
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
    probeIntervalSeconds: flags.probeInterval,
    traffic: {
      masquerade: flags.ipMasq,
      fullyRandom: !flags.ipMasqFullyRandomDisable,
      forward: flags.iptablesForwardRules,
    },
    trafficResyncSeconds: flags.iptablesResync,
    chainSuffix: flags.chainSuffix,
    blackholeRoute: flags.ipBlackholeRoute,
    cniList: readCniList(flags),
    onExit: flags.onExit,
    releaseLease: flags.releaseLease ?? false,
    metricsAddress: flags.metricsAddress,
    page: flags.page,
    healthz: readHealthz(flags),
  };
}

function readCniList({ cniConfDir, cniConf, cniRender, netConfigPath }: UpFlags): UpOptions['cniList'] {
  if (cniConfDir === undefined) return undefined;
  const templateFile = cniConf ?? join(dirname(netConfigPath), 'cni-conf.json');
  return { directory: absolute(cniConfDir), templateFile: absolute(templateFile), render: cniRender };
}

function readHealthz({ healthzIp, healthzPort, healthzMetrics }: UpFlags): UpOptions['healthz'] {
  if (healthzPort === 0) return undefined;
  return { address: { host: healthzIp, port: healthzPort }, withMetrics: healthzMetrics ?? false };
}

function absolute(path: string): string {
  return isAbsolute(path) ? path : resolve(path);
}
