import { Failure } from '../../diagnostic/failure.ts';
import { quoteText } from '../../diagnostic/visible-text.ts';
import { subnetVariables } from '../../network/subnet-env.ts';

/** The options of `heddle docker-opts`. */
export interface DockerOptionsRequest {
  /** Write each option of Docker as a variable of its own. */
  readonly individual: boolean;
  /** Write all options of Docker as one variable. */
  readonly combined: boolean;
  /** The name of that variable. */
  readonly key: string;
  /** Leave out `--ip-masq`, which old versions of Docker do not know. */
  readonly omitIpMasq: boolean;
}

/** The variables of the environment, overridden by those of the subnet file. */
type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Renders Docker's environment file as flannel's mk-docker-opts.sh does: options for the subnet, the MTU and masquerading, together with
 * every variable that has DOCKER_OPT_ in its name, by name. The text that the combined variable has already stays in front. Throws a
 * {@link Failure} for a FLANNEL_IPMASQ that is not true or false.
 */
export function renderDockerOptions(variables: Variables, request: DockerOptionsRequest): string {
  const { individual, combined, key } = request;
  const isBoth = !individual && !combined;
  const options = listOptions(variables, request);
  const earlier = variables[key] ?? '';
  const texts = options.map(([, text]) => ` ${text}`);
  const lines = [
    ...(individual || isBoth ? options.map(([name, text]) => `${name}="${text}"`) : []),
    ...(combined || isBoth ? [`${key}="${earlier === '' ? '' : `${earlier} `}${texts.join('')}"`] : []),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function listOptions(
  variables: Variables,
  { omitIpMasq }: DockerOptionsRequest,
): readonly (readonly [name: string, text: string])[] {
  const valueOf = (name: string): string => variables[name] ?? '';
  const subnet = valueOf(subnetVariables.subnet.ipv4);
  const mtu = valueOf(subnetVariables.mtu);
  const ipMasq = valueOf(subnetVariables.ipMasq);
  const named = new Map(
    Object.entries(variables).flatMap(([name, text]) =>
      name.includes('DOCKER_OPT_') && text !== undefined ? [[name, text] as const] : [],
    ),
  );
  if (subnet !== '') named.set('DOCKER_OPT_BIP', `--bip=${subnet}`);
  if (mtu !== '') named.set('DOCKER_OPT_MTU', `--mtu=${mtu}`);
  if (ipMasq !== '' && !omitIpMasq) named.set('DOCKER_OPT_IPMASQ', `--ip-masq=${!readIpMasq(ipMasq)}`);
  return [...named].sort(([one], [other]) => (one < other ? -1 : 1));
}

/** Whether flannel masquerades. Then Docker must not. */
function readIpMasq(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new Failure('usage', `${subnetVariables.ipMasq} is ${quoteText(text)}, and must be true or false`, {
    hint: 'correct the subnet file, or leave --ip-masq out with -m',
  });
}
