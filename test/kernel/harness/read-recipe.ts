import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { commandNames, type Command, type ParameterValue, type Recipe } from '../../../src/recipe/recipe.ts';
import { parseCidr } from '../../../src/network/cidr.ts';

interface Document {
  readonly Backend: Record<string, unknown> & {
    readonly Type: string;
    readonly Parameters?: Record<
      string,
      { readonly Type: Recipe['parameters'][number]['type']; readonly Default?: ParameterValue }
    >;
    readonly BackendData?: { readonly Format: 'json'; readonly Fields: Record<string, string> };
    readonly Overhead?: number;
  };
}

/** Reads a recipe of this repository, which is taken to be right. */
export function readRecipe(path: string): Recipe {
  const text = readFileSync(path, 'utf8');
  const { Backend } = JSON.parse(text) as Document;
  const commands: Partial<Record<Command['name'], Command>> = {};
  for (const name of commandNames) {
    const given = Backend[name] as string | readonly string[] | undefined;
    if (given === undefined) continue;
    const lines = [given].flat().map((line) => ({ text: line, span: { offset: 0, length: 0 } }));
    commands[name] = { name, form: typeof given === 'string' ? 'string' : 'lines', lines };
  }
  const network = parseCidr('10.50.0.0/16');
  if (network === undefined) throw new Error('unreachable');
  return {
    name: basename(path, '.json'),
    source: { name: path, text },
    network: {
      ipv4: { network, subnetLength: 24, subnetMin: network, subnetMax: network },
      ipv6: undefined,
      enableNftables: false,
    },
    backendType: Backend.Type,
    commands,
    parameters: Object.entries(Backend.Parameters ?? {}).map(([name, parameter]) => ({
      name,
      variable: variableName(name),
      type: parameter.Type,
      default: parameter.Default,
      minimum: undefined,
      maximum: undefined,
      pattern: undefined,
      choices: undefined,
      secret: false,
      description: undefined,
    })),
    parameterValues: {},
    backendData: Backend.BackendData
      ? {
          format: 'json',
          fields: Object.entries(Backend.BackendData.Fields).map(([name, pattern]) => ({
            name,
            variable: variableName(name),
            pattern: new RegExp(`^(?:${pattern})$`),
          })),
        }
      : { format: 'text', pattern: undefined },
    overhead: Backend.Overhead,
    requires: [],
    timeout: 30,
    concurrency: 8,
  };
}

function variableName(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, '_').toUpperCase();
}
