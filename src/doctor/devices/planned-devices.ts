import { commandText } from '../../recipe/command-text.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { isKnown } from './script-state.ts';
import { followScript } from './follow-script.ts';

/** A network device that the commands of a recipe create. */
export interface PlannedDevice {
  /** Undefined if only a run of the command tells. */
  readonly name: string | undefined;
  /** The kind, as `ip link add … type` has it. */
  readonly kind: string;
  /** The VXLAN network identifier. */
  readonly vni: number | undefined;
  /** The UDP port that the device receives packets on. */
  readonly port: number | undefined;
  readonly mtu: number | undefined;
  /** Whether the command that creates the device also sets its MAC address. */
  readonly hasAddress: boolean;
}

/** The devices of a recipe, and whether one of its commands can create them in user space. */
export interface DevicePlan {
  readonly devices: readonly PlannedDevice[];
  readonly usesWireguardGo: boolean;
}

/** The kernel's port for kinds of device whose command does not name one. */
const usualPorts: Readonly<Record<string, number>> = { vxlan: 8472, geneve: 6081 };

/**
 * Finds the devices that PreStartupCommand and PostStartupCommand create, from their text.
 *
 * @param variables the variables of the commands
 */
export function planDevices(
  { commands }: Pick<Recipe, 'commands'>,
  variables: Readonly<Record<string, string>>,
): DevicePlan {
  const calls = [commands.PreStartupCommand, commands.PostStartupCommand].flatMap((command) =>
    command === undefined ? [] : followScript(commandText(command), variables),
  );
  const ports = new Map(calls.flatMap(readListenPort));
  const devices = calls.flatMap(readLinkAdd).map((device) => ({
    ...device,
    port: device.port ?? ports.get(device.name ?? ''),
  }));
  return { devices, usesWireguardGo: calls.some((words) => words.includes('wireguard-go')) };
}

/** Reads `ip link add …`. */
function readLinkAdd(words: readonly string[]): readonly PlannedDevice[] {
  const [program, ...given] = words;
  if (program !== 'ip') return [];
  const [object = '', action = '', ...operands] = given.filter((word) => !/^-[46\w]/.test(word));
  if (!/^l(?:i(?:nk?)?)?$/.test(object) || !/^a(?:dd?)?$/.test(action)) return [];
  const at = operands.indexOf('type');
  const kind = operands[at + 1];
  if (at === -1 || kind === undefined || !isKnown(kind)) return [];
  const before = operands.slice(0, at);
  const after = operands.slice(at + 2);
  const name =
    valueAfter(before, 'name') ??
    valueAfter(before, 'dev') ??
    (hasLeadingName(before) ? before[0] : undefined);
  return [
    {
      name: name !== undefined && isKnown(name) ? name : undefined,
      kind,
      vni: kind === 'vxlan' ? (numberAfter(after, 'id') ?? numberAfter(after, 'vni')) : undefined,
      port: readPort(kind, after),
      mtu: numberAfter(before, 'mtu'),
      hasAddress: before.includes('address'),
    },
  ];
}

/** The port in the operands of a kind. Undefined for a kind without one, and for a port that only a run of the command tells. */
function readPort(kind: string, operands: readonly string[]): number | undefined {
  if (!operands.includes('dstport')) return usualPorts[kind];
  const port = numberAfter(operands, 'dstport');
  return port === 0 ? usualPorts[kind] : port;
}

/** Words of `ip link add` that are not the name of a device. */
const keywords: readonly (string | undefined)[] = ['link', 'address', 'mtu', 'txqueuelen', 'index', 'dev'];

function hasLeadingName([first]: readonly string[]): boolean {
  return first !== undefined && !keywords.includes(first);
}

/** Reads `wg set DEVICE listen-port PORT`. */
function readListenPort(words: readonly string[]): readonly (readonly [string, number])[] {
  const [program, action, device = ''] = words;
  const port = numberAfter(words, 'listen-port');
  return program === 'wg' && action === 'set' && port !== undefined ? [[device, port]] : [];
}

function numberAfter(words: readonly string[], keyword: string): number | undefined {
  const text = valueAfter(words, keyword);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function valueAfter(words: readonly string[], keyword: string): string | undefined {
  const at = words.indexOf(keyword);
  return at === -1 ? undefined : words[at + 1];
}
