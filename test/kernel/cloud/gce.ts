import type { Cloud, CloudAnswer, CloudCall, CloudRequest, CloudRoute, CloudMachine } from './cloud.ts';
import { Machines } from './machines.ts';
import { Refusal, RequestFaults } from './request-faults.ts';

const project = 'heddle-tests';
const zone = `projects/123456789012/zones/europe-west1-b`;
const network = 'default';
const base = `https://www.googleapis.com/compute/v1/projects/${project}`;
const token = 'ya29.c.aTokenOfTheInstancesServiceAccount';

/** Fewer than any caller asks for: Google's answers may have fewer items than they could, even none, and go on. */
const itemsOfPage = 2;

/** A route, in the words of the API: https://cloud.google.com/compute/docs/reference/rest/v1/routes */
interface Route {
  readonly name: string;
  readonly network: string;
  readonly destRange: string;
  readonly priority: number;
  readonly nextHopInstance: string;
  readonly description?: string | undefined;
}

interface Operation {
  /** How often somebody still has to ask before it is done. */
  pending: number;
  readonly error: { readonly code: string; readonly message: string } | undefined;
}

/** The refusal of a call, as the API words it; its code is a reason. */
class StatusRefusal extends Refusal {
  readonly status: number;
  constructor(status: number, reason: string, message: string) {
    super(reason, message);
    this.status = status;
  }
}

/**
 * The Compute Engine API as far as routes need it: insert, get, list with filter and pages, delete, and the operations that these begin. It
 * keeps the routes of one project. A full quota is an operation's error, as there; what is asked too often is refused with 403, 429 and 503.
 */
export class Gce implements Cloud {
  readonly apiHosts = ['compute.googleapis.com'];
  readonly metadata = { address: '169.254.169.254', hosts: ['metadata.google.internal'] };
  readonly environment = {};
  readonly certificateVariable = 'CURL_CA_BUNDLE';
  readonly options: readonly string[] = [];
  readonly secrets = [token];
  readonly calls: CloudCall[] = [];
  readonly #routes = new Map<string, Route>();
  readonly #operations = new Map<string, Operation>();
  readonly #machines = new Machines('instance-');
  /** The machines that were made without canIpForward. */
  readonly #strict = new Set<string>();
  readonly faults = new RequestFaults();
  readonly tooMany = refusalOf(
    new StatusRefusal(403, 'rateLimitExceeded', 'Quota exceeded for quota metric.'),
  );
  readonly denied = refusalOf(
    new StatusRefusal(403, 'forbidden', "Required 'compute.routes.list' permission for this project"),
  );
  #count = 0;

  answer(request: CloudRequest): Promise<CloudAnswer> {
    const url = new URL(request.path, `https://${request.host}`);
    const words = url.pathname.split('/').slice(1);
    const name = `${request.method} ${words.slice(5).join('/')}`;
    const call = { name, writes: words[5] === 'routes' && request.method !== 'GET' };
    this.calls.push(call);
    try {
      if (request.headers['authorization'] !== `Bearer ${token}`)
        throw new StatusRefusal(401, 'required', 'Login Required.');
      const refused = this.faults.answerTo(call);
      if (refused !== undefined) return Promise.resolve(refused);
      if (words.slice(0, 5).join('/') !== `compute/v1/projects/${project}/global`)
        throw new StatusRefusal(404, 'notFound', `The resource '${url.pathname}' was not found`);
      const [collection = '', item, verb] = words.slice(5);
      return Promise.resolve(json(200, this.#perform({ request, url, collection, item, verb })));
    } catch (error) {
      if (!(error instanceof StatusRefusal)) throw error;
      return Promise.resolve(refusalOf(error));
    }
  }

  answerMetadata({ path, headers }: CloudRequest, machine: CloudMachine): CloudAnswer {
    if (headers['metadata-flavor'] !== 'Google' || headers['x-forwarded-for'] !== undefined)
      return { status: 403, body: 'Missing Metadata-Flavor:Google header.' };
    const items: Readonly<Record<string, string>> = {
      'project/project-id': project,
      'instance/zone': zone,
      'instance/name': machine.id,
      'instance/network-interfaces/?recursive=true': JSON.stringify([
        { mac: '42:01:0a:00:00:09', network: 'projects/123456789012/networks/other' },
        { mac: machine.mac, network: `projects/123456789012/networks/${network}`, ip: machine.address },
      ]),
      'instance/service-accounts/default/token': JSON.stringify({
        access_token: token,
        expires_in: 3599,
        token_type: 'Bearer',
      }),
    };
    const body = items[path.replace('/computeMetadata/v1/', '')];
    return body === undefined
      ? { status: 404, body: '' }
      : { status: 200, headers: { 'metadata-flavor': 'Google' }, body };
  }

  addMachine(address: string, mac?: string): Promise<CloudMachine> {
    return this.#machines.add(address, mac);
  }

  terminate(machine: CloudMachine): Promise<void> {
    return this.#machines.remove(machine);
  }

  routes(): Promise<readonly CloudRoute[]> {
    const routes = [...this.#routes.values()].map(({ destRange, nextHopInstance }) => ({
      destination: destRange,
      via: this.#machines.addressOf(nameIn(nextHopInstance)),
    }));
    return Promise.resolve(routes);
  }

