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

/** The variables of a shell. All methods throw a {@link NotUnderstood} for those that a shell sets by itself. */
export class Variables {
  readonly #initial: Readonly<Record<string, string>>;
  readonly #variables: Map<string, Variable>;
  /** For each function that runs, what its local variables hide. */
  readonly #hidden: Map<string, Variable>[];

  private constructor(
    initial: Readonly<Record<string, string>>,
    variables: Map<string, Variable>,
    hidden: Map<string, Variable>[],
  ) {
    this.#initial = initial;
    this.#variables = variables;
    this.#hidden = hidden;
  }

  /** Those of a shell that begins with an environment. */
  static of(environment: Readonly<Record<string, string>>): Variables {
    // A shell does not take IFS from its environment.
    return new Variables(environment, new Map([['IFS', { ...unset, value: ' \t\n' }]]), []);
  }

  /** The same, for a subshell. */
  clone(): Variables {
    return new Variables(
      this.#initial,
      new Map(this.#variables),
      this.#hidden.map((scope) => new Map(scope)),
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

  set(name: string, value: string | undefined, span: Span): void {
    refuseChange(name, span);
    this.#variables.set(name, {
      value,
      exported: value !== undefined && this.#get(name).exported,
      unclear: false,
    });
  }

  export(name: string, span: Span): void {
    refuseChange(name, span);
    const variable = this.#get(name);
    if (variable.unclear)
      throw new NotUnderstood(span, `shells differ in what a local ${name} holds before it is set`);
    if (variable.value === undefined)
      throw new NotUnderstood(span, `${name} does not have a value to export`);
    this.#variables.set(name, { ...variable, exported: true });
  }

  /** Makes a variable local to the function that runs. */
  makeLocal(name: string, span: Span): void {
    refuseChange(name, span);
    const scope = this.#hidden.at(-1);
    if (scope === undefined) throw new NotUnderstood(span, '`local` is outside of a function');
    const variable = this.#get(name);
    if (variable.exported)
      throw new NotUnderstood(span, `shells differ in whether a local ${name} is exported`);
    if (!scope.has(name)) scope.set(name, variable);
    if (variable.value !== undefined) this.#variables.set(name, { ...variable, unclear: true });
  }

  enterFunction(): void {
    this.#hidden.push(new Map());
  }

  leaveFunction(): void {
    for (const [name, variable] of this.#hidden.pop() ?? []) this.#variables.set(name, variable);
  }

  /** Sets variables for one command; returns what sets them back. */
  setForCommand(
    assignments: readonly { readonly name: string; readonly value: string }[],
    span: Span,
  ): () => void {
    const before = assignments.map(({ name }) => [name, this.#get(name)] as const);
    for (const { name, value } of assignments) this.set(name, value, span);
    return () => {
      for (const [name, variable] of before.reverse()) this.#variables.set(name, variable);
    };
  }

  /** The differences between the environment of a program and the one that the shell began with. */
  changes(
    assignments: readonly { readonly name: string; readonly value: string }[],
  ): ReadonlyMap<string, string | undefined> {
    const changes = new Map<string, string | undefined>();
    for (const [name, { value, exported }] of this.#variables) {
      const now = exported ? value : undefined;
      if (now !== this.#given(name)) changes.set(name, now);
    }
    for (const { name, value } of assignments) {
      if (value === this.#given(name)) changes.delete(name);
      else changes.set(name, value);
    }
    return changes;
  }

  /** The value in the environment that the shell began with. */
  #given(name: string): string | undefined {
    return name !== 'IFS' && Object.hasOwn(this.#initial, name) ? this.#initial[name] : undefined;
  }

  #get(name: string): Variable {
    const variable = this.#variables.get(name);
    if (variable !== undefined) return variable;
    const value = this.#given(name);
    return value === undefined ? unset : { value, exported: true, unclear: false };
  }
}

/** Throws a {@link NotUnderstood} for a variable whose change matters to the shell itself. */
export function refuseChange(name: string, span: Span): void {
  if (isShellVariable(name)) throw new NotUnderstood(span, `the shell itself uses ${name}`);
  if (governsShell(name)) throw new NotUnderstood(span, `a change of ${name} alters what the shell does`);
}
