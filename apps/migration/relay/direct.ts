/**
 * Through a tunnel to the guest; answers leave where the guest is, with the address that the connection was born
 * on. For networks that do not look where a source address comes from: no ingress filtering (BCP 38), no reverse
 * path check at the visited site.
 */
import { families } from '../../../controller/network/relay.ts';
import { ctState, type FlowList, output, set } from '../../../controller/switches/flow.ts';
import { Answer, Register, relayCookie, TunnelKey } from '../../../controller/switches/pipeline.ts';
import { ipOf, outOfUplink, setSource } from './packet.ts';
import { tunnel } from './tunnel.ts';
import { type GuestSide, markOf, modeOf, type RelayWay } from './way.ts';

const TO_GUEST = { value: 0n, mask: 1n << BigInt(TunnelKey.fromGuest.offset) };

export const direct: RelayWay = {
  send: tunnel.send,

  arrive: (list, { nic, anchor }) => {
    list
      .under(relayCookie(nic.number, anchor.index, 'direct'))
      .add(
        'tunnelled',
        105,
        { [Register.interface]: nic.number, [Register.anchor]: anchor.index, tun_id: TO_GUEST },
        [[set(Register.answer, Answer.straight)], 'deliverRelayed'],
      );
  },

  answer: (list, at) => {
    tunnel.answer(list, at);
    answerStraight(list, at);
  },
};

/** Out of this host's uplink, as from the anchor. */
export function answerStraight(list: FlowList, { nic, anchor, out }: GuestSide): void {
  for (const family of families) {
    const address = anchor.addresses[family];
    const gateway = out.gateways[family];
    if (address === undefined || gateway === undefined) continue;
    list.under(relayCookie(nic.number, anchor.index, modeOf(anchor.relay))).add(
      'outboundRelayed',
      110,
      {
        [Register.interface]: nic.number,
        ...ctState('trk', '-new', '-inv'),
        ...markOf(anchor.index, Answer.straight),
        ...ipOf[family],
      },
      [[setSource(family, address), ...outOfUplink(nic, gateway, output(out.uplink))]],
    );
  }
}
