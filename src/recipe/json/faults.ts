import type { DiagnosticCode } from '../../diagnostic/codes.ts';
import type { Span } from '../../diagnostic/source.ts';
import { quoteText } from '../../diagnostic/visible-text.ts';
import type { Comment } from './tokens.ts';

/** One mistake in the syntax of a document: what to correct, and where. */
export interface SyntaxFault {
  readonly code: DiagnosticCode;
  readonly span: Span;
  readonly message: string;
  readonly hint?: string | undefined;
}

export function syntaxFault(span: Span, message: string, hint?: string): SyntaxFault {
  return { code: 'json-syntax', span, message, hint };
}

export function trailingComma(span: Span): SyntaxFault {
  const message = 'a comma is not allowed after the last item';
  return { code: 'json-trailing-comma', span, message, hint: 'remove the comma' };
}

export function commentFault({ offset, end, isClosed }: Comment): SyntaxFault {
  const span = { offset, length: end - offset };
  if (!isClosed) {
    const opening = { offset, length: 2 };
    return syntaxFault(opening, 'this comment is not closed', 'JSON does not allow comments: remove it');
  }
  const message = 'JSON does not allow comments';
  return { code: 'json-comment', span, message, hint: 'remove the comment' };
}

/** A mistake in a word, and whether the word is the text of a string once it is corrected. */
interface WrongWord {
  readonly fault: SyntaxFault;
  readonly isText: boolean;
}

/** Explains a word where a value or a key belongs. */
export function explainWord(word: string, span: Span): WrongWord {
  const message = `${quoteText(word)} is not a JSON value`;
  const wrong = (hint?: string, isText = false) => ({ fault: syntaxFault(span, message, hint), isText });
  if (/^['`]/.test(word)) return wrong('put strings in double quotes');
  if (/^(?:true|false|null)$/i.test(word)) return wrong(`write \`${word.toLowerCase()}\``);
  if (/^[+.-]?\d[\d.eE+-]*$/.test(word)) return wrong('a number begins with a digit, or `-` and a digit');
  if (/^[A-Za-z\d$/_]/.test(word)) return wrong(`put it in double quotes: \`"${word}"\``, true);
  return wrong();
}

export function byteOrderMark(span: Span): SyntaxFault {
  return syntaxFault(span, 'the document begins with a byte order mark', 'save it as UTF-8 without one');
}
