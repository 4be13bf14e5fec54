import type { Span } from '../../diagnostic/source.ts';
import { parseInteger } from './arithmetic.ts';
import { refuseBlanks } from './blanks.ts';
import { isAscii } from './glob.ts';
import { NotUnderstood } from './not-understood.ts';

const directive = /%%|%([-0 +]?)(\d{0,3})(?:\.(\d{1,3}))?([sdiuxXoc])|\\(\\|[nt]|[0-3][0-7]{2})|[^%\\]+|[^]/g;
const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', '\\': '\\' };

/** Formats text as `printf` does. The format is used again for as long as arguments are left. */
export function formatText(format: string, values: readonly string[], span: Span): string {
  refuseBlanks(span, format);
  const queue = [...values];
  let text = '';
  do {
    const left = queue.length;
    for (const match of format.matchAll(directive)) text += formatPiece(match, queue, span);
    if (queue.length === left) break;
  } while (queue.length > 0);
  return text;
}

function formatPiece(match: RegExpMatchArray, queue: string[], span: Span): string {
  const [whole, flag = '', width = '', precision, conversion, escape] = match;
  if (whole === '%%') return '%';
  if (escape !== undefined) return formatEscape(escape, span);
  if (conversion !== undefined) {
    return formatValue(conversion, { flag, width: Number(width), precision }, queue.shift(), span);
  }
  if (/[%\\]/.test(whole))
    throw new NotUnderstood(span, 'a format of printf has a part that is not the same in every shell');
  return whole;
}

function formatEscape(escape: string, span: Span): string {
  const plain = escapes[escape];
  if (plain !== undefined) return plain;
  const code = parseInt(escape, 8);
  if (code === 0 || code > 127)
    throw new NotUnderstood(span, 'a format of printf has a byte that is not a character');
  return String.fromCharCode(code);
}

interface Layout {
  readonly flag: string;
  readonly width: number;
  readonly precision: string | undefined;
}

function formatValue(conversion: string, layout: Layout, value: string | undefined, span: Span): string {
  if (conversion === 's') return pad(cut(value ?? '', layout, span), layout, ' ', span);
  if (conversion === 'c' || layout.precision !== undefined) {
    throw new NotUnderstood(span, `printf %${conversion} is not evaluated in this form`);
  }
  return formatNumber(conversion, layout, value ?? '', span);
}

function formatNumber(conversion: string, layout: Layout, value: string, span: Span): string {
  refuseBlanks(span, value);
  const hexadecimal = /^0x[0-9a-fA-F]{1,15}$/.test(value) ? BigInt(value) : undefined;
  const number = hexadecimal ?? parseInteger(value);
  const isSigned = conversion === 'd' || conversion === 'i';
  if (number === undefined || (number < 0n && !isSigned) || /[ +]/.test(layout.flag)) {
    throw new NotUnderstood(span, 'shells differ in how printf reads what is not a plain number');
  }
  const base = { x: 16, X: 16, o: 8 }[conversion] ?? 10;
  const digits = (number < 0n ? -number : number).toString(base);
  const sign = number < 0n ? '-' : '';
  const shown = conversion === 'X' ? digits.toUpperCase() : digits;
  if (layout.flag === '0') return sign + shown.padStart(layout.width - sign.length, '0');
  return pad(sign + shown, layout, ' ', span);
}

function cut(value: string, { precision }: Layout, span: Span): string {
  if (precision === undefined) return value;
  refuseBlanks(span, value);
  if (!isAscii(value)) throw new NotUnderstood(span, 'printf cuts a text that is not ASCII');
  return value.slice(0, Number(precision));
}

function pad(value: string, { flag, width }: Layout, filler: string, span: Span): string {
  if (width > 0) refuseBlanks(span, value);
  if (width > 0 && !isAscii(value)) throw new NotUnderstood(span, 'printf pads a text that is not ASCII');
  if (flag !== '' && flag !== '-')
    throw new NotUnderstood(span, 'a format of printf has a flag that is not the same in every shell');
  return flag === '-' ? value.padEnd(width, filler) : value.padStart(width, filler);
}
