import type { ProgramCall, Written } from './call.ts';
import {
  CompiledScript,
  compileScript,
  followPaths,
  type Compilation,
  type End,
  type Filling,
  type Fork,
  type ScriptPlace,
  type Situation,
} from './follow-script.ts';
import {
  addParts,
  BlankRead,
  blanksOf,
  fillText,
  hasBlank,
  shapeOf,
  blankForm,
  wholeInput,
  type Shape,
  type TextForm,
} from './text/blanks.ts';
import { NotUnderstood } from './text/not-understood.ts';

/** So many forms of one script are kept. A script that needs more looks at values that each peer has for itself. */
const mostForms = 64;

type Values = readonly string[];

/** The inputs of one peer, with blanks in place of values. */
interface BlankedInputs {
  /** The same for all peers that only differ in the values of blanks. */
  readonly key: string;
  /** The value of each blank, by its index. */
  readonly values: Values;
}

/** A script that was followed with blanks in place of values. */
interface Form {
  readonly first: ScriptPlace;
  /** The calls whose words have blanks, with what was taken for granted about them. */
  readonly granted: readonly { readonly form: CallForm; readonly readsInput: boolean }[];
  readonly calls: ReadonlyMap<Fork, CallForm>;
  readonly ends: ReadonlyMap<End, EndForm>;
}

/** A call, with the forms of its texts that have blanks. */
interface CallForm {
  readonly call: ProgramCall;
  readonly words: readonly TextForm[];
  readonly environment: readonly (readonly [string, TextForm | undefined])[] | undefined;
  readonly stdin: TextForm | undefined;
}

interface EndForm {
  readonly end: End;
  readonly texts: readonly TextForm[] | undefined;
}

/**
 * Compiles one script for many peers. The script is followed once with blanks in place of the peer's own values, and the result is filled in
 * for each peer. A value that the script looks into stays as it is; then the result holds for peers with that value only.
 *
 * The result is the one of {@link compileScript} for each peer, at a fraction of the time.
 */
export class ScriptForms {
  readonly #script: Omit<Situation, 'environment' | 'stdin'>;
  readonly #forms = new Map<string, Form | 'none'>();
  /** The variables that the script looks into. */
  readonly #read = new Set<string>();
  #readsInput = false;
  readonly #isPossible: boolean;

  constructor(script: Omit<Situation, 'environment' | 'stdin'>) {
    this.#script = script;
    const texts = [script.source, ...Object.values(script.shared ?? {})];
    this.#isPossible = !texts.some(hasBlank);
  }

  compile(environment: Readonly<Record<string, string>>, stdin: string): Compilation {
    for (;;) {
      const inputs = this.#isPossible ? this.#blankOut(environment, stdin) : undefined;
      if (inputs === undefined) break;
      const known = this.#forms.get(inputs.key);
      if (known === undefined && this.#forms.size >= mostForms) break;
      const form = known ?? this.#make(environment, stdin);
      if (form === 'read') continue;
      if (known === undefined) this.#forms.set(inputs.key, form);
      if (form === 'none' || !this.#isGranted(form, inputs.values)) break;
      return new CompiledScript(form.first, new FormFilling(form, inputs.values));
    }
    return compileScript({ ...this.#script, environment, stdin });
  }

  /** Undefined if the inputs have the characters of blanks. */
  #blankOut(environment: Readonly<Record<string, string>>, stdin: string): BlankedInputs | undefined {
    const values = [stdin];
    let key = '';
    const end = stdin.endsWith('\n') ? '\n' : '';
    const line = stdin.slice(0, stdin.length - end.length);
    const lineShape = this.#readsInput ? undefined : shapeOf(line);
    if (lineShape !== undefined) {
      key += `${lineShape}${end} `;
      addParts(values, line, lineShape);
    } else if (stdin === '' || this.#readsInput) {
      if (hasBlank(stdin)) return undefined;
      key += `${stdin.length}:${stdin} `;
    } else key += 'whole ';
    for (const [name, value] of Object.entries(environment)) {
      const shape = this.#read.has(name) ? undefined : shapeOf(value);
      if (shape === undefined) {
        if (hasBlank(value)) return undefined;
        key += `${name}=${value.length}:${value} `;
      } else {
        key += `${name} ${shape} `;
        addParts(values, value, shape);
      }
    }
    return { key, values };
  }

  /** Follows the script with blanks; `read` if it looks into the value of one, which stays from then on. */
  #make(environment: Readonly<Record<string, string>>, stdin: string): Form | 'none' | 'read' {
    /** The variable of each blank; undefined for those of the standard input. */
    const names: (string | undefined)[] = [undefined];
    const take = (name: string | undefined, shape: Shape): string => {
      const blanks = blanksOf(names.length, shape);
      names.push(...(shape === 'subnet' ? [name, name] : [name]));
      return blanks;
    };
    const end = stdin.endsWith('\n') ? '\n' : '';
    const lineShape = this.#readsInput ? undefined : shapeOf(stdin.slice(0, stdin.length - end.length));
    let input = stdin === '' || this.#readsInput ? stdin : wholeInput;
    if (lineShape !== undefined) input = take(undefined, lineShape) + end;
    const blanked: Record<string, string> = {};
    for (const [name, value] of Object.entries(environment)) {
      const shape = this.#read.has(name) ? undefined : shapeOf(value);
      blanked[name] = shape === undefined ? value : take(name, shape);
    }
    try {
      return this.#formOf(followPaths({ ...this.#script, environment: blanked, stdin: input }));
    } catch (error) {
      if (error instanceof BlankRead) {
        for (const index of error.indexes) this.#keep(names[index]);
        return 'read';
      }
      if (error instanceof NotUnderstood) return 'none';
      throw error;
    }
  }

  #keep(name: string | undefined): void {
    if (name === undefined) this.#readsInput = true;
    else this.#read.add(name);
  }

  #formOf(first: ScriptPlace): Form {
    const calls = new Map<Fork, CallForm>();
    const ends = new Map<End, EndForm>();
    const waiting = [first];
    for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
      if (place.kind === 'ended') ends.set(place, endForm(place));
      else if (!calls.has(place)) {
        calls.set(place, callForm(place.call));
        waiting.push(place.failed, place.succeeded);
      }
    }
    const { programs } = this.#script;
    const granted = [...calls.values()]
      .filter(({ words }) => words.some((word) => typeof word !== 'string'))
      .map((form) => ({ form, readsInput: programs.mayReadInput(form.call.program, form.call.arguments) }));
    return { first, granted, calls, ends };
  }

  /** Whether a form holds for these values: a word can make a program read its input. */
  #isGranted({ granted }: Form, values: Values): boolean {
    const { programs } = this.#script;
    return granted.every(
      ({ form, readsInput }) =>
        programs.mayReadInput(form.call.program, fillAll(form.words, values)) === readsInput,
    );
  }
}