  dump(): Promise<readonly string[]> {
    return Promise.resolve([...this.#routes.values()].map((route) => JSON.stringify(route)).sort());
  }

  put(destination: string, machine: CloudMachine): Promise<void> {
    const name = `by-hand-${destination.replaceAll(/[./]/g, '-')}`;
    this.#routes.set(name, routeFrom({ name, destRange: destination, nextHopInstance: linkTo(machine.id) }));
    return Promise.resolve();
  }

  drop(destination: string): Promise<void> {
    for (const [name, { destRange }] of this.#routes)
      if (destRange === destination) this.#routes.delete(name);
    return Promise.resolve();
  }

  /** Makes a machine one that drops what is not for its own address, as instances do unless they are made with canIpForward. */
  forbidForwarding(machine: CloudMachine): void {
    this.#strict.add(machine.id);
  }

  /** Refuses the next call as one that the service cannot answer now. */
  fail(status: 429 | 503): void {
    this.faults.refuse(1, refusalOf(new StatusRefusal(status, 'backendError', 'Try again later.')));
  }

  #perform(call: {
    readonly request: CloudRequest;
    readonly url: URL;
    readonly collection: string;
    readonly item: string | undefined;
    readonly verb: string | undefined;
  }): unknown {
    const { request, url, collection, item, verb } = call;
    if (collection === 'operations' && item !== undefined && verb === 'wait') return this.#wait(item);
    if (collection === 'routes' && verb === undefined) {
      if (request.method === 'GET' && item === undefined) return this.#list(url.searchParams);
      if (request.method === 'POST' && item === undefined) return this.#insert(request.body);
      if (request.method === 'DELETE' && item !== undefined) return this.#delete(item);
    }
    throw new StatusRefusal(404, 'notFound', `The resource '${url.pathname}' was not found`);
  }

  #list(query: URLSearchParams): unknown {
    const matches = readFilter(query.get('filter') ?? '');
    const from = Number(query.get('pageToken') ?? '0');
    const found = [...this.#routes.values()].filter(matches);
    const items = found.slice(from, from + itemsOfPage).map((route) => this.#show(route));
    const next = from + itemsOfPage;
    return {
      kind: 'compute#routeList',
      ...(items.length > 0 && { items }),
      ...(next < found.length && { nextPageToken: String(next) }),
    };
  }

  #insert(body: string): unknown {
    const given = JSON.parse(body) as Partial<Route>;
    checkRoute(given);
    const route = routeFrom(given);
    if (this.#routes.has(route.name)) {
      const resource = `projects/${project}/global/routes/${route.name}`;
      throw new StatusRefusal(409, 'alreadyExists', `The resource '${resource}' already exists`);
    }
    if (!this.#machines.has(nameIn(route.nextHopInstance)))
      throw new StatusRefusal(404, 'notFound', `The resource '${route.nextHopInstance}' was not found`);
    if (this.#routes.size >= this.faults.limit) {
      const message = `Quota 'ROUTES' exceeded.  Limit: ${this.faults.limit}.0 globally.`;
      return this.#begin({ code: 'QUOTA_EXCEEDED', message });
    }
    this.#routes.set(route.name, route);
    return this.#begin(undefined);
  }

  #delete(name: string): unknown {
    if (!this.#routes.delete(name)) {
      const resource = `projects/${project}/global/routes/${name}`;
      throw new StatusRefusal(404, 'notFound', `The resource '${resource}' was not found`);
    }
    return this.#begin(undefined);
  }

  #begin(error: Operation['error']): unknown {
    this.#count += 1;
    const name = `operation-${this.#count}`;
    this.#operations.set(name, { pending: 1, error });
    return { kind: 'compute#operation', name, status: 'PENDING' };
  }

