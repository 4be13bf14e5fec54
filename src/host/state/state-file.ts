import { Failure } from '../../diagnostic/failure.ts';
import { writeFileAtomically } from '../files/atomic-file.ts';
import { explainError } from '../system-error.ts';

/** Writes a file of the state directory as a whole, with mode 0600. Throws Failure `state-directory`. */
export async function writeStateFile(path: string, text: string): Promise<void> {
  try {
    await writeFileAtomically(path, text, 0o600);
  } catch (error) {
    throw new Failure('state-directory', `${path} cannot be written: ${explainError(error)}`, {
      hint: 'check the permissions and the free space of its directory, or give another one with --state-dir',
      cause: error,
    });
  }
}
