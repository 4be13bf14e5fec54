import js from '@eslint/js';
import ts from 'typescript';
import tseslint from 'typescript-eslint';

/** What does no I/O and reads no clock: folders, and files of folders that act otherwise. */
const { include: pure } = ts.readConfigFile(
  `${import.meta.dirname}/tsconfig.pure.json`,
  ts.sys.readFile,
).config;

/** Packages that only compute, and so may be imported by what is pure. */
const purePackages = [
  'ipaddr.js',
  'jsonc-parser',
  'zod/mini',
  'shell-quote',
  'cli-table3',
  'chalk',
  're2js',
  '@dagrejs/dagre',
  'tinyqueue',
];

/**
 * The files that start processes by themselves, not by src/host/run-program.ts. Each talks with a process while it runs, or
 * decides about its end before its pipes close; the shell's are on every peer's way, where execa costs too much.
 */
const processStarters = [
  'src/shell/monitor.ts',
  'src/shell/one-shot-shell.ts',
  'src/shell/pool/worker-process.ts',
  'src/shell/io/pipe.ts', // mkfifo, for one in four shells
  'src/host/files/file-lock.ts', // flock holds the lock until its stdin ends
  'src/store/kubernetes/exec-plugin.ts', // a plugin, which ends with its stdin
  'src/lab/process/enter.ts', // the lab itself, on a tether
  'src/lab/exec.ts', // a command on this terminal
  'src/lab/process/group-witness.ts', // it shares the signals of its group
  'src/lab/capture.ts', // tcpdump, whose stdout is that of this process
  'src/lab/trace/observe.ts', // tcpdump and nft, which run until told to end
  'src/lab/inside/running-program.ts', // daemons and etcd, whose children may keep their pipes
  'src/lab/inside/node/holder.ts', // holds a host's namespaces until its stdin ends
  'src/lab/inside/probe/pod-agent.ts', // orders and answers, line by line
  'src/lab/inside/store/kubernetes/api-client.ts', // a relay, until its stdin ends
  'src/lab/inside/probe/ping.ts', // a ping that goes on until it is stopped
  'src/lab/inside/probe/echo.ts', // ping, ended at once where the kernel refuses to send
];

const needlessSpread = {
  selector: 'ObjectExpression > SpreadElement > ObjectExpression',
  message: 'Write the properties themselves.',
};

export default tseslint.config(
  { ignores: ['dist/', 'packages/', 'node_modules/', '.cache/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      'no-console': 'error',
      'no-restricted-syntax': ['error', needlessSpread],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: processStarters,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          name: 'node:child_process',
          message: 'Run a helper program by runProgram of src/host/run-program.ts.',
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    ignores: ['test/support/temporary-directory.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: ['node:fs', 'node:fs/promises'].map((name) => ({
            name,
            importNames: ['mkdtemp', 'mkdtempSync'],
            message: 'Use test/support/temporary-directory.ts, which cleans up.',
          })),
        },
      ],
      // node:test's `test()` and `describe()` return promises that the runner itself awaits.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', package: 'node:test', name: ['test', 'describe', 'it', 'suite'] },
          ],
        },
      ],
    },
  },
  {
    files: pure.map((path) => (path.endsWith('.ts') ? path : `${path}/**/*.ts`)),
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: `^(?!\\.)(?!(${purePackages.join('|')})$)`,
              message:
                'Pure code imports only pure packages: do the I/O in store, shell, host, daemon or lab.',
            },
          ],
        },
      ],
      'no-restricted-properties': [
        'error',
        {
          object: 'Date',
          property: 'now',
          message: 'Pure code reads no clock: take the time as an argument.',
        },
        {
          object: 'Math',
          property: 'random',
          message: 'Pure code is deterministic: take the random number as an argument.',
        },
      ],
      'no-restricted-syntax': [
        'error',
        needlessSpread,
        {
          selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
          message: 'Pure code reads no clock: take the time as an argument.',
        },
      ],
    },
  },
  {
    files: ['bin/*.js'],
    languageOptions: { sourceType: 'commonjs', globals: { __dirname: 'readonly' } },
  },
  {
    files: ['**/*.js'],
    languageOptions: {
      globals: Object.fromEntries(
        ['process', 'console', 'performance', 'URL', 'AbortSignal', 'AbortController'].map((name) => [
          name,
          'readonly',
        ]),
      ),
    },
  },
);
