// npm run soak: a network that lives through random changes and faults. It must come out exact, and no larger than it was.
import { reasonToSkip } from '../kernel/harness/needs.ts';
import { TemporaryDirectory } from '../support/temporary-directory.ts';
import { readOptions, usage, type SoakOptions } from './options.ts';
import { Progress } from './progress.ts';
import { hasPassed, renderSoakReport } from './report.ts';
import { soak } from './soak.ts';

const say = (text: string): void => void process.stderr.write(`${text}\n`);

const options = readArguments();
const lack = reasonToSkip('etcd');
if (lack !== false) {
  say(`soak: ${lack}`);
  process.exit(4);
}
const directory = new TemporaryDirectory();
say(`soak: ${options.minutes} minutes, 3 nodes, about ${options.peers} peers, --seed ${options.seed}`);
try {
  const report = await soak(options, directory.path, new Progress());
  const passed = hasPassed(report);
  process.stdout.write(
    options.json ? `${JSON.stringify({ passed, ...report })}\n` : `${renderSoakReport(report)}\n`,
  );
  if (passed) directory.remove();
  else fail();
} catch (error) {
  say(`soak: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  fail();
}

function fail(): void {
  say(
    `soak: failed; the actions and the logs are in ${directory.path}; --seed ${options.seed} repeats the choices`,
  );
  process.exitCode = 1;
}

function readArguments(): SoakOptions {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    say(`soak: ${error instanceof Error ? error.message : String(error)}\n${usage}`);
    process.exit(2);
  }
}
