import { join } from 'node:path';
import { root } from './root.js';

const bin = (/** @type {string} */ name) => join(root, 'node_modules', '.bin', name);

/** The checks of the text: they run nothing of heddle. */
export const checks = [
  { title: 'types', command: [bin('tsc'), '-p', 'tsconfig.json'] },
  { title: 'pure folders know no Node', command: [bin('tsc'), '-p', 'tsconfig.pure.json'] },
  { title: 'types of the page', command: [bin('tsc'), '-p', 'src/page/app'] },
  { title: 'lint', command: [bin('eslint'), '.'] },
  { title: 'formatting', command: [bin('prettier'), '--check', '--log-level=warn', '.'] },
];
