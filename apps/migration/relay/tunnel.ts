/**
 * Through a tunnel, and back through it: any protocol, the frame unchanged, its source where it was. What does not
 * fit is answered (see routing/too-large.ts).
 */
import { HOME_ANCHOR } from '../../../controller/network/model.ts';
import { ctState, set } from '../../../controller/switches/flow.ts';
import { Answer, Register, relayCookie } from '../../../controller/switches/pipeline.ts';
import { relayTo } from '../tunnel.ts';
import { markOf, modeOf, type RelayWay } from './way.ts';

export const tunnel: RelayWay = {
  deliver: (list, { nic, own, location, relay, out }) => {
    const anchor = own?.index ?? HOME_ANCHOR;
    list
      .under(relayCookie(nic.number, anchor, modeOf(relay)))
      .add('deliver', 100, { [Register.interface]: nic.number }, [
        [set('eth_dst', nic.mac), ...relayTo(nic.number, anchor, 'to-guest', location, out.mtu)],
        'relay',
      ]);
  },

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
