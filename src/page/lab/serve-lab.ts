import { findLab, findLabs } from '../../lab/process/find.ts';
import type { LabSpec } from '../../lab/protocol.ts';
import { servePage } from '../server.ts';
import { LiveLab } from './live-lab.ts';

/** The signals that end a page. */
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The interval between two looks whether the lab still runs, in milliseconds. Without a browser, nothing else notices its end. */
const lookMs = 1000;

/**
 * Serves the page of a running lab until a signal comes, or the lab ends. The lab goes on.
 *
 * @param onAddress receives the address for a browser
 */
export async function serveLab(spec: LabSpec, onAddress: (address: string) => void): Promise<void> {
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const lab = findLab(spec.name);
  const page = await servePage(new LiveLab(lab, spec, end), { host: '127.0.0.1', port: 0 });
  const look = setInterval(() => {
    if (!findLabs().some(({ pid }) => pid === lab.pid)) end();
  }, lookMs);
  for (const signal of endings) process.once(signal, end);
  onAddress(page.address);
  await ended;
  for (const signal of endings) process.off(signal, end);
  clearInterval(look);
  page.close();
}
