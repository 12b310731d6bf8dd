/**
 * Brings a database that is being served, by one server or a cluster, to a newer version of its schema.
 */
import type { OvsdbClient } from './client.ts';
import type { WaitOptions } from './contracts.ts';
import { OvsdbSchemaDowngradeError } from './errors.ts';
import { compareVersions, parseSchema } from './schema.ts';

/** What has to be done to a database of version `present` so that it has version `wanted`. Pure. */
export function schemaStep(name: string, present: string, wanted: string): 'none' | 'convert' {
  const order = compareVersions(present, wanted);
  if (order > 0) {
    throw new OvsdbSchemaDowngradeError(
      `database ${name} has version ${present} and this program knows ${wanted}; ` +
        `to go back would lose what the newer version added: run the newer program, or restore a backup`,
    );
  }
  return order === 0 ? 'none' : 'convert';
}

/**
 * Converts the server's database to `json`, a schema as in a `.ovsschema` file, when that is newer. Clients
 * that follow the database reload their replicas.
 *
 * @returns whether it was converted.
 * @throws {OvsdbSchemaDowngradeError} when the server's is newer; {OvsdbInvalidSchemaError}; as `request`.
 */
export async function ensureSchema(
  client: OvsdbClient,
  json: unknown,
  options: WaitOptions = {},
): Promise<boolean> {
  const wanted = parseSchema(json);
  const present = await client.getSchema(wanted.name, options);
  if (schemaStep(wanted.name, present.version, wanted.version) === 'none') return false;
  await client.convert(wanted.name, json, options);
  return true;
}
