import type { Redirection } from '../recipe/sh/syntax-tree.ts';
import { Input, type Streams } from './streams.ts';
import { NotUnderstood } from './text/not-understood.ts';

/** The streams of a command after one of its redirections, whose target, or here-document, is expanded to `text`. */
export function applyRedirection(
  { descriptor, operator, target }: Redirection,
  text: string,
  streams: Streams,
): Streams {
  const { span } = target;
  switch (operator) {
    case '<<':
      if ((descriptor ?? 0) === 0 && target.parts.every(({ kind }) => kind === 'literal'))
        return { ...streams, input: Input.of(text) };
      break;
    case '<<-':
      throw new NotUnderstood(span, 'tabs of a here-document after `<<-` are left to the shell');
    case '<':
      if ((descriptor ?? 0) === 0 && text === '/dev/null') return { ...streams, input: Input.null() };
      break;
    case '>':
    case '>>':
    case '>|':
      if (text !== '/dev/null') break;
      if ((descriptor ?? 1) === 1) return { ...streams, output: 'null' };
      if (descriptor === 2) return { ...streams, errors: 'null' };
      break;
    case '>&':
      if ((descriptor ?? 1) === 1 && text === '2') return { ...streams, output: streams.errors };
      if (descriptor === 2 && text === '1') return { ...streams, errors: streams.output };
  }
  throw new NotUnderstood(span, 'only /dev/null, 2>&1, >&2 and here-documents are evaluated');
}