  #wait(name: string): unknown {
    const operation = this.#operations.get(name);
    if (operation === undefined)
      throw new StatusRefusal(404, 'notFound', `The operation ${name} was not found`);
    const isDone = operation.pending === 0;
    operation.pending -= 1;
    return {
      kind: 'compute#operation',
      name,
      status: isDone ? 'DONE' : 'RUNNING',
      ...(isDone && operation.error !== undefined && { error: { errors: [operation.error] } }),
    };
  }

  #show(route: Route): unknown {
    const id = nameIn(route.nextHopInstance);
    const codes = [
      ...(this.#machines.has(id) ? [] : ['NEXT_HOP_INSTANCE_NOT_FOUND']),
      ...(this.#strict.has(id) ? ['NEXT_HOP_CANNOT_IP_FORWARD'] : []),
    ];
    return {
      kind: 'compute#route',
      ...route,
      ...(codes.length > 0 && { warnings: codes.map((code) => ({ code, message: code })) }),
    };
  }
}

const linkTo = (machine: string): string => `${base}/zones/europe-west1-b/instances/${machine}`;

const nameIn = (link: string): string => link.slice(link.lastIndexOf('/') + 1);

/** A route with whole links, as the API shows it. */
function routeFrom(given: Partial<Route>): Route {
  const { name = '', destRange = '', nextHopInstance = '', priority = 1000, description } = given;
  return {
    name,
    network: `${base}/global/networks/${network}`,
    destRange,
    priority,
    nextHopInstance: linkTo(nameIn(nextHopInstance)),
    ...(description !== undefined && { description }),
  };
}

/** Refuses a route that the API would not take. */
function checkRoute({ name = '', destRange = '', network: of = '', priority = 1000 }: Partial<Route>): void {
  const invalid = (field: string, value: unknown): StatusRefusal =>
    new StatusRefusal(400, 'invalid', `Invalid value for field 'resource.${field}': '${String(value)}'.`);
  if (!/^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) throw invalid('name', name);
  if (!/^\d+\.\d+\.\d+\.\d+\/\d+$/.test(destRange)) throw invalid('destRange', destRange);
  if (of !== `projects/${project}/global/networks/${network}`) throw invalid('network', of);
  if (!(priority >= 0 && priority <= 65535)) throw invalid('priority', priority);
}

/** The filters that the recipe uses: `FIELD = "TEXT"` and `FIELD eq "PATTERN"`. */
function readFilter(text: string): (route: Route) => boolean {
  const [, field, operator, value = ''] = /^(name|destRange) (=|eq) "([^"]*)"$/.exec(text) ?? [];
  if (field !== 'name' && field !== 'destRange')
    throw new StatusRefusal(400, 'invalid', `Invalid value for field 'filter': '${text}'.`);
  return operator === '='
    ? (route) => route[field] === value
    : (route) => new RegExp(`^(?:${value})$`).test(route[field]);
}

function json(status: number, body: unknown): CloudAnswer {
  const headers = { 'content-type': 'application/json; charset=UTF-8' };
  return { status, headers, body: JSON.stringify(body, null, 2) };
}

function refusalOf({ status, code: reason, message }: StatusRefusal): CloudAnswer {
  return json(status, {
    error: { code: status, message, errors: [{ domain: 'global', reason, message }] },
  });
}
