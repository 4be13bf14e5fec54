import { createHmac } from 'node:crypto';
import type { Cloud, CloudAnswer, CloudCall, CloudRequest, CloudRoute, CloudMachine } from './cloud.ts';
import { Machines } from './machines.ts';
import { Refusal, RequestFaults } from './request-faults.ts';

const region = 'eu-central-1';
const vpc = 'vpc-gw8test';
const role = 'heddle';
const vswitch = 'vsw-gw8test';
const ownTable = 'vtb-gw8own';
const token = 'aTokenOfTheMetadataServiceOfAli';

/** The key of an operator, as the environment or parameters have it. */
export const operatorKey = { id: 'LTAItestOfOperator', secret: 'aSecretOfTheOperatorsKeyAtAli' };
const roleKey = {
  AccessKeyId: 'STS.testOfRole',
  AccessKeySecret: 'aSecretOfTheRolesKeyAtAli',
  SecurityToken: 'aSecurityTokenOfTheRoleAtAli',
};

/** A key for some hours: the token belongs to it, and to no other key. */
export const hourlyKey = {
  AccessKeyId: 'STS.testOfEnvironment',
  AccessKeySecret: 'aSecretOfAKeyForSomeHoursAtAli',
  SecurityToken: 'aSecurityTokenForSomeHoursAtAli',
};
const keys = [
  { AccessKeyId: operatorKey.id, AccessKeySecret: operatorKey.secret },
  roleKey,
  hourlyKey,
] as const;

/** Fewer than the caller asks for, so that it has to ask for the next page. */
const itemsOfPage = 2;

/** A route entry, in the words of the API: DescribeRouteEntryList of VPC 2016-04-28. */
interface Entry {
  readonly id: string;
  readonly destination: string;
  readonly instance: string;
  readonly description: string;
  /** How many lists still show it as unfinished. */
  pending: number;
}

/**
 * The VPC API of Alibaba Cloud as far as routes need it, and of ECS the instances that exist. It keeps the custom routes of one table, makes them in
 * the background, and makes no two at once, as there.
 */
export class Ali implements Cloud {
  readonly apiHosts = [`vpc.${region}.aliyuncs.com`, `ecs.${region}.aliyuncs.com`];
  readonly metadata = { address: '100.100.100.200', hosts: [] };
  readonly environment: Readonly<Record<string, string>>;
  readonly certificateVariable = 'SSL_CERT_FILE';
  readonly options: readonly string[] = [];
  readonly secrets = [
    token,
    operatorKey.secret,
    ...[roleKey.AccessKeySecret, roleKey.SecurityToken],
    ...[hourlyKey.AccessKeySecret, hourlyKey.SecurityToken],
  ] as const;
  readonly calls: CloudCall[] = [];
  /** The ids of the keys that calls were signed with. */
  readonly keys = new Set<string>();
  readonly #entries = new Map<string, Entry>();
  readonly #machines = new Machines('i-gw8test');
  readonly faults = new RequestFaults();
  readonly tooMany = refusalOf(
    new Refusal('Throttling.User', 'Request was denied due to user flow control.'),
  );
  readonly denied = refusalOf(
    new Refusal('Forbidden.RAM', 'User not authorized to operate on the resource.'),
  );
  #count = 0;

  /** `environment` is what a daemon gets besides PATH; without it, the operator's key. */
  constructor(environment?: Readonly<Record<string, string>>) {
    this.environment = environment ?? {
      ALIBABA_CLOUD_ACCESS_KEY_ID: operatorKey.id,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: operatorKey.secret,
    };
  }

  answer({ body, headers }: CloudRequest): Promise<CloudAnswer> {
    const query = new URLSearchParams(body);
    const action = query.get('Action') ?? '';
    const call = { name: action, writes: /^(?:Create|Delete)/.test(action) };
    this.calls.push(call);
    try {
      this.#authenticate(query, String(headers['signature']));
      const refused = this.faults.answerTo(call);
      if (refused !== undefined) return Promise.resolve(refused);
      return Promise.resolve(json(200, this.#perform(action, query)));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return Promise.resolve(refusalOf(error));
    }
  }

  answerMetadata({ method, path, headers }: CloudRequest, machine: CloudMachine): CloudAnswer {
    if (path === '/latest/api/token') {
      const isAsked = method === 'PUT' && headers['x-aliyun-ecs-metadata-token-ttl-seconds'] !== undefined;
      return isAsked ? { status: 200, body: token } : { status: 400, body: '' };
    }
    const item = path.replace('/latest/meta-data/', '');
    const key = `ram/security-credentials/${role}`;
    if (item === key) return json(200, { Code: 'Success', ...roleKey });
    if (headers['x-aliyun-ecs-metadata-token'] !== token) return { status: 403, body: '' };
    const items: Readonly<Record<string, string>> = {
      'region-id': region,
      'instance-id': machine.id,
      'vpc-id': vpc,
      [`network/interfaces/macs/${machine.mac}/vswitch-id`]: vswitch,
      'ram/security-credentials/': role,
    };
    const body = items[item];
    return body === undefined ? { status: 404, body: '' } : { status: 200, body };
  }

  addMachine(address: string, mac?: string): Promise<CloudMachine> {
    return this.#machines.add(address, mac);
  }

  terminate(machine: CloudMachine): Promise<void> {
    return this.#machines.remove(machine);
  }

  routes(): Promise<readonly CloudRoute[]> {
    const routes = [...this.#entries.values()].map(({ destination, instance }) => ({
      destination,
      via: this.#machines.addressOf(instance),
    }));
    return Promise.resolve(routes);
  }

