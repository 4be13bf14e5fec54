import { usesColour } from '../../host/terminal-colour.ts';
import { askLinks } from '../process/control-client.ts';
import { findLab } from '../process/find.ts';
import type { LinkChange } from '../plan/underlay/impairment.ts';
import type { LinkStatus } from '../protocol.ts';
import { renderLinks } from '../report/render-links.ts';

/** The output of `lab impair --json`. */
export interface LinkListing {
  /** The name of the lab. */
  readonly lab: string;
  readonly links: readonly LinkStatus[];
}

/** `lab impair`: changes links of a running lab, and shows what is set. Without a target, shows every link. */
export async function impairLinks(
  name: string,
  target: string | undefined,
  change: LinkChange,
  json: boolean,
): Promise<void> {
  const lab = findLab(name);
  const links = await askLinks(lab, target ?? null, change);
  const listing: LinkListing = { lab: lab.name, links };
  const text = json ? JSON.stringify(listing) : renderLinks(links, { colour: usesColour(process.stdout) });
  process.stdout.write(`${text}\n`);
}
