import type { CheckResult } from '../diagnostic/diagnostic.ts';
import { Findings } from '../diagnostic/findings.ts';
import type { SourceText } from '../diagnostic/source.ts';
import { quoteText } from '../diagnostic/visible-text.ts';
import {
  describeKind,
  openingBrace,
  toJson,
  type JsonNode,
  type ObjectNode,
} from '../recipe/json/json-tree.ts';
import { isNull } from '../recipe/flannel/go-values.ts';
import { parseJsonObject } from '../recipe/json/json-syntax.ts';
import { memberNamed } from './go-members.ts';
import { readRoutes } from './read-routes.ts';
import {
  pluginSubnetFile,
  without,
  type CniTemplate,
  type FlannelEntry,
  type JsonObject,
  type ListEntry,
} from './template.ts';

/** The names that a container runtime accepts for a network. */
const nameForm = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** The versions of the CNI specification. Plugins refuse every other one. */
const knownVersion = /^(?:0\.[1234]\.0|0\.3\.1|1\.[01]\.0)$/;

/** Reads a CNI list, and finds everything that would make a container runtime or flannel's plugin refuse it later, for each pod. */
export function readCniTemplate(source: SourceText): CheckResult<CniTemplate> {
  const findings = new Findings(source);
  const root = parseJsonObject(source, findings);
  const entries = root && readList(root, findings);
  const template = root && entries && { source, list: objectOf(root), entries };
  return findings.conclude(template);
}

function readList(root: ObjectNode, findings: Findings): readonly ListEntry[] | undefined {
  const plugins = valueAt(root, 'plugins');
  if (plugins === undefined) {
    const isPlugin = valueAt(root, 'type') !== undefined;
    findings.error(
      'missing-key',
      openingBrace(root),
      isPlugin
        ? 'this is the configuration of one plugin, not a CNI list'
        : 'the CNI list does not have plugins',
      isPlugin
        ? 'put it into a list: {"name": "cbr0", "cniVersion": "1.0.0", "plugins": [ … ]}'
        : 'add "plugins": [{"type": "flannel"}]',
    );
    return undefined;
  }
  checkName(root, findings);
  const version = valueAt(root, 'cniVersion');
  if (version !== undefined)
    requireText(
      version,
      'cniVersion',
      findings,
      knownVersion,
      'one of 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0',
    );
  if (plugins.kind !== 'array') {
    wrongType(plugins, 'plugins', 'an array', findings);
    return undefined;
  }
  const read = plugins.items.flatMap((item) => readEntry(item, findings) ?? []);
  const isComplete = read.length === plugins.items.length;
  if (isComplete && read.every(({ kind }) => kind !== 'flannel')) {
    const message = 'the CNI list does not have a plugin of the type `flannel`';
    findings.error('missing-key', plugins.span, message, 'add {"type": "flannel"} to `plugins`');
  }
  return read;
}

function checkName(root: ObjectNode, findings: Findings): void {
  const name = valueAt(root, 'name');
  if (name === undefined) {
    const hint = 'add a name, for example "name": "cbr0"';
    findings.error('missing-key', openingBrace(root), 'the CNI list does not have a name', hint);
    return;
  }
  requireText(
    name,
    'name',
    findings,
    nameForm,
    'letters, digits, dots, dashes and underscores, and begin with a letter or a digit',
  );
}

function readEntry(node: JsonNode, findings: Findings): ListEntry | undefined {
  if (node.kind !== 'object') {
    wrongType(node, 'a plugin', 'an object', findings);
    return undefined;
  }
  const type = memberNamed(node, 'type', findings);
  if (type === undefined) {
    findings.error('missing-key', openingBrace(node), 'this plugin does not have a type', 'add "type"');
    return undefined;
  }
  if (!requireText(type, 'type', findings)) return undefined;
  if (toJson(type) !== 'flannel') return { kind: 'other', plugin: objectOf(node) };
  return readFlannel(node, findings);
}

/** Reads the entry as flannel's plugin does: keys in any case, `null` counts as absent. */
function readFlannel(node: ObjectNode, findings: Findings): FlannelEntry {
  const delegate = objectNamed(node, 'delegate', findings);
  if (delegate !== undefined) checkDelegate(delegate, findings);
  const ipam = objectNamed(node, 'ipam', findings);
  const routes = ipam && valueAt(ipam, 'routes');
  const runtimeConfig = objectNamed(node, 'runtimeConfig', findings);
  const capabilities = objectNamed(node, 'capabilities', findings);
  const subnetFile = memberNamed(node, 'subnetFile', findings);
  if (subnetFile !== undefined) requireText(subnetFile, 'subnetFile', findings);
  return {
    kind: 'flannel',
    delegate: delegate === undefined ? {} : objectOf(delegate),
    ipam: ipam === undefined ? {} : without(objectOf(ipam), ['routes']),
    routes: routes === undefined ? [] : readRoutes(routes, findings),
    capabilities: capabilities && objectOf(capabilities),
    runtimeConfig: runtimeConfig && objectOf(runtimeConfig),
    subnetFile:
      subnetFile?.kind === 'scalar' && typeof subnetFile.value === 'string'
        ? subnetFile.value
        : pluginSubnetFile,
  };
}

function checkDelegate(delegate: ObjectNode, findings: Findings): void {
  for (const { key, keySpan } of delegate.members) {
    if (key !== 'name' && key !== 'ipam') continue;
    const message = `\`delegate\` must not have \`${key}\`: flannel's plugin sets it, and refuses every pod otherwise`;
    const hint = key === 'ipam' ? 'put `ipam` next to `delegate`' : 'remove it';
    findings.error('unused-key', keySpan, message, hint);
  }
  const type = valueAt(delegate, 'type');
  if (type !== undefined) requireText(type, 'type', findings);
}

function objectNamed(node: ObjectNode, name: string, findings: Findings): ObjectNode | undefined {
  const value = memberNamed(node, name, findings);
  if (value === undefined || isNull(value)) return undefined;
  if (value.kind === 'object') return value;
  wrongType(value, name, 'an object', findings);
  return undefined;
}

/** Whether a value is a text of a form. Reports it otherwise. */
function requireText(
  node: JsonNode,
  name: string,
  findings: Findings,
  form = /./s,
  words = 'a text',
): boolean {
  if (node.kind === 'unread') return false;
  if (node.kind !== 'scalar' || typeof node.value !== 'string') {
    wrongType(node, name, 'a string', findings);
    return false;
  }
  if (form.test(node.value)) return true;
  findings.error(
    'malformed-value',
    node.span,
    `\`${name}\` is ${quoteText(node.value)}`,
    `it must be ${words}`,
  );
  return false;
}

function wrongType(node: JsonNode, name: string, wanted: string, findings: Findings): void {
  // A part that could not be read has a finding of its own.
  if (node.kind === 'unread') return;
  const subject = name.startsWith('a ') ? name : `\`${name}\``;
  findings.error('wrong-type', node.span, `${subject} must be ${wanted}, not ${describeKind(node)}`);
}

function valueAt(node: ObjectNode, key: string): JsonNode | undefined {
  return node.members.find((member) => member.key === key)?.value;
}

function objectOf(node: ObjectNode): JsonObject {
  return toJson(node) as JsonObject;
}
