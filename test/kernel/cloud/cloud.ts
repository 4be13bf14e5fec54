import type { RequestFaults } from './request-faults.ts';

/** A machine of the cloud. The nodes of a lab are machines, and so is whatever else a test makes up. */
export interface CloudMachine {
  /** The identifier that the cloud gave it: a machine that takes its place has another one. */
  readonly id: string;
  readonly address: string;
  readonly mac: string;
}

/** A route of the table, as the lab applies it and tests compare it. */
export interface CloudRoute {
  /** `10.50.1.0/24` */
  readonly destination: string;
  /** The address of the machine that gets the packets; undefined if the cloud drops them because the machine is gone. */
  readonly via: string | undefined;
}

/** A request to an API or to the metadata service. */
export interface CloudRequest {
  readonly method: string;
  readonly host: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface CloudAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A call of the API, in the words of that cloud: `CreateRoute`. */
export interface CloudCall {
  readonly name: string;
  readonly writes: boolean;
}

/** A cloud of which a lab's nodes are machines: what its API and its metadata service answer, and what a test does to it. */
export interface Cloud {
  /** The hosts of the API, which nodes reach by HTTPS … */
  readonly apiHosts: readonly string[];
  /** … and the metadata service, which each node reaches by HTTP on port 80. */
  readonly metadata: { readonly address: string; readonly hosts: readonly string[] };
  /** The environment of a daemon, besides PATH. */
  readonly environment: Readonly<Record<string, string>>;
  /** The variable in which the recipe's tool takes the file of a certificate to trust … */
  readonly certificateVariable?: string;
  /** … or the files of certificates that the tool trusts: on each node, the API's certificate takes their place. */
  readonly certificateFiles?: readonly string[];
  /** Arguments of `heddle up`, besides the recipe. */
  readonly options: readonly string[];
  /** Texts that must not show in an argument vector or in a log. */
  readonly secrets: readonly string[];
  /** The calls of the API so far, also those that failed. */
  readonly calls: readonly CloudCall[];

  answer(request: CloudRequest): Promise<CloudAnswer>;
  answerMetadata(request: CloudRequest, machine: CloudMachine): CloudAnswer;

  addMachine(address: string, mac?: string): Promise<CloudMachine>;
  /** The machine ends and is gone. */
  terminate(machine: CloudMachine): Promise<void>;

  /** All routes of the table that the nodes use, but those that came with it. */
  routes(): Promise<readonly CloudRoute[]>;
  /** The table in full, with whatever the cloud knows of a route: to see that nothing but heddle's was touched. */
  dump(): Promise<readonly string[]>;
  /** Makes or changes a route as another user of the table does. */
  put(destination: string, machine: CloudMachine): Promise<void>;
  drop(destination: string): Promise<void>;

  /** Which calls the cloud refuses or does not answer as it should, and how many routes it takes. */
  readonly faults: RequestFaults;
  /** How this cloud refuses one call too many. */
  readonly tooMany: CloudAnswer;
  /** How this cloud refuses whoever lacks a permission. */
  readonly denied: CloudAnswer;

  close?(): Promise<void>;
}
