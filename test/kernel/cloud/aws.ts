import type { Cloud, CloudAnswer, CloudCall, CloudRequest, CloudRoute, CloudMachine } from './cloud.ts';
import { answerInstanceMetadata, metadataSecrets } from './aws-metadata.ts';
import { startMoto, type Moto } from './moto.ts';
import { RequestFaults } from './request-faults.ts';

const region = 'eu-central-1';
const version = '2016-11-15';

/** A machine by its interface, which is what a route leads to. */
interface Interface extends CloudMachine {
  readonly subnet: string;
}

interface Table {
  readonly id: string;
  readonly routes: readonly TableRoute[];
}

interface TableRoute {
  readonly destination: string;
  readonly target: string;
}

/**
 * EC2, of which moto keeps the tables and interfaces. What moto does not do is done here, in front of it: the limit of a table,
 * the refusal of a second route to one destination, blackholes, throttling, and the metadata of instances.
 */
export class Aws implements Cloud {
  readonly apiHosts = [`ec2.${region}.amazonaws.com`];
  readonly metadata = { address: '169.254.169.254', hosts: [] };
  readonly environment = {};
  readonly certificateVariable = 'AWS_CA_BUNDLE';
  readonly options: readonly string[] = [];
  readonly secrets = metadataSecrets;
  readonly calls: CloudCall[] = [];
  readonly #moto: Moto;
  readonly faults = new RequestFaults();
  readonly tooMany = errorAnswer(503, 'RequestLimitExceeded', 'Request limit exceeded.');
  readonly denied = errorAnswer(
    403,
    'UnauthorizedOperation',
    'You are not authorized to perform this operation.',
  );
  readonly #interfaces = new Map<string, Interface>();
  readonly #gone = new Set<string>();
  readonly #subnets = new Map<string, string>();
  #vpc = '';
  #mainTable = '';

  private constructor(server: Moto) {
    this.#moto = server;
  }

