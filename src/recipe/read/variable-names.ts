import type { Findings } from '../../diagnostic/findings.ts';
import { quoteText } from '../../diagnostic/visible-text.ts';
import type { JsonMember } from '../json/json-tree.ts';
import { namePattern, variableName } from './variable-name.ts';

/** The names of one kind of thing that commands are given as variables. No two may be the same variable. */
export class VariableNames {
  readonly #kind: 'parameter' | 'field';
  readonly #prefix: '' | 'DATA_';
  readonly #findings: Findings;
  readonly #nameOf = new Map<string, string>();

  constructor(kind: 'parameter' | 'field', findings: Findings) {
    this.#kind = kind;
    this.#prefix = kind === 'field' ? 'DATA_' : '';
    this.#findings = findings;
  }

  /** Takes a member's key as a name; returns its variable, without prefix, unless it cannot have one of its own. */
  claim({ key, keySpan }: JsonMember): string | undefined {
    if (!namePattern.test(key)) {
      const hint = 'begin with a letter, and use at most 63 letters, digits and `_`';
      const message = `${quoteText(key)} cannot be the name of a ${this.#kind}`;
      this.#findings.error('bad-name', keySpan, message, hint);
      return undefined;
    }
    const variable = variableName(key);
    const other = this.#nameOf.get(variable);
    if (other !== undefined) {
      const message = `${this.#kind}s \`${other}\` and \`${key}\` would both become \`${this.#prefix}${variable}\``;
      this.#findings.error('variable-collision', keySpan, message, 'rename one of them');
      return undefined;
    }
    this.#nameOf.set(variable, key);
    return variable;
  }
}
