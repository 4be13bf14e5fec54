import assert from 'node:assert/strict';
import { Failure } from '../../../src/diagnostic/failure.ts';
import { prepareStateDirectory } from '../../../src/host/state/state-directory.ts';

/** Asserts that a path is refused as a state directory, for this reason. */
export function refused(path: string, why: RegExp): Promise<void> {
  return assert.rejects(prepareStateDirectory(path), (error) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.kind, 'state-directory');
    assert.match(error.message, why);
    return true;
  });
}