  dump(): Promise<readonly string[]> {
    const lines = [...this.#entries.values()].map(({ destination, instance, description }) =>
      [destination, instance, description].join(' '),
    );
    return Promise.resolve(lines.sort());
  }

  put(destination: string, machine: CloudMachine): Promise<void> {
    this.#add({ destination, instance: machine.id, description: 'by hand', pending: 0 });
    return Promise.resolve();
  }

  drop(destination: string): Promise<void> {
    for (const [id, entry] of this.#entries) if (entry.destination === destination) this.#entries.delete(id);
    return Promise.resolve();
  }

  #authenticate(query: URLSearchParams, signature: string): void {
    const id = query.get('AccessKeyId') ?? '';
    const key = keys.find(({ AccessKeyId }) => AccessKeyId === id);
    if (key === undefined)
      throw new Refusal('InvalidAccessKeyId.NotFound', 'Specified access key is not found.');
    if (query.get('SecurityToken') !== ('SecurityToken' in key ? key.SecurityToken : null))
      throw new Refusal('InvalidSecurityToken.MismatchWithAccessKey', 'Specified token is not of this key.');
    const right = createHmac('sha1', `${key.AccessKeySecret}&`).update(query.toString()).digest('base64');
    if (signature !== right)
      throw new Refusal('SignatureDoesNotMatch', 'Specified signature is not matched.');
    this.keys.add(id);
  }

  #perform(action: string, query: URLSearchParams): object {
    const table = query.get('RouteTableId');
    if (table !== null && table !== ownTable)
      throw new Refusal('InvalidRouteTableId.NotFound', 'The specified table does not exist.');
    switch (action) {
      case 'DescribeRouteTableList':
        return { RouterTableList: { RouterTableListType: tables } };
      case 'DescribeRouteEntryList':
        return this.#list(query);
      case 'CreateRouteEntry':
        return this.#create(query);
      case 'DeleteRouteEntry':
        if (!this.#entries.delete(query.get('RouteEntryId') ?? ''))
          throw new Refusal('InvalidRouteEntry.NotFound', 'The specified route entry does not exist.');
        return {};
      case 'DescribeInstances': {
        const wanted = JSON.parse(query.get('InstanceIds') ?? '[]') as readonly string[];
        return { TotalCount: wanted.filter((id) => this.#machines.has(id)).length };
      }
      default:
        throw new Refusal('InvalidAction.NotFound', `The action ${action} does not exist.`);
    }
  }

  #list(query: URLSearchParams): object {
    const destination = query.get('DestinationCidrBlock');
    const found = [...this.#entries.values()].filter(
      (entry) => destination === null || entry.destination === destination,
    );
    const from = Number(query.get('NextToken') ?? '0');
    const shown = found.slice(from, from + itemsOfPage);
    const RouteEntry = shown.map((entry) => ({
      RouteEntryId: entry.id,
      DestinationCidrBlock: entry.destination,
      Type: 'Custom',
      Status: entry.pending > 0 ? 'Pending' : 'Available',
      Description: entry.description,
      NextHops: { NextHop: [{ NextHopType: 'Instance', NextHopId: entry.instance, Enabled: 1 }] },
    }));
    for (const entry of shown) entry.pending -= 1;
    const next = from + itemsOfPage;
    return { RouteEntrys: { RouteEntry }, ...(next < found.length && { NextToken: String(next) }) };
  }

  #create(query: URLSearchParams): object {
    const destination = query.get('DestinationCidrBlock') ?? '';
    const instance = query.get('NextHopId') ?? '';
    const entries = [...this.#entries.values()];
    if (entries.some(({ pending }) => pending > 0))
      throw new Refusal('TaskConflict', 'The operation is too frequent, please try again later.');
    if (entries.some((entry) => entry.destination === destination))
      throw new Refusal('RouterEntryConflict.Duplicated', 'The route entry already exists.');
    if (!this.#machines.has(instance))
      throw new Refusal('InvalidNextHopId.NotFound', 'The specified next hop does not exist.');
    if (entries.length >= this.faults.limit)
      throw new Refusal('QuotaExceeded', 'Route entry quota exceeded in this route table.');
    const id = this.#add({ destination, instance, description: query.get('Description') ?? '', pending: 1 });
    return { RouteEntryId: id };
  }

  #add(entry: Omit<Entry, 'id'>): string {
    this.#count += 1;
    const id = `rte-gw8test${this.#count}`;
    this.#entries.set(id, { id, ...entry });
    return id;
  }
}

/** The tables of the VPC: the one that came with it, another vSwitch's, and that of the nodes' vSwitch. */
const tables = [
  { RouteTableId: 'vtb-gw8main', RouteTableType: 'System', VSwitchIds: { VSwitchId: [] } },
  { RouteTableId: 'vtb-gw8other', RouteTableType: 'Custom', VSwitchIds: { VSwitchId: ['vsw-other'] } },
  { RouteTableId: ownTable, RouteTableType: 'Custom', VSwitchIds: { VSwitchId: [vswitch] } },
];

function json(status: number, body: object): CloudAnswer {
  return { status, body: JSON.stringify({ RequestId: '0', ...body }) };
}

function refusalOf({ code, message }: Refusal): CloudAnswer {
  return json(400, { Code: code, Message: message });
}
