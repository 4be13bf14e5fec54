import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const log = fileURLToPath(new URL('../../../src/cli/terminal/log.ts', import.meta.url));

/** Logs far more than a pipe and the buffer hold, says so on stderr, and logs once more when stdin ends. */
const talkative = (format: string): string => `
  import { createLog } from ${JSON.stringify(log)};
  const { emit, close } = await createLog({ format: '${format}', level: 'debug' }, 60_000);
  for (let n = 0; n < 20000; n += 1) emit({ event: 'warning', message: n + ' ' + 'x'.repeat(1000) });
  process.stderr.write('done');
  process.stdin.resume().on('end', () => { emit({ event: 'warning', message: 'the last' }); close(); });
`;

for (const format of ['text', 'json']) {
  test(`a log that nobody reads keeps nobody waiting, and says what was lost: ${format}`, async (t) => {
    const child = spawn(process.execPath, [
      '--import',
      'tsx',
      '--input-type=module',
      '-e',
      talkative(format),
    ]);
    t.after(() => child.kill('SIGKILL'));
    assert.equal(String((await once(child.stderr, 'data'))[0]), 'done');
    const reading = text(child.stdout);
    child.stdin.end();
    const lines = (await reading).trimEnd().split('\n');
    const lost = lines.filter((line) => line.includes('lines of this log were lost'));
    assert.equal(lost.length, 1);
    const [number] = /\d+(?= lines)/.exec(lost[0] ?? '') ?? [];
    const whole = lines.filter((line) => line.includes('xxx'));
    const last = lines.filter((line) => line.includes('the last'));
    assert.equal(whole.length + last.length + Number(number), 20_001);
    assert.ok(whole.length > 1000);
  });
}

test('a log whose reader is gone ends nothing', async (t) => {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', talkative('json')]);
  t.after(() => child.kill('SIGKILL'));
  child.stdout.destroy();
  await once(child.stderr, 'data');
  child.stdin.end();
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('a log on a full disk does not keep its process from ending', async (t) => {
  const full = openSync('/dev/full', 'w');
  const args = ['--import', 'tsx', '--input-type=module', '-e', talkative('text')];
  const child = spawn(process.execPath, args, { stdio: ['pipe', full, 'pipe'] });
  closeSync(full);
  t.after(() => child.kill('SIGKILL'));
  await once(child.stderr ?? assert.fail(), 'data');
  child.stdin?.end();
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

for (const format of ['text', 'json'] as const) {
  test(`a log of level warn leaves out what is less important: ${format}`, async (t) => {
    const program = `
      import { createLog } from ${JSON.stringify(log)};
      const { emit, close } = await createLog({ format: '${format}', level: 'warn' }, 60_000);
      emit({ event: 'lease-released', subnet: '10.50.1.0/24' });
      emit({ event: 'warning', message: 'a clock is off' });
      emit({ event: 'failure', kind: 'store', message: 'the store is away' });
      await close();
    `;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program]);
    t.after(() => child.kill('SIGKILL'));
    const lines = (await text(child.stdout)).trimEnd().split('\n');
    assert.equal(lines.length, 2);
    assert.match(
      lines[0] ?? '',
      format === 'json' ? /"level":"warn".*a clock is off/ : /warn {2}a clock is off$/,
    );
    assert.match(lines[1] ?? '', format === 'json' ? /"level":"error".*is away/ : /error the store is away$/);
  });
}

for (const format of ['text', 'json'] as const) {
  test(`3,000 entries that are not leases are one line and a count: ${format}`, async (t) => {
    const program = `
      import { createLog } from ${JSON.stringify(log)};
      const { emit, close } = await createLog({ format: '${format}', level: 'info' }, 60_000);
      for (let n = 0; n < 3000; n += 1)
        emit({ event: 'store-fault', where: '/store/subnets/junk' + n, because: 'is not the name of a lease' });
      await close();
    `;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program]);
    t.after(() => child.kill('SIGKILL'));
    const [first = '', second = '', ...more] = (await text(child.stdout)).trimEnd().split('\n');
    assert.deepEqual(more, []);
    assert.match(first, /\/store\/subnets\/junk0 skipped: it is not the name of a lease/);
    assert.match(
      second,
      /repeated 2999 times within .*, about \/store\/subnets\/junk1, .* and 2994 more; the last: .*junk2999/,
    );
  });
}

test('durations in JSON are tenths of a millisecond, whatever event they belong to', async (t) => {
  const events = [
    { event: 'command-finished', command: 'CheckCommand', durationMs: 13.599_999_999_9, stderr: '' },
    { event: 'warning', message: 'a', retryInMs: 0.049_999 },
    { event: 'warning', message: 'b', durationMs: 1e6 / 3 },
    { event: 'warning', message: 'c', subnetCount: 1 / 3 },
  ];
  const script = `
    import { createLog } from ${JSON.stringify(log)};
    const { emit, close } = await createLog({ format: 'json', level: 'debug' }, 60_000);
    for (const event of ${JSON.stringify(events)}) emit(event);
    await close();`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
  t.after(() => child.kill('SIGKILL'));
  const lines = (await text(child.stdout)).trimEnd().split('\n');
  const read = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    read.map(({ durationMs, retryInMs, subnetCount }) => durationMs ?? retryInMs ?? subnetCount),
    [13.6, 0, 333_333.3, 1 / 3],
  );
});
