import assert from 'node:assert/strict';
import type { TopologyModel } from '../../../../src/lab/plan/underlay/model.ts';
import { readTopology } from '../../../../src/lab/plan/underlay/read-topology.ts';

/** The model of a document that must be right. */
export function modelOf(document: object): TopologyModel {
  const read = readTopology({ name: 'topology.json', text: JSON.stringify(document) });
  assert.ok(read.kind === 'valid', read.kind === 'invalid' ? JSON.stringify(read.diagnostics) : '');
  return read.value;
}
