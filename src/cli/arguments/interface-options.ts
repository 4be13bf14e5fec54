import { Option, type Command } from 'commander';
import { parseAnyAddress, parseFamily } from './address-values.ts';
import { collect } from './options.ts';

/** Adds the options that choose the interface and the public addresses of a node: flanneld's of the same names. */
export function addInterfaceOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--iface <name|address>',
        'the underlay interface; repeat for alternatives, the first that exists is used',
      )
        .env('FLANNELD_IFACE')
        .argParser(collect)
        .default([], 'the interface of the default route'),
    )
    .addOption(
      new Option('--iface-regex <regex>', 'a pattern for the underlay interface; repeat for alternatives')
        .env('FLANNELD_IFACE_REGEX')
        .argParser(collect),
    )
    .addOption(
      new Option('--iface-can-reach <address>', 'the interface that reaches this address')
        .env('FLANNELD_IFACE_CAN_REACH')
        .argParser(parseAnyAddress),
    )
    .addOption(
      new Option(
        '--public-ip <address>',
        "the IPv4 address at which peers reach this node (default: the interface's first)",
      )
        .env('FLANNELD_PUBLIC_IP')
        .argParser(parseFamily(4)),
    )
    .addOption(
      new Option('--public-ipv6 <address>', 'the IPv6 address at which peers reach this node')
        .env('FLANNELD_PUBLIC_IPV6')
        .argParser(parseFamily(6)),
    );
}
