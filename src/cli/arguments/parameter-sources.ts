import { isUtf8 } from 'node:buffer';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../diagnostic/failure.ts';
import { quoteText } from '../../diagnostic/visible-text.ts';
import { PlainFileError } from '../../host/files/plain-file-error.ts';
import { readNamedFile } from '../../host/files/plain-file.ts';
import { explainError } from '../../host/system-error.ts';
import type { ParameterOverride } from '../../recipe/parameters.ts';
import { variableName } from '../../recipe/read/variable-name.ts';

/** The largest file with the value of a parameter, in bytes. */
const largestValue = 64 << 10;

const variablePrefix = 'HEDDLE_PARAM_';
const credentialPrefix = 'heddle.param.';

/** A value of a parameter, and the name of its source for messages. */
interface Source extends ParameterOverride {
  readonly isOption: boolean;
}

/**
 * Reads the values that an operator gave to parameters: with `--param`, in variables `HEDDLE_PARAM_PSK`, and as systemd credentials
 * `heddle.param.PSK`. Throws a {@link Failure} of kind `usage` for a file that cannot be used, and for two sources of one value.
 *
 * @param operands those of `--param`: `NAME=VALUE`, `NAME=@FILE`, or `NAME=@@VALUE` for a value that begins with `@`
 */
export function readParameterSources(
  operands: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): readonly ParameterOverride[] {
  const sources = [
    ...operands.map(readOperand),
    ...readVariables(environment),
    ...readCredentials(environment['CREDENTIALS_DIRECTORY']),
  ];
  const seen = new Map<string, Source>();
  for (const source of sources) {
    const key = variableName(source.name);
    const other = seen.get(key);
    if (other !== undefined && !(other.isOption && source.isOption)) {
      throw new Failure(
        'usage',
        `the parameter ${other.name} is given twice: ${other.origin} and ${source.origin}`,
        {
          hint: 'remove one of the two',
        },
      );
    }
    seen.set(key, source);
  }
  return sources;
}

function readOperand(operand: string): Source {
  const [, name = '', value = ''] = /^([^=]*)=([^]*)$/.exec(operand) ?? [];
  if (value.startsWith('@@')) return { name, text: value.slice(1), origin: 'from --param', isOption: true };
  if (!value.startsWith('@')) return { name, text: value, origin: 'from --param', isOption: true };
  const file = value.slice(1);
  const text = readValue(file, `--param ${name}=@${file}`, '; for a value that begins with @, write @@');
  return { name, text, origin: `from --param with the file ${file}`, isOption: true };
}

function readVariables(environment: Readonly<Record<string, string | undefined>>): Source[] {
  return Object.entries(environment).flatMap(([variable, text]) => {
    if (!variable.startsWith(variablePrefix) || text === undefined) return [];
    const name = variable.slice(variablePrefix.length);
    return [{ name, text, origin: `from the variable ${variable}`, isOption: false }];
  });
}

function readCredentials(directory: string | undefined): Source[] {
  // An empty variable means nothing, as for options.
  if (directory === undefined || directory === '') return [];
  const refuse = (error: unknown): Failure =>
    new Failure(
      'usage',
      `cannot read the directory ${directory} (CREDENTIALS_DIRECTORY): ${explainError(error)}`,
      {
        hint: 'make it readable for the user that runs heddle, or unset CREDENTIALS_DIRECTORY',
        cause: error,
      },
    );
  let files: readonly string[];
  try {
    files = readdirSync(directory).sort();
  } catch (error) {
    throw refuse(error);
  }
  return files
    .filter((file) => file.startsWith(credentialPrefix))
    .map((file) => ({
      name: file.slice(credentialPrefix.length),
      text: readValue(join(directory, file), `the credential ${file}`),
      origin: `from the credential ${file}`,
      isOption: false,
    }));
}

/** Reads the text of a file, without one line break at its end. `more` is added to the hint for a file that cannot be used. */
function readValue(path: string, what: string, more = ''): string {
  const refuse = (reason: string, cause?: unknown): Failure =>
    new Failure('usage', `cannot use ${what}: ${reason}`, {
      hint: `give a regular file of at most ${largestValue} bytes of text that belongs to you or to root${more}`,
      cause,
    });
  let file: ReturnType<typeof readNamedFile>;
  try {
    file = readNamedFile(path, largestValue);
  } catch (error) {
    throw refuse(
      error instanceof PlainFileError ? `${quoteText(path)} ${error.reason}` : explainError(error),
      error,
    );
  }
  const { bytes, stats } = file;
  if (stats.uid !== 0 && stats.uid !== process.geteuid?.()) {
    throw refuse(`${quoteText(path)} belongs to user ${stats.uid}`);
  }
  // Other bytes would become another secret without a word.
  if (!isUtf8(bytes)) throw refuse(`${quoteText(path)} is not text in UTF-8`);
  return bytes.toString('utf8').replace(/\r?\n$/, '');
}