function callForm(call: ProgramCall): CallForm {
  const { arguments: words, environment, stdin } = call;
  const changes = [...environment].map(
    ([name, value]) => [name, value === undefined ? undefined : blankForm(value)] as const,
  );
  const hasChange = changes.some(([, value]) => typeof value === 'object');
  const input = stdin.kind === 'text' ? blankForm(stdin.text) : undefined;
  return {
    call,
    words: words.map(blankForm),
    environment: hasChange ? changes : undefined,
    stdin: typeof input === 'object' ? input : undefined,
  };
}

function endForm(end: End): EndForm {
  const texts = end.written.map(({ text }) => blankForm(text));
  return { end, texts: texts.some((text) => typeof text === 'object') ? texts : undefined };
}

/** Fills in a form for one peer. */
class FormFilling implements Filling {
  readonly #form: Form;
  readonly #values: Values;

  constructor(form: Form, values: Values) {
    this.#form = form;
    this.#values = values;
  }

  call(place: Fork): ProgramCall {
    const { program, arguments: words, environment, stdin, stdout, stderr, span } = this.waitingCall(place);
    return { program, arguments: words, environment, stdin, stdout, stderr, span };
  }

  waitingCall(place: Fork): ProgramCall {
    const form = this.#form.calls.get(place);
    if (form === undefined) throw new Error('the call is not of this form');
    return new WaitingCall(form, this.#values);
  }

  end(place: End): End {
    const texts = this.#form.ends.get(place)?.texts;
    if (texts === undefined) return place;
    const written = place.written.map((each, index): Written => ({
      ...each,
      text: fillText(texts[index] ?? '', this.#values),
    }));
    return { ...place, written };
  }
}

/** A call of one peer that is filled in each time when a part of it is asked for. */
class WaitingCall implements ProgramCall {
  readonly #form: CallForm;
  readonly #values: Values;

  constructor(form: CallForm, values: Values) {
    this.#form = form;
    this.#values = values;
  }

  get program(): string {
    return this.#form.call.program;
  }

  get arguments(): readonly string[] {
    return fillAll(this.#form.words, this.#values);
  }

  get environment(): ProgramCall['environment'] {
    const { call, environment } = this.#form;
    return environment === undefined ? call.environment : fillEntries(environment, this.#values);
  }

  get stdin(): ProgramCall['stdin'] {
    const { call, stdin } = this.#form;
    return stdin === undefined ? call.stdin : { kind: 'text', text: fillText(stdin, this.#values) };
  }

  get stdout(): ProgramCall['stdout'] {
    return this.#form.call.stdout;
  }

  get stderr(): ProgramCall['stderr'] {
    return this.#form.call.stderr;
  }

  get span(): ProgramCall['span'] {
    return this.#form.call.span;
  }
}

function fillAll(words: readonly TextForm[], values: Values): string[] {
  return words.map((word) => fillText(word, values));
}

function fillEntries(
  entries: readonly (readonly [string, TextForm | undefined])[],
  values: Values,
): ReadonlyMap<string, string | undefined> {
  return new Map(
    entries.map(([name, form]) => [name, form === undefined ? undefined : fillText(form, values)]),
  );
}
