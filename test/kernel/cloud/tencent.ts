import type { Cloud, CloudAnswer, CloudCall, CloudRequest, CloudRoute, CloudMachine } from './cloud.ts';
import { Machines } from './machines.ts';
import { Refusal, RequestFaults } from './request-faults.ts';

const region = 'ap-guangzhou';
const vpc = 'vpc-test0001';
const subnet = 'subnet-test001';

/** The key of the API, which signs the requests and is never sent. */
export const key = { id: 'AKIDTESTTESTTESTTESTTEST', secret: 'aSecretKeyOfTencentCloud' };

/** A key for some hours: the token belongs to it, and to no other key. */
export const shortKey = {
  id: 'AKIDTESTFORSOMEHOURS',
  secret: 'aSecretKeyForSomeHoursAtTencent',
  token: 'aTokenForSomeHoursAtTencent',
};
const role = 'heddle';
/** The key of the instance's role, which the metadata service gives. */
export const roleKey = {
  id: 'AKIDTESTOFTHEROLE',
  secret: 'aSecretKeyOfTheRoleAtTencent',
  token: 'aTokenOfTheRoleAtTencent',
};
const keys: readonly { readonly id: string; readonly secret: string; readonly token?: string }[] = [
  key,
  shortKey,
  roleKey,
];

interface Route {
  readonly RouteId: number;
  readonly DestinationCidrBlock: string;
  readonly GatewayType: string;
  readonly GatewayId: string;
  readonly RouteDescription: string;
  readonly Enabled: boolean;
  readonly RouteType: 'USER';
}

interface Table {
  readonly id: string;
  readonly isMain: boolean;
  readonly subnets: readonly string[];
  readonly routes: Map<number, Route>;
}

type Words = Readonly<Record<string, unknown>>;

