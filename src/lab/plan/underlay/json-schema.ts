import * as z from 'zod/mini';
import type { Json } from '../../../recipe/json/json.ts';
import { entryName, linkKeys, nodeKeys, routerKeys, topologyKeys } from './keys.ts';

/**
 * The JSON Schema of topology files (draft 2020-12), for editors. It comes from the tables that topologies are checked by; how values
 * fit each other, only the command checks.
 */
function topologyJsonSchema(): Readonly<Record<string, Json>> {
  const links = z
    .array(z.strictObject(linkKeys))
    .check(
      z.minLength(1),
      z.maxLength(8),
      z.meta({ description: z.globalRegistry.get(nodeKeys.Links)?.description ?? '' }),
    );
  const describe = <S extends z.ZodMiniType>(schema: S, like: z.ZodMiniType): S =>
    schema.check(z.meta({ description: z.globalRegistry.get(like)?.description ?? '' }));
  const schema = z.strictObject({
    ...topologyKeys,
    Nodes: describe(z.record(entryName, z.strictObject({ ...nodeKeys, Links: links })), topologyKeys.Nodes),
    Routers: describe(
      z.optional(z.record(entryName, z.strictObject({ ...routerKeys, Links: links }))),
      topologyKeys.Routers,
    ),
  });
  const described = {
    title: 'heddle lab topology',
    description: 'The underlay of a lab: segments, nodes and routers (heddle lab run --topology).',
    ...z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'input' }),
  };
  // Through text: what zod returns carries more than JSON.
  return JSON.parse(JSON.stringify(described)) as Record<string, Json>;
}

/** The schema as a file: `docs/topologies/topology.schema.json`. */
export function renderTopologySchema(): string {
  return `${JSON.stringify(topologyJsonSchema(), undefined, 2)}\n`;
}
