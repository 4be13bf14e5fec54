import { positionAt } from '../../../diagnostic/source.ts';
import {
  commandVariables,
  inheritedEnvironment,
  isPeerCommand,
  type NodeFacts,
} from '../../../contract/environment.ts';
import { overlayMtus } from '../../../contract/mtu.ts';
import { formatPeerLine } from '../../../contract/peer-line.ts';
import { checkPeer } from '../../../lease/check-peer.ts';
import type { Peer } from '../../../lease/lease.ts';
import { decodeLease } from '../../../lease/wire.ts';
import { parseCidr } from '../../../network/cidr.ts';
import { mapFamilies, noFamily, type PerFamily } from '../../../network/per-family.ts';
import { decideNetwork } from '../../../recipe-files/decide-network.ts';
import { commandText, locateLine } from '../../../recipe/command-text.ts';
import { readsPeerLines } from '../../../recipe/contract-variables.ts';
import type { CommandName } from '../../../recipe/recipe.ts';
import { createOneShotShell } from '../../../shell/one-shot-shell.ts';
import { describeOutcome } from '../../../shell/outcome.ts';
import { prepareScripts } from '../../../shell/script.ts';
import { decodeLeaseFile } from '../../../store/files/lease-file.ts';
import { enterHost } from '../../inside/node/holder.ts';
import { nodeEnvironment } from '../../inside/node/environment.ts';
import { specOfNode } from '../../inside/node/node-spec.ts';
import { nodeInterface } from '../../plan/commands.ts';
import { usualMtu } from '../../plan/underlay/impairment.ts';
import { nodeStateDirectory } from '../../protocol.ts';
import type { RecipeLine } from '../../plan/outcome.ts';
import type { PromiseBench } from './bench.ts';
import type { LeaseFile } from '../../inside/store/lease-files.ts';

type CommandEnd =
  | { readonly kind: 'ok'; readonly stdout: string }
  | { readonly kind: 'failed'; readonly how: string; readonly where: RecipeLine | undefined };

/** Runs a command of the recipe in the observed node once more, as the daemon runs it. */
export async function runCommand(bench: PromiseBench, name: CommandName): Promise<CommandEnd> {
  const { recipe, observed, lab } = bench;
  const command = recipe.commands[name];
  if (command === undefined) return { kind: 'ok', stdout: '' };
  const facts = factsOf(bench);
  const own =
    name === 'PreStartupCommand'
      ? undefined
      : mapFamilies(observed.networks ?? noFamily, ({ subnet }) => parseCidr(subnet));
  const peer = isPeerCommand(name) || readsPeerLines(name) ? peerOf(bench, bench.lease) : undefined;
  const line = readsPeerLines(name) && peer ? formatPeerLine('add', peer, recipe.backendData) : undefined;
  const inherited = inheritedEnvironment(
    nodeEnvironment(observed.plan.name, process.env, lab.spec.store),
    recipe.environment,
  );
  const [file, ...args] = enterHost(observed.holder, ['env', `--chdir=${nodeStateDirectory}`, '/bin/sh']);
  const shell = createOneShotShell({ program: { file, name: file, arguments: args } });
  const [script] = await prepareScripts([
    { text: commandText(command), stopOnError: command.form === 'lines' },
  ]);
  if (script === undefined) throw new Error(`${name} has no script`);
  const outcome = await shell.run({
    script,
    environment: {
      ...inherited,
      ...commandVariables(name, facts, own, isPeerCommand(name) ? peer : undefined),
    },
    stdin: isPeerCommand(name) ? (peer?.stdin ?? '') : line === undefined ? '' : `${line}\n`,
    cwd: '/',
    timeoutMs: recipe.timeout * 1000,
  });
  await shell.close();
  if (outcome.kind === 'succeeded') return { kind: 'ok', stdout: outcome.stdout.text };
  const said = outcome.kind === 'unstartable' ? '' : outcome.stderr.text.trim();
  const place = outcome.kind === 'unstartable' ? undefined : locateLine(command, outcome.line ?? 0);
  const { text } = recipe.source;
  return {
    kind: 'failed',
    how: `${describeOutcome(outcome)}${said === '' ? '' : `: ${said.replaceAll('\n', ' ')}`}`,
    where: place && { file: lab.spec.recipe.path, line: positionAt(text, place.span.offset).line },
  };
}

function factsOf({ recipe, observed, lab }: PromiseBench): NodeFacts {
  const { plan } = observed;
  const { parameters } = specOfNode(lab.spec, plan);
  const { configuration, parameterValues } = decideNetwork(recipe, parameters, undefined);
  const underlayMtu = plan.links[0].impairment.mtu ?? usualMtu;
  const publicAddresses: PerFamily<string> = mapFamilies(
    configuration,
    (_, family) => plan.publicAddresses[family],
  );
  const addresses: PerFamily<string> = mapFamilies(configuration, (_, family) => plan[family]?.address);
  return {
    network: configuration,
    nodeName: plan.name,
    iface: nodeInterface,
    ifaceMtu: underlayMtu,
    mtus: overlayMtus(recipe, parameterValues, underlayMtu, configuration),
    stateDirectory: nodeStateDirectory,
    publicIp: publicAddresses.ipv4,
    publicIpv6: publicAddresses.ipv6,
    localAddresses: addresses,
    parameters: recipe.parameters,
    parameterValues,
  };
}

/** The guest's lease as the observed node's daemon hands it to commands. */
function peerOf({ recipe, lab }: PromiseBench, { key, text }: LeaseFile): Peer {
  const content = decodeLeaseFile(key, text, () => '');
  if (content.kind === 'fault') throw new Error(`the lease ${key} ${content.reason}`);
  const decoded = decodeLease(content.record);
  if (decoded.kind === 'malformed') throw new Error(`the lease ${key} is malformed: ${decoded.reason}`);
  const { configuration } = decideNetwork(recipe, lab.spec.parameters, undefined);
  const verdict = checkPeer(decoded.lease, {
    network: configuration,
    backendType: recipe.backendType,
    backendData: recipe.backendData,
    agreed: [],
    ownAddresses: [],
    allowOverlap: false,
    ownIdentities: [],
  });
  if (verdict.kind !== 'peer') throw new Error(`the lease ${key} is ${verdict.kind}`);
  return verdict.peer;
}
