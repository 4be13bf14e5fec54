/** A process that takes a lock, says so, and keeps it until its standard input ends. `lock-holder PATH` */
import { text } from 'node:stream/consumers';

import { withStoreLock } from '../../src/store/files/lock.ts';

await withStoreLock(process.argv[2] ?? '', async () => {
  process.stdout.write('ready\n');
  await text(process.stdin);
});
