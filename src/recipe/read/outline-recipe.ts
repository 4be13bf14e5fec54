import type { SourceText, Span } from '../../diagnostic/source.ts';
import type { JsonMember, JsonNode, ObjectNode } from '../json/json-tree.ts';
import { programPattern } from '../keys.ts';
import type { LocatedProgram, ParameterOutline, PartialList, RecipeOutline } from '../outline.ts';
import { commandNames, type CommandName } from '../recipe.ts';
import type { Commands } from './read-commands.ts';
import type { DeclaredParameters } from './read-parameters.ts';
import { namePattern, variableName } from './variable-name.ts';

/** The results of reading the parts of `Backend`. */
interface BackendParts {
  readonly source: SourceText;
  readonly object: ObjectNode;
  readonly commands: Commands;
  readonly declared: DeclaredParameters;
  /** Values of parameters that are not declared. */
  readonly undeclared: readonly JsonMember[];
  readonly fields: PartialList<string>;
}

/** Gathers what is certain of a recipe, for its commands to be checked by. */
export function outlineRecipe(parts: BackendParts): RecipeOutline {
  const { source, object, commands } = parts;
  const memberOf = (name: string) => object.members.find(({ key }) => key === name);
  const commandKeys = commandNames.flatMap((name): [CommandName, Span][] => {
    const member = memberOf(name);
    return member === undefined ? [] : [[name, member.keySpan]];
  });
  // A shell can be given no NUL, and what it makes of the rest says nothing.
  const readable = Object.entries(commands).filter(([, { lines }]) =>
    lines.every(({ text }) => !text.includes('\0')),
  );
  return {
    source,
    commands: Object.fromEntries(readable),
    commandKeys: Object.fromEntries(commandKeys),
    parameters: outlineParameters(parts, memberOf('Parameters')),
    fields: parts.fields,
    environment: readNames(memberOf('Environment')?.value),
    saysOverhead: memberOf('Overhead') !== undefined,
    requires: readRequires(memberOf('Requires')?.value),
  };
}

/** A value without a declaration is reported, with what to do: its variable counts as one of a parameter. */
function outlineParameters(
  { declared, undeclared }: BackendParts,
  member: JsonMember | undefined,
): PartialList<ParameterOutline> {
  const declarations = [...declared.declarations.values()];
  const items = declarations.flatMap(({ variable, isSecret }) =>
    variable === undefined ? [] : [{ variable, isSecret }],
  );
  const names = undeclared.map(({ key }) => key).filter((name) => namePattern.test(name));
  return {
    items: [...items, ...names.map((name) => ({ variable: variableName(name), isSecret: false }))],
    isComplete:
      (member === undefined || member.value.kind === 'object') && items.length === declarations.length,
  };
}

function readRequires(node: JsonNode | undefined): readonly LocatedProgram[] | undefined {
  if (node === undefined) return undefined;
  if (node.kind !== 'array') return [];
  return node.items.flatMap((item) => {
    if (item.kind !== 'scalar' || typeof item.value !== 'string' || !programPattern.test(item.value))
      return [];
    return [{ program: item.value, span: item.span }];
  });
}

function readNames(node: JsonNode | undefined): readonly string[] {
  if (node?.kind !== 'array') return [];
  return node.items.flatMap((item) =>
    item.kind === 'scalar' && typeof item.value === 'string' ? [item.value] : [],
  );
}
