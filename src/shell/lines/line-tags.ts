import { quote } from 'shell-quote';
import { runProgram } from '../../host/run-program.ts';
import type { ShellProgram } from '../program.ts';
import { cutBefore, findCandidates } from './line-candidates.ts';

/**
 * Finds for each text, whose syntax is right, the lines (from 0) that begin a complete command at the top level: those
 * before which the text is complete. One process does it for all texts; it executes nothing of them.
 */
export async function findLineTags(
  texts: readonly string[],
  program: ShellProgram,
): Promise<readonly (readonly number[])[]> {
  const candidates = texts.map(findCandidates);
  const isComplete = await testPrefixes(
    texts.map((text, index) => cutBefore(text, candidates[index] ?? [])),
    program,
  );
  return candidates.map((lines, index) =>
    lines.filter((_, nth) => nth === 0 || isComplete[index]?.[nth - 1] === true),
  );
}

/**
 * Reads the number of pieces of a text, then the pieces, and so on for each text. Prints for each piece whether the
 * text is complete with it: what came so far parses, and what follows is not the body of a here-document, where a lone
 * parenthesis would be no error. A run of indented lines in what is not complete is not
 * tried: it is rarely there that it ends.
 */
const testPrefixesScript = (sh: string): string => `
is_complete() {
  case $answer$1 in 'no>'*) return 1 ;; esac
  ${sh} -n -c "$text" || return 1
  case $text in *'<<'*) ! ${sh} -n -c "$text)" ;; esac
}
while [ $# -gt 0 ]; do
  pieces=$1 text= answer=
  shift
  while [ "$pieces" -gt 0 ]; do
    pieces=$((pieces - 1)) text=$text\${1#?}
    if is_complete "$1"; then answer=yes; else answer=no; fi
    echo $answer
    shift
  done
done 2>/dev/null
`;

async function testPrefixes(
  texts: readonly (readonly string[])[],
  program: ShellProgram,
): Promise<readonly (readonly boolean[])[]> {
  if (texts.every((pieces) => pieces.length === 0)) return [];
  const script = testPrefixesScript(quote([program.file, ...program.arguments]));
  const input = texts.flatMap((pieces) => [String(pieces.length), ...pieces]);
  const stdout = await runProgram(program.file, [...program.arguments, '-c', script, 'sh', ...input]);
  const answers = stdout.split('\n').map((answer) => answer === 'yes');
  return texts.map((pieces) => answers.splice(0, pieces.length));
}
