import { readCniTemplate } from '../../cni/read-template.ts';
import type { CniTemplate } from '../../cni/template.ts';
import { Failure } from '../../diagnostic/failure.ts';
import { mostListBytes } from '../../host/cni/list-file.ts';
import { PlainFileError } from '../../host/files/plain-file-error.ts';
import { readNamedFile } from '../../host/files/plain-file.ts';
import { explainError } from '../../host/system-error.ts';
import { refuseRecipe } from '../../recipe-files/refuse-recipe.ts';

/** Reads and checks the template of the CNI list. Links are followed, as in a mounted ConfigMap. Throws a Failure of kind `recipe`. */
export function loadCniTemplate(file: string): CniTemplate {
  const source = { name: file, text: readText(file) };
  const read = readCniTemplate(source);
  if (read.kind === 'invalid') throw refuseRecipe(source, read.diagnostics);
  return read.value;
}

function readText(file: string): string {
  try {
    const { bytes } = readNamedFile(file, mostListBytes);
    const text = bytes.toString('utf8');
    if (Buffer.from(text).equals(bytes)) return text;
    throw new PlainFileError(file, 'is not UTF-8');
  } catch (error) {
    const why = error instanceof PlainFileError ? `it ${error.reason}` : explainError(error);
    throw new Failure('recipe', `the CNI template ${file} cannot be read: ${why}`, {
      hint: 'name the template with --cni-conf, or leave --cni-conf-dir out',
      cause: error,
    });
  }
}
