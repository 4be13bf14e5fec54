import assert from 'node:assert/strict';
import { Failure } from '../../../src/diagnostic/failure.ts';
import { prepareStateDirectory } from '../../../src/host/state/state-directory.ts';

/** Asserts that a path is refused as a state directory, for this reason. Returns the cure. */
export async function refused(path: string, why: RegExp): Promise<string | undefined> {
  let hint: string | undefined;
  await assert.rejects(prepareStateDirectory(path), (error) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.kind, 'state-directory');
    assert.match(error.message, why);
    hint = error.hint;
    return true;
  });
  return hint;
}
