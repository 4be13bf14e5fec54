import { Option, type Command } from 'commander';
import { hostname } from 'node:os';
import { exitModes, type ExitMode } from '../../daemon/setup/options.ts';
import { levels, type Level } from '../../event/level.ts';
import {
  defaultSubnetFile,
  parameterOption,
  parseChainSuffix,
  parseVariableName,
  stateDirectoryOption,
  wholeNumber,
} from '../arguments/options.ts';
import { goNumber, parseTruth } from '../arguments/go-values.ts';
import { addInterfaceOptions } from '../arguments/interface-options.ts';
import { parseHealthzIp, parseMetricsAddress, parsePageAddress } from '../arguments/metrics-address.ts';
import { addStoreOptions } from '../arguments/store-options.ts';

/**
 * The default of `--on-exit`. A supervisor that ends the daemon mostly starts it again: then the network stays
 * up, and no packet is lost.
 */
function defaultExitMode(environment: Readonly<NodeJS.ProcessEnv>): ExitMode {
  const supervisors = [environment['NOTIFY_SOCKET'], environment['KUBERNETES_SERVICE_HOST']];
  return supervisors.some((address) => address !== undefined && address !== '') ? 'leave' : 'shutdown';
}

/** Adds the options that decide how a network is brought up, with their environment variables. */
export function addUpOptions(command: Command): Command {
  addInterfaceOptions(addStoreOptions(command))
    .option(
      '--recipe <file>',
      "the recipe: a path, or a name (vxlan, host-gw, wireguard, ipsec, ipip, udp, geneve, gre, aws-vpc, gce, ali-vpc, tencent-vpc, alloc); default: the recipe for the type in the store's configuration",
    )
    .addOption(
      new Option(
        '--recipe-dir <dir>',
        "a directory of recipes, for example a mounted ConfigMap: the type in the store's configuration selects one",
      ).env('HEDDLE_RECIPE_DIR'),
    )
    .option('--watch', 'follow the recipe file: check it after each save, and apply it in the smallest step')
    .option(
      '--trust-store-commands',
      "run the commands in the store's network configuration if you give neither --recipe nor --recipe-dir",
    )
    .option('--allow-overlap', 'bring up a network that overlaps a route or an address of this host')
    .addOption(
      new Option(
        '--compile <when>',
        'on: run the commands of many peers without a shell each, where that comes to the same; off: always run a shell; verify: run a shell, and report where it does something else than what would run without it',
      )
        .choices(['on', 'off', 'verify'])
        .default('on'),
    )
    .addOption(parameterOption())
    .option(
      '--pass-env <name>',
      "give this variable of the daemon's environment to the recipe's commands; repeat for more",
      parseVariableName,
    )
    .addOption(stateDirectoryOption())
    .addOption(
      new Option('--subnet-file <file>', 'the file for the CNI plugin, with the subnet and the MTU')
        .env('FLANNELD_SUBNET_FILE')
        .default(defaultSubnetFile),
    )
    .addOption(
      new Option('--node-name <name>', 'the value of NODE_NAME for commands')
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
      new Option('--subnet-lease-renew-margin <minutes>', 'how long before its end to renew the lease')
        .env('FLANNELD_SUBNET_LEASE_RENEW_MARGIN')
        .argParser(goNumber(1, 1439))
        .default(60),
    )
    .option(
      '--check-interval <seconds>',
      'how often CheckCommand looks for drift, in addition to each line of MonitorCommand',
      wholeNumber(1, 86_400),
      30,
    )
    .option(
      '--probe-interval <seconds>',
      'how often to send a packet to each peer, at most 50 a second; without this option, only heddle status --probe does',
      wholeNumber(1, 86_400),
    )
    .addOption(
      new Option(
        '--ip-masq [bool]',
        'masquerade packets that leave the network: hosts outside see the address of this node',
      )
        .env('FLANNELD_IP_MASQ')
        .argParser(parseTruth)
        .default(false, 'off'),
    )
    .addOption(
      new Option(
        '--ip-masq-fully-random-disable [bool]',
        'do not choose the ports of masqueraded connections at random',
      )
        .env('FLANNELD_IP_MASQ_FULLY_RANDOM_DISABLE')
        .argParser(parseTruth)
        .default(false, 'off'),
    )
    .addOption(
      new Option(
        '--iptables-forward-rules [bool]',
        'accept the packets that this node forwards from and to the network',
      )
        .env('FLANNELD_IPTABLES_FORWARD_RULES')
        .argParser(parseTruth)
        .default(true, 'on'),
    )
    .addOption(
      new Option(
        '--iptables-resync <seconds>',
        'how often to check the rules for masquerading and forwarding, and put back what is missing',
      )
        .env('FLANNELD_IPTABLES_RESYNC')
        .argParser(goNumber(1, 2_147_483_647))
        .default(5),
    )
    .addOption(
      new Option(
        '--ip-blackhole-route [bool]',
        "add a blackhole route for this node's subnet: a packet to an address that no pod has is dropped",
      )
        .env('FLANNELD_IP_BLACKHOLE_ROUTE')
        .argParser(parseTruth)
        .default(false, 'off'),
    )
    .addOption(
      new Option(
        '--chain-suffix <name>',
        "a suffix for heddle's iptables chains and nftables tables, so that each daemon on a host has its own",
      )
        .argParser(parseChainSuffix)
        .default('', 'none'),
    )
    .addOption(
      new Option(
        '--cni-conf-dir <dir>',
        'install the CNI list 10-heddle.conflist in this directory of the container runtime, for example /etc/cni/net.d',
      ).env('HEDDLE_CNI_CONF_DIR'),
    )
    .addOption(
      new Option(
        '--cni-conf <file>',
        'the template of the CNI list; default: cni-conf.json next to the file of --net-config-path',
      ).env('HEDDLE_CNI_CONF'),
    )
    .addOption(
      new Option(
        '--cni-render [bool]',
        "render the flannel entries of the CNI list for this node, for the plugins bridge and host-local: flannel's plugin is not needed",
      )
        .env('HEDDLE_CNI_RENDER')
        .argParser(parseTruth)
        .default(false, 'off'),
    )
    .addOption(
      new Option('--on-exit <what>', 'shutdown: take the network down; leave: leave it up for the next start')
        .choices(exitModes)
        .default(
          defaultExitMode(process.env),
          'leave under a service manager (NOTIFY_SOCKET) and in Kubernetes, else shutdown',
        ),
    )
    .option('--release-lease', 'release the lease on exit')
    .addOption(
      new Option('--log-format <format>', 'the format of the log').choices(['text', 'json']).default('text'),
    )
    .addOption(
      new Option('--log-level <level>', 'the least important lines that the log shows')
        .env('HEDDLE_LOG_LEVEL')
        .choices(levels)
        .default('info' satisfies Level),
    )
    .option(
      '--metrics-address <address:port>',
      'serve Prometheus metrics at this address, for example 127.0.0.1:9270',
      parseMetricsAddress,
    )
    .option(
      '--page <address:port>',
      'serve a page to look at, on loopback only, for example 127.0.0.1:9271; the log has its address with the token',
      parsePageAddress,
    )
    .addOption(
      new Option('--healthz-ip <address>', 'the address on which --healthz-port is open')
        .env('FLANNELD_HEALTHZ_IP')
        .argParser(parseHealthzIp)
        .default('0.0.0.0'),
    )
    .addOption(
      new Option(
        '--healthz-port <port>',
        'answer probes on this port: /healthz (no loop of the daemon hangs), /readyz (the network is up); 0: no port is open',
      )
        .env('FLANNELD_HEALTHZ_PORT')
        .argParser(goNumber(0, 65_535))
        .default(0),
    )
    .option('--healthz-metrics', 'also serve Prometheus metrics, at /metrics on the port of --healthz-port');
  return command;
}
