/** What each table of the pipeline is for, in one line. The compiler sees to it that none is missing. */
import type { TableName } from '../../../controller/switches/pipeline.ts';

export const tablePurpose: Readonly<Record<TableName, string>> = {
  classify: 'the port a packet came in by, and whose it is; what a guest may send as',
  tunnelled: 'out of a tunnel: on to the guest, or on its way from the guest',
  blocklist: 'the blocklist’s first line: sources of which nothing gets in',
  neighbour: 'ARP and neighbour discovery, answered for addresses that this bridge holds',
  edge: 'at an edge: is it to or from an address of a guest elsewhere?',
  edgeTracked: 'at an edge, after conntrack: established, new or unknown',
  inbound: 'from the uplink: the interface that the destination address belongs to',
  count: 'to a guest, after conntrack: counted and sampled, by class of traffic',
  inboundTracked: 'to a guest, after conntrack: established, new or invalid',
  admission: 'new connections from outside: as many a second as their guest is let have',
  blocklistNew: 'the blocklist’s second line: sources whose new connections are dropped',
  binding: 'new connections from outside: tracked, and translated when they are to a care-of address',
<<<<<<< HEAD
  compared: 'new connections as the guest would see them: does a relayed one look the same?',
  sourceTranslated: 'new connections that were given another source: tracked',
  sourceKnown: 'what was not known, looked up again with the source that it was given',
=======
  translated: 'new connections to a care-of address: dropped when they could not be translated',
>>>>>>> main
  deliver: 'to the guest: its port here, or the tunnel to where it is',
  deliverRelayed: 'out of a tunnel to the guest: remember the anchor, then its port',
  outbound: 'from the guest: is it an answer on a relayed connection?',
  outboundRelayed: 'from the guest, after the relay zone: back to the anchor, or out from here',
  outboundTracked: 'from the guest, after conntrack: established, new or unknown',
  strays: 'in the middle of a connection that is unknown here: the other anchors are asked, in turn',
  returned: 'back where the guest is, and no anchor knew it',
  bindingOutbound: 'new connections of the guest: tracked, and translated when it is away from home',
  translatedOutbound: 'the same for what the guest opens: nothing leaves untranslated',
  relay: 'into a tunnel, unless the packet does not fit',
  route: 'out of the uplink, or to another guest of this host',
  neighbourReply: 'second half of neighbour answers',
  answer: 'neighbour answers, back to who asked: out of the port of entry or through its tunnel',
};
