import { Heartbeat } from '../../daemon/health/heartbeat.ts';
import type { ServiceReporter } from '../../daemon/health/service-reporter.ts';
import type { HeddleNode } from '../../daemon/node.ts';
import type { Metrics } from '../../daemon/report/metrics.ts';
import type { CheckPart } from '../../daemon/report/readiness.ts';
import type { ListenAddress, UpOptions } from '../../daemon/setup/options.ts';
import type { EmitEvent } from '../../event/event.ts';
import { ServiceManager } from '../../host/service-manager.ts';
import type { LiveNode } from '../../page/node/live-node.ts';

/** A server for monitors. */
interface Server {
  close(): void;
}

/** The readiness before there is a node. */
const notStarted: readonly CheckPart[] = [{ name: 'start', trouble: 'starting', isRequired: true }];

/** Everything that tells others about the daemon while it runs: metrics, answers to probes, notices to the service manager. */
export class Observer {
  readonly #heartbeat: Heartbeat;
  #node: HeddleNode | undefined;
  #metrics: Metrics | undefined;
  #servers: readonly Server[] = [];
  #service: ServiceReporter | undefined;
  #live: LiveNode | undefined;
  /** Warnings for the log. */
  warnings: readonly string[] = [];

  private constructor() {
    this.#heartbeat = new Heartbeat(
      () => this.#node?.vitals ?? [],
      () => this.#service?.beat(),
    );
  }

  /** Begins to listen where the options say. Throws a Failure if that is impossible. */
  static async open(options: UpOptions): Promise<Observer> {
    const observer = new Observer();
    if (options.metricsAddress !== undefined || options.healthz !== undefined) await observer.#serve(options);
    if (options.page !== undefined) await observer.#servePage(options.page, options.nodeName);
    observer.#heartbeat.start();
    return observer;
  }

  readonly note: EmitEvent = (event) => {
    this.#metrics?.note(event);
    this.#service?.note(event);
    this.#live?.note(event);
  };

  /** Begins to report about a node. */
  async watch(node: HeddleNode, emit: EmitEvent): Promise<void> {
    this.#node = node;
    const manager = ServiceManager.of(process.env);
    if (manager === undefined) return;
    const heartbeat = this.#heartbeat;
    const daemon = {
      get headline() {
        return node.headline;
      },
      get isWell() {
        return heartbeat.isWell;
      },
    };
    const { ServiceReporter } = await import('../../daemon/health/service-reporter.ts');
    this.#service = new ServiceReporter(manager, daemon, emit);
    this.#service.start();
  }

  /** Ends the servers, and waits for the last notice to the service manager. */
  async close(): Promise<void> {
    for (const server of this.#servers) server.close();
    this.#heartbeat.stop();
    await this.#service?.close();
  }

  async #servePage(at: ListenAddress, name: string): Promise<void> {
    const { serveNode } = await import('../../page/node/serve-node.ts');
    const { live, page } = await serveNode(name, () => this.#node?.status(), at);
    this.#live = live;
    this.#servers = [...this.#servers, page];
    this.warnings = [
      ...this.warnings,
      `the page of this node is at ${page.address}; who knows this address can see the state of the node`,
    ];
  }

  async #serve({ metricsAddress, healthz }: UpOptions): Promise<void> {
    const [{ Metrics }, { metricsPage, warnOfMetricsAddress }, { servePages }, { healthPages }] =
      await Promise.all([
        import('../../daemon/report/metrics.ts'),
        import('../../daemon/report/metrics-page.ts'),
        import('../../daemon/report/page-server.ts'),
        import('../../daemon/report/health-pages.ts'),
      ]);
    const health = {
      examine: () => this.#heartbeat.examine(),
      readiness: () => this.#node?.readiness ?? notStarted,
    };
    const metrics = new Metrics(() => this.#node?.status(), {
      loops: () => this.#heartbeat.loops,
      readiness: health.readiness,
    });
    this.#metrics = metrics;
    if (metricsAddress !== undefined) {
      const purpose = { noun: 'metrics', option: '--metrics-address' };
      this.#servers = [await servePages([metricsPage(metrics)], metricsAddress, purpose)];
    }
    if (healthz !== undefined) {
      const pages = [...healthPages(health), ...(healthz.withMetrics ? [metricsPage(metrics)] : [])];
      const purpose = { noun: 'probes', option: '--healthz-ip or --healthz-port' };
      this.#servers = [...this.#servers, await servePages(pages, healthz.address, purpose)];
    }
    const exposed = [metricsAddress, healthz?.withMetrics ? healthz.address : undefined];
    this.warnings = exposed.flatMap((address) => (address && warnOfMetricsAddress(address)) ?? []);
  }
}
