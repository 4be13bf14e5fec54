import { heddle } from '../lab-harness.ts';
import { runOn } from '../harness/daemon.ts';
import type { StoreDirectory } from '../harness/store-directory.ts';
import type { CloudNode } from './cloud-lab.ts';

const [metrics, page] = ['127.0.0.1:9270', '127.0.0.1:9271'];

/** With these, a node serves all that it can. */
export const servingOptions = ['--metrics-address', metrics, '--page', page];

/** Prints the metrics, the page, and the page's first events. */
const fetching = `
  const read = async (url, part) => {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(url + ' ' + answer.status);
    if (!part) return console.log(await answer.text());
    const { value } = await answer.body.getReader().read();
    console.log(new TextDecoder().decode(value));
  };
  const address = process.argv[1];
  read('http://${metrics}/metrics')
    .then(() => read(address))
    .then(() => read(address.replace('/?', '/events?'), true))
    .then(() => process.exit());`;

/** All that a ready node with {@link servingOptions} shows by any means but its log, and every file that it keeps, as one text. */
export async function shownByNode(
  { host, daemon }: CloudNode,
  { recipe, store, options }: { recipe: string; store: StoreDirectory; options: readonly string[] },
): Promise<string> {
  const said = /the page of this node is at (\S+);/;
  const { message } = await daemon.logged('warning', (event) => said.test(event.message));
  const ran = [
    await host.run([process.execPath, '-e', fetching, said.exec(message)?.[1] ?? '']),
    await runOn(host, 'status', '--json'),
    await runOn(host, 'status'),
    await host.run([process.execPath, heddle, 'leases', '--json', '--store-dir', store.path]),
    await host.run([process.execPath, heddle, 'recipe', 'explain', recipe, '--json', ...options]),
    await host.run(['find', '/run', store.path, '-type', 'f', '-exec', 'cat', '--', '{}', '+']),
  ];
  const failed = ran.find(({ exitCode }) => exitCode !== 0);
  if (failed !== undefined) throw new Error(`${failed.exitCode}: ${failed.stderr}`);
  return ran.map(({ stdout, stderr }) => `${stdout}${stderr}`).join('\n');
}
