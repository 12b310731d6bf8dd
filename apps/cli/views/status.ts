/** `arctictern status` as text. */
import type { StatusObject } from '../../api/objects.ts';
import type { Colors } from '../terminal.ts';
import { amount, details, duration } from '../text.ts';

export function statusText(status: StatusObject, now: number, colors: Colors): string {
  const { version, startedAt, hosts, guests, migrations } = status;
  const connected = `${amount(hosts.connected)} of ${amount(hosts.total)} connected`;
  const moving = migrations.moving === 0 ? 'none' : amount(migrations.moving);
  return details(
    [
      ['controller', `ArcticTern ${version}, up for ${duration(Math.max(0, now - startedAt))}`],
      ['hosts', hosts.connected < hosts.total ? colors.yellow(connected) : connected],
      ['guests', `${amount(guests.running)} of ${amount(guests.total)} running`],
      ['migrations', `${moving} under way, ${amount(migrations.total)} in all`],
    ],
    colors,
  );
}