  static async start(): Promise<Aws> {
    const cloud = new Aws(await startMoto());
    try {
      const vpc = await cloud.#ask('CreateVpc', { CidrBlock: '172.30.0.0/16' });
      cloud.#vpc = elementOf(vpc, 'vpcId');
      const tables = await cloud.#ask('DescribeRouteTables', {
        'Filter.1.Name': 'vpc-id',
        'Filter.1.Value.1': cloud.#vpc,
      });
      cloud.#mainTable = elementOf(tables, 'routeTableId');
    } catch (error) {
      await cloud.close();
      throw error;
    }
    return cloud;
  }

  /** The table of all machines, unless a test makes others. */
  get mainTable(): string {
    return this.#mainTable;
  }

  async answer(request: CloudRequest): Promise<CloudAnswer> {
    const words = new URLSearchParams(request.body);
    const name = words.get('Action') ?? '';
    const call = { name, writes: !name.startsWith('Describe') };
    this.calls.push(call);
    const refusal = this.faults.answerTo(call) ?? (await this.#refusalOf(name, words));
    if (refusal !== undefined) return refusal;
    return this.#forward(request.body);
  }

  answerMetadata(request: CloudRequest, machine: CloudMachine): CloudAnswer {
    return answerInstanceMetadata(request, { region, interface: machine.id, mac: machine.mac });
  }

  async addMachine(address: string, mac = '02:00:00:00:00:01'): Promise<CloudMachine> {
    const subnet = await this.#subnetOf(address);
    const made = await this.#ask('CreateNetworkInterface', { SubnetId: subnet, PrivateIpAddress: address });
    const machine = { id: elementOf(made, 'networkInterfaceId'), address, mac, subnet };
    this.#interfaces.set(machine.id, machine);
    return machine;
  }

  async terminate(machine: CloudMachine): Promise<void> {
    await this.#ask('DeleteNetworkInterface', { NetworkInterfaceId: machine.id });
    this.#gone.add(machine.id);
  }

  async routes(): Promise<readonly CloudRoute[]> {
    const { routes } = await this.tableOf(this.#mainTable);
    return routes
      .filter(({ target }) => target !== 'local')
      .map(({ destination, target }) => ({
        destination,
        via: this.#gone.has(target) ? undefined : this.#interfaces.get(target)?.address,
      }));
  }

  async dump(): Promise<readonly string[]> {
    const tables = await this.#tables();
    return tables.flatMap(({ id, routes }) =>
      routes.map(({ destination, target }) => `${id} ${destination} ${target}`),
    );
  }

  async tableOf(id: string): Promise<Table> {
    const table = (await this.#tables()).find((each) => each.id === id);
    if (table === undefined) throw new Error(`the cloud does not have the table ${id}`);
    return table;
  }

  /** Makes another table; with a machine, it is the table of that machine's subnet. */
  async addTable(machine?: CloudMachine): Promise<string> {
    const table = elementOf(await this.#ask('CreateRouteTable', { VpcId: this.#vpc }), 'routeTableId');
    const subnet = machine && this.#interfaces.get(machine.id)?.subnet;
    if (subnet !== undefined)
      await this.#ask('AssociateRouteTable', { RouteTableId: table, SubnetId: subnet });
    return table;
  }

  /** Makes a table of another VPC. */
  async addForeignTable(): Promise<string> {
    const vpc = elementOf(await this.#ask('CreateVpc', { CidrBlock: '192.168.0.0/16' }), 'vpcId');
    return elementOf(await this.#ask('CreateRouteTable', { VpcId: vpc }), 'routeTableId');
  }

  async put(destination: string, machine: CloudMachine): Promise<void> {
    await this.#ask('CreateRoute', {
      RouteTableId: this.#mainTable,
      DestinationCidrBlock: destination,
      NetworkInterfaceId: machine.id,
    });
  }

  async drop(destination: string): Promise<void> {
    await this.#ask('DeleteRoute', { RouteTableId: this.#mainTable, DestinationCidrBlock: destination });
  }

  /** Whether an interface drops what is not for its own address. */
  async checksDestination(machine: CloudMachine): Promise<boolean> {
    const said = await this.#ask('DescribeNetworkInterfaces', { 'NetworkInterfaceId.1': machine.id });
    return elementOf(said, 'sourceDestCheck') === 'true';
  }

  async setDestinationCheck(machine: CloudMachine, on: boolean): Promise<void> {
    await this.#ask('ModifyNetworkInterfaceAttribute', {
      NetworkInterfaceId: machine.id,
      'SourceDestCheck.Value': String(on),
    });
  }

  close(): Promise<void> {
    return this.#moto.end();
  }

  async #refusalOf(name: string, words: URLSearchParams): Promise<CloudAnswer | undefined> {
    if (name !== 'CreateRoute') return undefined;
    const { routes } = await this.tableOf(words.get('RouteTableId') ?? '');
    const destination = words.get('DestinationCidrBlock') ?? '';
    if (routes.some((route) => route.destination === destination)) {
      return errorAnswer(400, 'RouteAlreadyExists', `The route identified by ${destination} already exists.`);
    }
    // The table's own route to its VPC does not count here.
    return routes.length - 1 < this.faults.limit
      ? undefined
      : errorAnswer(400, 'RouteLimitExceeded', 'The maximum number of routes has been reached.');
  }

  async #forward(body: string): Promise<CloudAnswer> {
    const response = await fetch(this.#moto.url, { method: 'POST', headers: signature, body });
    const text = await response.text();
    return { status: response.status, headers: { 'content-type': 'text/xml' }, body: this.#blacken(text) };
  }

  /** Marks the routes to interfaces that are gone, as EC2 does. */
  #blacken(text: string): string {
    return text.replaceAll(/<item>(?:(?!<item>).)*?<\/item>/gs, (item) =>
      this.#gone.has(/<networkInterfaceId>(.*?)</.exec(item)?.[1] ?? '')
        ? item.replace('<state>active<', '<state>blackhole<')
        : item,
    );
  }

  async #subnetOf(address: string): Promise<string> {
    const network = address.replace(/\.\d+$/, '.0/24');
    const known = this.#subnets.get(network);
    if (known !== undefined) return known;
    const made = await this.#ask('CreateSubnet', { VpcId: this.#vpc, CidrBlock: network });
    const subnet = elementOf(made, 'subnetId');
    this.#subnets.set(network, subnet);
    return subnet;
  }

  async #tables(): Promise<readonly Table[]> {
    const text = await this.#ask('DescribeRouteTables', {
      'Filter.1.Name': 'vpc-id',
      'Filter.1.Value.1': this.#vpc,
    });
    return text
      .split('<routeTableId>')
      .slice(1)
      .map((each) => each.split('<routeSet>'))
      .filter(([, routes]) => routes !== undefined)
      .map(([head = '', routes = '']) => ({
        id: head.slice(0, head.indexOf('<')),
        routes: routes
          .split('<destinationCidrBlock>')
          .slice(1)
          .map((route) => ({
            destination: route.slice(0, route.indexOf('<')),
            target:
              /<networkInterfaceId>(.+?)</.exec(route)?.[1] ?? /<gatewayId>(.+?)</.exec(route)?.[1] ?? '',
          })),
      }));
  }

  /** A call of the test's own, past everything in front of moto. */
  async #ask(action: string, words: Readonly<Record<string, string>>): Promise<string> {
    const body = new URLSearchParams({ Action: action, Version: version, ...words });
    const response = await fetch(this.#moto.url, { method: 'POST', headers: signature, body });
    const text = await response.text();
    if (!response.ok) throw new Error(`${action}: ${text}`);
    return text;
  }
}

/** Moto reads the service and the region of a request from it, and does not verify it. */
const signature = {
  authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/${region}/ec2/aws4_request, SignedHeaders=host, Signature=0`,
  'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
};

function elementOf(text: string, name: string): string {
  const found = new RegExp(`<${name}>(.*?)</${name}>`, 's').exec(text)?.[1];
  if (found === undefined) throw new Error(`no ${name} in ${text}`);
  return found;
}

function errorAnswer(status: number, code: string, message: string): CloudAnswer {
  const error = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  const body = `<?xml version="1.0"?><Response><Errors>${error}</Errors><RequestID>0</RequestID></Response>`;
  return { status, headers: { 'content-type': 'text/xml' }, body };
}
