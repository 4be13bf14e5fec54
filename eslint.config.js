import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Folders that do no I/O and read no clock; tsconfig.pure.json holds the same list. */
const pureFolders = ['diagnostic', 'network', 'lease', 'recipe', 'engine', 'event', 'contract', 'lab/plan'];

/** Packages that only compute, and so may be imported by pure folders. */
const purePackages = ['ipaddr.js', 'jsonc-parser', 'zod/mini', 'shell-quote', 'cli-table3', 'chalk'];

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.cache/'] },
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
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
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
    files: pureFolders.map((folder) => `src/${folder}/**/*.ts`),
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: `^(?!\\.)(?!(${purePackages.join('|')})$)`,
              message:
                'A pure folder imports only pure packages: do the I/O in store, shell, host, daemon or lab.',
            },
            {
              regex: '(^|/)(cli|shell|store|host|daemon)/',
              message: 'A pure folder may not depend on a part that acts.',
            },
          ],
        },
      ],
      'no-restricted-properties': [
        'error',
        {
          object: 'Date',
          property: 'now',
          message: 'A pure folder reads no clock: take the time as an argument.',
        },
        {
          object: 'Math',
          property: 'random',
          message: 'A pure folder is deterministic: take the random number as an argument.',
        },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
          message: 'A pure folder reads no clock: take the time as an argument.',
        },
      ],
    },
  },
  {
    files: ['**/*.js'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
);
