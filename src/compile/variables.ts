import type { Span } from '../diagnostic/source.ts';
import { NotUnderstood } from './text/not-understood.ts';
import { governsShell, isShellVariable } from './shell-names.ts';

interface Variable {
  /** Undefined for one without a value. */
  readonly value: string | undefined;
  readonly exported: boolean;
  /** Whether shells differ in what it holds: one that `local` has just made. */
  readonly unclear: boolean;
}

const unset: Variable = { value: undefined, exported: false, unclear: false };

/** Values of variables for one command. */
export interface Assigned {
  readonly name: string;
  readonly value: string;
}

type Environment = Readonly<Record<string, string>>;

/** The environment that a shell begins with. */
interface Initial {
  readonly own: Environment;
  readonly shared: Environment;
}

type VariableMap = ReadonlyMap<string, Variable>;

// A shell does not take IFS from its environment.
const ownAtFirst: VariableMap = new Map([['IFS', { ...unset, value: ' \t\n' }]]);

/**
 * The variables of a shell at one moment; each change makes new ones. All methods throw a {@link NotUnderstood} for those that a shell
 * sets by itself.
 */
export class Variables {
  readonly #initial: Initial;
  readonly #variables: VariableMap;
  /** For each function that runs, what its local variables hide. */
  readonly #hidden: readonly VariableMap[];
  /** The answer of {@link changes} without assignments, once it was asked for. */
  #changes: ReadonlyMap<string, string | undefined> | undefined = undefined;

  private constructor(initial: Initial, variables: VariableMap, hidden: readonly VariableMap[]) {
    this.#initial = initial;
    this.#variables = variables;
    this.#hidden = hidden;
  }

  /** Those of a shell that begins with an environment: `shared`, and in front of that `own`. */
  static of(own: Environment, shared: Environment): Variables {
    return new Variables({ own, shared }, ownAtFirst, []);
  }

  /** Whether they are the same variables, at two moments of one script. */
  equals(other: Variables): boolean {
    if (this === other) return true;
    return (
      areSame(this.#variables, other.#variables) &&
      this.#hidden.length === other.#hidden.length &&
      this.#hidden.every((scope, index) => areSame(scope, other.#hidden[index]))
    );
  }

  /** The value, or undefined for a variable that is unset. */
  read(name: string, span: Span): string | undefined {
    if (isShellVariable(name)) throw new NotUnderstood(span, `the shell itself sets ${name}`);
    const { value, unclear } = this.#get(name);
    if (unclear)
      throw new NotUnderstood(span, `shells differ in what a local ${name} holds before it is set`);
    return value;
  }

  with(name: string, value: string | undefined, span: Span): Variables {
    refuseChange(name, span);
    const exported = value !== undefined && this.#get(name).exported;
    return this.#replace([[name, { value, exported, unclear: false }]]);
  }

  exporting(name: string, span: Span): Variables {
    refuseChange(name, span);
    const variable = this.#get(name);
    if (variable.unclear)
      throw new NotUnderstood(span, `shells differ in what a local ${name} holds before it is set`);
    if (variable.value === undefined)
      throw new NotUnderstood(span, `${name} does not have a value to export`);
    return this.#replace([[name, { ...variable, exported: true }]]);
  }

  /** With a variable that is local to the function that runs. */
  withLocal(name: string, span: Span): Variables {
    refuseChange(name, span);
    const scope = this.#hidden.at(-1);
    if (scope === undefined) throw new NotUnderstood(span, '`local` is outside of a function');
    const variable = this.#get(name);
    if (variable.exported)
      throw new NotUnderstood(span, `shells differ in whether a local ${name} is exported`);
    const hidden = scope.has(name)
      ? this.#hidden
      : [...this.#hidden.slice(0, -1), new Map(scope).set(name, variable)];
    const { value } = variable;
    const variables =
      value === undefined
        ? this.#variables
        : new Map(this.#variables).set(name, { ...variable, unclear: true });
    return new Variables(this.#initial, variables, hidden);
  }

  inFunction(): Variables {
    return new Variables(this.#initial, this.#variables, [...this.#hidden, new Map()]);
  }

  afterFunction(): Variables {
    const hidden = this.#hidden.slice(0, -1);
    const scope = this.#hidden.at(-1) ?? [];
    return new Variables(this.#initial, new Map([...this.#variables, ...scope]), hidden);
  }

  /** With some variables as they were before. */
  restored(before: Variables, assignments: readonly Assigned[]): Variables {
    return this.#replace(assignments.map(({ name }) => [name, before.#get(name)]));
  }

  /** The differences between the environment of a program and the one that the shell began with. */
  changes(assignments: readonly Assigned[]): ReadonlyMap<string, string | undefined> {
    const ofShell = (this.#changes ??= this.#listChanges());
    if (assignments.length === 0) return ofShell;
    const changes = new Map(ofShell);
    for (const { name, value } of assignments) {
      if (value === this.#given(name)) changes.delete(name);
      else changes.set(name, value);
    }
    return changes;
  }

  #listChanges(): ReadonlyMap<string, string | undefined> {
    const changes = new Map<string, string | undefined>();
    for (const [name, { value, exported }] of this.#variables) {
      const now = exported ? value : undefined;
      if (now !== this.#given(name)) changes.set(name, now);
    }
    return changes.size === 0 ? noChanges : changes;
  }

  #replace(entries: readonly (readonly [string, Variable])[]): Variables {
    if (entries.length === 0) return this;
    const variables = new Map(this.#variables);
    for (const [name, variable] of entries) variables.set(name, variable);
    return new Variables(this.#initial, variables, this.#hidden);
  }

  /** The value in the environment that the shell began with. */
  #given(name: string): string | undefined {
    if (name === 'IFS') return undefined;
    const { own, shared } = this.#initial;
    if (Object.hasOwn(own, name)) return own[name];
    return Object.hasOwn(shared, name) ? shared[name] : undefined;
  }

  #get(name: string): Variable {
    const variable = this.#variables.get(name);
    if (variable !== undefined) return variable;
    const value = this.#given(name);
    return value === undefined ? unset : { value, exported: true, unclear: false };
  }
}

const noChanges: ReadonlyMap<string, string | undefined> = new Map();

function isSame(one: Variable, other: Variable): boolean {
  return (
    one === other ||
    (one.value === other.value && one.exported === other.exported && one.unclear === other.unclear)
  );
}

function areSame(variables: VariableMap, others: VariableMap | undefined): boolean {
  if (variables === others) return true;
  if (variables.size !== others?.size) return false;
  for (const [name, variable] of variables) {
    const other = others.get(name);
    if (other === undefined || !isSame(variable, other)) return false;
  }
  return true;
}

/** Throws a {@link NotUnderstood} for a variable whose change matters to the shell itself. */
export function refuseChange(name: string, span: Span): void {
  if (isShellVariable(name)) throw new NotUnderstood(span, `the shell itself uses ${name}`);
  if (governsShell(name)) throw new NotUnderstood(span, `a change of ${name} alters what the shell does`);
}
