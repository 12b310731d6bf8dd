/**
 * What a real bridge holds, and who made it: each flow as ovs-ofctl tells it, by its cookie what `arctictern flows` says.
 */
import { presentMadeBy } from '../../../apps/api/present.ts';
import { byText } from '../../../apps/cli/views/flows.ts';
import { madeByAt } from '../../../apps/defence/made-by.ts';
import { Table, type TableName } from '../../../controller/switches/pipeline.ts';
import type { Bed, SwitchKey } from '../apps/bed.ts';

/** Of one table, those that somebody made: `priority=100,ip,nw_src=192.0.2.1 actions=drop by person`. */
export async function made(bed: Bed, bridge: SwitchKey, table: TableName): Promise<string[]> {
  const dump = await bed.ofctl(bridge, 'dump-flows', '--no-stats', `table=${Table[table]}`);
  const of = madeByAt(bed.network.state, bridge);
  return [...dump.matchAll(/cookie=(0x[0-9a-f]+),.*? (priority=.*)/g)].flatMap(([, cookie, flow]) => {
    const by = byText(presentMadeBy(of(BigInt(cookie!))));
    return by === '-' ? [] : [`${flow} by ${by}`];
  });
}
