/** Packets that a bridge has counted for a guest, whichever way it is relayed there. */
import type { Guest } from '../../controller/network/model.ts';
import type { HostName } from '../../controller/network/names.ts';
import type { Fabric } from '../../controller/switches/fabric.ts';
import { cookie, type TableName } from '../../controller/switches/pipeline.ts';

/** Their flows deliver to a guest. */
export const DELIVERING: readonly TableName[] = ['deliver', 'deliverRelayed'];

/**
 * In these tables, by the flows of all of its interfaces. Undefined while the bridge is away: that tells nothing, not
 * that there was nothing.
 */
export async function guestPackets(
  fabric: Pick<Fabric, 'packets'>,
  host: HostName,
  { interfaces }: Pick<Guest, 'interfaces'>,
  tables: readonly TableName[],
): Promise<number | undefined> {
  const counts = await Promise.all(
    interfaces.map(({ number }) => fabric.packets(host, cookie('migration', 'interface', number), tables)),
  );
  return counts.reduce<number | undefined>(
    (sum, count) => (sum === undefined || count === undefined ? undefined : sum + count),
    0,
  );
}
