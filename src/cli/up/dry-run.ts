import { exitCodes } from '../../diagnostic/failure.ts';
import { showInvisible, showInvisibleInLines } from '../../diagnostic/visible-text.ts';
import { formatCount } from '../../diagnostic/words.ts';
import type { UpOptions } from '../../daemon/setup/options.ts';
import { renderTable } from '../terminal/table.ts';
import { planStart, type StartPlan } from './plan-start.ts';

/**
 * Prints what a start would do. The exit code is 8 if the start would wait for the store, and 15 if it would wait for a network
 * configuration. Throws the Failure that would end the start.
 */
export async function dryRun(options: UpOptions, warnings: readonly string[], json: boolean): Promise<void> {
  const plan = await planStart(options, warnings);
  if (plan.waitsFor !== null) {
    process.exitCode = plan.waitsFor.startsWith('the store') ? exitCodes.store : exitCodes['not-found'];
  }
  process.stdout.write(json ? `${JSON.stringify(plan)}\n` : renderPlan(plan));
  if (!json) for (const warning of plan.warnings) process.stderr.write(`heddle: ${showInvisible(warning)}\n`);
}

function renderPlan(plan: StartPlan): string {
  const { commands, cniList, files } = plan;
  const sections = [
    `heddle up would do this here. Nothing was done.\n\n${renderFacts(plan)}`,
    ...(commands.length === 0 ? [] : [`Commands:\n${commands.map(renderCommand).join('')}`]),
    ...(files.length === 0
      ? []
      : [`Files:\n${files.map(({ path, purpose }) => `  ${showInvisible(path)}: ${purpose}\n`).join('')}`]),
    ...(cniList === null ? [] : [renderCniList(cniList)]),
  ];
  return sections.join('\n');
}

function renderCniList(list: NonNullable<StartPlan['cniList']>): string {
  const { path, template, isRendered, content, because, passedOver } = list;
  if (because !== null) return `CNI list: the node would be degraded, because ${showInvisible(because)}\n`;
  const how = isRendered ? 'rendered from' : 'as it is in';
  const lines = content?.trimEnd().split('\n') ?? ['its text depends on the new subnet'];
  const title = `CNI list ${showInvisible(path)}, ${how} ${showInvisible(template)}:\n`;
  const trouble =
    passedOver === null ? '' : `The node would be degraded with it: ${showInvisible(passedOver)}\n`;
  return `${title}${lines.map((line) => `  ${showInvisibleInLines(line)}\n`).join('')}${trouble}`;
}

function renderFacts(plan: StartPlan): string {
  const { daemonRuns, store, waitsFor, recipe, network, lease } = plan;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Daemon', daemonRuns ? 'one runs on this state directory; a second one is refused' : undefined],
    ['Store', store],
    ['Waits for', waitsFor ?? undefined],
    ['Recipe', recipe === null ? undefined : `${recipe.name}, type ${recipe.type}, in ${recipe.file}`],
    ['Network', network === null ? undefined : describeNetwork(network)],
    ['Parameters', network === null ? undefined : describeParameters(network.parameters)],
    ['Interface', describeInterface(plan)],
    ['Lease', lease === null ? undefined : `${lease.subnet ?? 'a new subnet'}: ${lease.because}`],
    ['Earlier network', describeEarlier(plan)],
    ['Traffic rules', describeRules(plan)],
    ['Peers', network === null ? undefined : describePeers(plan)],
  ];
  const rows = facts.flatMap(([title, text]) => (text === undefined ? [] : [[title, text]]));
  const [first = [], ...rest] = rows;
  return renderTable(first, rest);
}

function describeNetwork({ network, source, isNew }: NonNullable<StartPlan['network']>): string {
  return `${network}, from ${source}${isNew ? ', which would be written into the store' : ''}`;
}

function describeParameters(parameters: Readonly<Record<string, string>>): string | undefined {
  const texts = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  return texts.length === 0 ? undefined : texts.join(', ');
}

function describeInterface({ interface: chosen }: StartPlan): string | undefined {
  if (chosen === null) return undefined;
  const { name, mtu, addresses, publicAddresses, because } = chosen;
  const own = addresses.join(' and ');
  const reached = publicAddresses.join(' and ');
  const where = own === reached ? own : `${own}, reached at ${reached}`;
  return `${name}, MTU ${mtu}, ${where}: ${because}`;
}

function describeEarlier({ earlierNetwork }: StartPlan): string | undefined {
  switch (earlierNetwork) {
    case 'none':
      return undefined;
    case 'taken-over':
      return 'an earlier daemon left it up; it is taken over';
    case 'taken-down':
      return 'an earlier daemon left another one up; it is taken down first';
  }
}

function describeRules({ trafficRules }: StartPlan): string | undefined {
  if (trafficRules === null) return undefined;
  const { masquerade, forward, tool, places, because } = trafficRules;
  const kinds = [...(masquerade ? ['masquerade'] : []), ...(forward ? ['forward'] : [])].join(', ');
  if (tool === null) return `${kinds}: cannot be set, so the node would be degraded: ${because ?? ''}`;
  return `${kinds}, with ${tool}: ${places.join(', ')}`;
}

function describePeers({ peers, rejected }: StartPlan): string {
  const shown = peers.slice(0, 5).map(({ subnet, publicIp }) => `${subnet} at ${publicIp}`);
  const more = peers.length > shown.length ? [`${peers.length - shown.length} more`] : [];
  const list = peers.length === 0 ? 'none' : `${peers.length} (${[...shown, ...more].join(', ')})`;
  return rejected.length === 0 ? list : `${list}; ${formatCount(rejected.length, 'lease')} rejected`;
}

/** The most lines of a script that are shown to people. `heddle recipe explain` shows all. */
const shownLines = 3;

function renderCommand({ command, when, script }: StartPlan['commands'][number]): string {
  const lines = script.split('\n');
  const more = lines.length - shownLines;
  const shown = [
    ...lines.slice(0, shownLines).map((line) => line.split('\t').map(showInvisible).join('\t')),
    ...(more > 0 ? [`… ${formatCount(more, 'more line')}`] : []),
  ];
  return `  ${command}, ${when}\n${shown.map((line) => `    ${line}\n`).join('')}`;
}
