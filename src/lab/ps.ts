import { usesColour } from '../host/terminal-colour.ts';
import { askStatus } from './process/control-client.ts';
import { findLab } from './process/find.ts';
import type { ControlResponse } from './protocol.ts';
import { renderLabStatus } from './report/render.ts';

/** The output of `lab ps --json`. */
export type LabListing = Omit<Extract<ControlResponse, { response: 'status' }>, 'response' | 'faults'>;

/** `lab ps`: shows the nodes of a running lab. */
export async function showLab(name: string, json: boolean): Promise<void> {
  const { name: lab, recipe, store, nodes, server, routers } = await askStatus(findLab(name));
  const listing: LabListing = { name: lab, recipe, store, nodes, server, routers };
  if (json) process.stdout.write(JSON.stringify(listing) + '\n');
  else {
    const colour = usesColour(process.stdout);
    process.stdout.write(`Lab ${lab}, recipe ${recipe}\n`);
    process.stdout.write(renderLabStatus({ nodes, server, routers }, { colour }) + '\n');
  }
}