/** The calls of Tencent Cloud's API that the recipe makes, on tables and instances that are kept here. */
export class Tencent implements Cloud {
  readonly apiHosts = ['vpc.tencentcloudapi.com', 'cvm.tencentcloudapi.com'];
  readonly metadata = { address: '169.254.0.23', hosts: ['metadata.tencentyun.com'] };
  readonly environment: Readonly<Record<string, string>>;
  readonly certificateFiles: readonly string[];
  readonly options: readonly string[];
  readonly secrets = keys.flatMap(({ secret, token }) => [secret, ...(token === undefined ? [] : [token])]);
  readonly calls: CloudCall[] = [];
  /** The ids of the keys that calls were signed with. */
  readonly keys = new Set<string>();
  readonly faults = new RequestFaults();
  readonly tooMany = respondError(
    new Refusal('RequestLimitExceeded', 'Your current request times equals the limit.'),
  );
  readonly denied = respondError(new Refusal('UnauthorizedOperation', 'You are not authorized.'));
  readonly #machines = new Machines('ins-');
  readonly #tables: Table[] = [
    { id: 'rtb-main0001', isMain: true, subnets: [], routes: new Map() },
    { id: 'rtb-test0001', isMain: false, subnets: [subnet], routes: new Map() },
  ];
  #count = 0;

  /** Without `settings`, the key comes from the environment. The certificate's place is that of the tool's own authorities. */
  constructor(
    certificateFile: string,
    settings: {
      readonly environment?: Readonly<Record<string, string>>;
      readonly options?: readonly string[];
    } = {},
  ) {
    this.certificateFiles = [certificateFile];
    this.environment = settings.environment ?? {
      TENCENTCLOUD_SECRET_ID: key.id,
      TENCENTCLOUD_SECRET_KEY: key.secret,
    };
    this.options = settings.options ?? [];
  }

  answer(request: CloudRequest): Promise<CloudAnswer> {
    const name = String(request.headers['x-tc-action']);
    const call = { name, writes: !name.startsWith('Describe') };
    this.calls.push(call);
    const refused = this.faults.answerTo(call);
    if (refused !== undefined) return Promise.resolve(refused);
    try {
      this.#authenticate(request);
      return Promise.resolve(respond(this.#do(name, JSON.parse(request.body) as Words)));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return Promise.resolve(respondError(error));
    }
  }

  answerMetadata({ path }: CloudRequest, { mac }: CloudMachine): CloudAnswer {
    const body = {
      'placement/region': region,
      [`network/interfaces/macs/${mac}/vpc-id`]: vpc,
      [`network/interfaces/macs/${mac}/subnet-id`]: subnet,
      'cam/security-credentials/': role,
      [`cam/security-credentials/${role}`]: JSON.stringify(roleAnswer),
    }[path.replace('/latest/meta-data/', '')];
    return body === undefined ? { status: 404, body: '' } : { status: 200, body };
  }

  addMachine(address: string, mac?: string): Promise<CloudMachine> {
    return this.#machines.add(address, mac);
  }

  terminate(machine: CloudMachine): Promise<void> {
    return this.#machines.remove(machine);
  }

  routes(): Promise<readonly CloudRoute[]> {
    const routes = [...this.#used.routes.values()].filter(({ Enabled }) => Enabled);
    return Promise.resolve(
      routes.map(({ DestinationCidrBlock: destination, GatewayId }) => ({
        destination,
        via: this.#machines.withAddress(GatewayId)[0]?.address,
      })),
    );
  }

  dump(): Promise<readonly string[]> {
    const lines = this.#tables.flatMap(({ id, routes }) =>
      [...routes.values()].map((route) => `${id} ${JSON.stringify(route)}`),
    );
    return Promise.resolve(lines);
  }

  put(
    destination: string,
    machine: CloudMachine,
    description = "an operator's",
    isEnabled = true,
  ): Promise<void> {
    this.#add(this.#used, {
      DestinationCidrBlock: destination,
      GatewayType: 'NORMAL_CVM',
      GatewayId: machine.address,
      RouteDescription: description,
      Enabled: isEnabled,
    });
    return Promise.resolve();
  }

  drop(destination: string): Promise<void> {
    for (const [id, route] of this.#used.routes) {
      if (route.DestinationCidrBlock === destination) this.#used.routes.delete(id);
    }
    return Promise.resolve();
  }

  /** The signature is not looked at. */
  #authenticate({ headers }: CloudRequest): void {
    const id = /Credential=(\w+)\//.exec(String(headers['authorization']))?.[1];
    const known = keys.find((each) => each.id === id);
    if (known === undefined) throw new Refusal('AuthFailure.SecretIdNotFound', 'The SecretId is not found.');
    if (headers['x-tc-token'] !== known.token)
      throw new Refusal('AuthFailure.TokenFailure', 'The token is not of this key.');
    this.keys.add(known.id);
  }

  /** The table of the machines' subnet. */
  get #used(): Table {
    return this.#table('rtb-test0001');
  }

  #table(id: unknown): Table {
    const table = this.#tables.find((each) => each.id === id);
    if (table === undefined)
      throw new Refusal('InvalidRouteTableId.NotFound', `The table ${String(id)} does not exist.`);
    return table;
  }

  #do(name: string, words: Words): object {
    switch (name) {
      case 'DescribeRouteTables':
        return this.#describeTables(words);
      case 'CreateRoutes':
        return this.#create(words);
      case 'ReplaceRoutes':
        return this.#replace(words);
      case 'DeleteRoutes':
        return this.#delete(words);
      case 'DescribeInstances': {
        const found = this.#machines.withAddress(...valuesOf(words, 'private-ip-address'));
        return { TotalCount: found.length, InstanceSet: found.map(({ id }) => ({ InstanceId: id })) };
      }
      default:
        throw new Refusal('InvalidAction', `${name} is not an action.`);
    }
  }

  #describeTables(words: Words): object {
    const ids = words['RouteTableIds'];
    const tables = Array.isArray(ids)
      ? ids.map((id) => this.#table(id))
      : this.#tables.filter(() => valuesOf(words, 'vpc-id').includes(vpc));
    return {
      TotalCount: tables.length,
      RouteTableSet: tables.map(({ id, isMain, subnets, routes }) => ({
        RouteTableId: id,
        VpcId: vpc,
        Main: isMain,
        AssociationSet: subnets.map((each) => ({ SubnetId: each, RouteTableId: id })),
        RouteSet: [...routes.values()],
      })),
    };
  }

  #create(words: Words): object {
    const table = this.#table(words['RouteTableId']);
    for (const route of routesIn(words)) {
      if (
        [...table.routes.values()].some((each) => each.DestinationCidrBlock === route.DestinationCidrBlock)
      ) {
        throw new Refusal('InvalidParameterValue.Duplicate', 'The route already exists.');
      }
      if (table.routes.size >= this.faults.limit) {
        throw new Refusal('LimitExceeded', 'The number of routes has reached the upper limit.');
      }
      this.#add(table, route);
    }
    return { TotalCount: 1 };
  }

  #replace(words: Words): object {
    const table = this.#table(words['RouteTableId']);
    for (const route of routesIn(words)) {
      const id = knownRoute(table, route.RouteId);
      table.routes.set(id, { ...route, RouteId: id, RouteType: 'USER' });
    }
    return { OldRouteSet: [], NewRouteSet: [] };
  }

  #delete(words: Words): object {
    const table = this.#table(words['RouteTableId']);
    for (const { RouteId } of routesIn(words)) table.routes.delete(knownRoute(table, RouteId));
    return { RouteSet: [] };
  }

  #add(table: Table, route: Omit<Route, 'RouteId' | 'RouteType'>): void {
    this.#count += 1;
    table.routes.set(this.#count, { ...route, RouteId: this.#count, RouteType: 'USER' });
  }
}

/** The metadata service's answer about the role's key. */
const roleAnswer = {
  Code: 'Success',
  TmpSecretId: roleKey.id,
  TmpSecretKey: roleKey.secret,
  Token: roleKey.token,
  ExpiredTime: 4_070_908_800,
  Expiration: '2099-01-01T00:00:00Z',
};

function knownRoute(table: Table, id: number): number {
  if (!table.routes.has(id)) throw new Refusal('InvalidRouteId.NotFound', `The route ${id} does not exist.`);
  return id;
}

function routesIn(words: Words): readonly Route[] {
  return words['Routes'] as readonly Route[];
}

function valuesOf(words: Words, name: string): readonly string[] {
  const filters = (words['Filters'] ?? []) as readonly { readonly Name: string; readonly Values: string[] }[];
  return filters.find(({ Name }) => Name === name)?.Values ?? [];
}

function respond(response: object): CloudAnswer {
  const body = JSON.stringify({ Response: { ...response, RequestId: 'request' } });
  return { status: 200, headers: { 'content-type': 'application/json' }, body };
}

function respondError({ code, message }: Refusal): CloudAnswer {
  return respond({ Error: { Code: code, Message: message } });
}
