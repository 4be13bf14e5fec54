import { readdirSync } from 'node:fs';
import { Counter, Gauge, type Registry } from 'prom-client';

/**
 * Adds the metrics of a process that every client library of Prometheus has, by their usual names. prom-client's own collection has many
 * more, and some of their names are against Prometheus' rules.
 */
export function addProcessGauges(registry: Registry): void {
  const registers = [registry];
  let counted = 0;
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'The processor time of the daemon, without its commands.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      const seconds = (user + system) / 1e6;
      this.inc(seconds - counted);
      counted = seconds;
    },
  });
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'The resident memory of the daemon.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'process_open_fds',
    help: 'The open file descriptors of the daemon.',
    registers,
    collect() {
      this.set(countDescriptors() ?? Number.NaN);
    },
  });
  const startedAt = Math.round(performance.timeOrigin / 1000);
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'When the daemon started, as Unix time.',
    registers,
  }).set(startedAt);
}

function countDescriptors(): number | undefined {
  try {
    // One of them is open only for this count.
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return undefined;
  }
}
