/**
 * Through a tunnel, and back through it: any protocol, the frame unchanged, its source where it was. What does not
 * fit is answered (see routing/too-large.ts).
 */
import { ctState } from '../../../controller/switches/flow.ts';
import { Answer, Register, relayCookie } from '../../../controller/switches/pipeline.ts';
import { relayTo } from '../tunnel.ts';
import { markOf, type RelayWay } from './way.ts';

export const tunnel: RelayWay = {
  send: () => undefined,

  // Every tunnel leads to `deliverRelayed`, which notes the anchor that the key names.
  arrive: () => undefined,

  answer: (list, { nic, anchor: { index, host }, out }) => {
    if (host === undefined) return;
    list.under(relayCookie(nic.number, index)).add(
      'outboundRelayed',
      100,
      {
        [Register.interface]: nic.number,
        ...ctState('trk', '-new', '-inv'),
        ...markOf(index, Answer.tunnel),
      },
      [relayTo(nic.number, index, 'from-guest', host, out.mtu), 'relay'],
    );
  },
};
