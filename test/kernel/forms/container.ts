import type { StartedProcess } from './unit-file.ts';

interface Container {
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly fieldRef: { readonly fieldPath: string } };
  }[];
}

/** The process of a container in a pod, as kubelet starts it: with `$(NAME)` expanded in its command and arguments. */
export function readContainer(json: string, fields: Readonly<Record<string, string>>): StartedProcess {
  const { command, args, env } = JSON.parse(json) as Container;
  const environment = Object.fromEntries(
    env.map(({ name, value, valueFrom }) => [
      name,
      value ?? fields[valueFrom?.fieldRef.fieldPath ?? ''] ?? '',
    ]),
  );
  const expand = (word: string): string =>
    word.replaceAll(/\$\((\w+)\)/g, (reference, name: string) => environment[name] ?? reference);
  return { words: [...command, ...args].map(expand), environment };
}
