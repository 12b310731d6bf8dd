/**
 * Any message of OpenFlow, and those that carry another one. The others are in messages/types.ts and multipart/types.ts.
 */
import type {
  AsyncConfig,
  Bare,
  BundleControlMessage,
  Echo,
  ErrorMessage,
  ExperimenterMessage,
  FeaturesReply,
  FlowMod,
  FlowRemoved,
  GroupMod,
  Hello,
  MeterMod,
  NxCtFlush,
  NxCtFlushZone,
  NxFlowModTableId,
  NxPacketIn,
  NxSetControllerId,
  NxSetPacketInFormat,
  NxTlvTableMod,
  NxTlvTableReply,
  PacketIn,
  PacketOut,
  PortMod,
  PortStatus,
  RawMessage,
  RoleMessage,
  RoleStatus,
  SwitchConfig,
  TableMod,
  TableStatus,
} from './messages/types.ts';
import type { MultipartMessage } from './multipart/types.ts';

export type Message =
  | Hello
  | ErrorMessage
  | Echo
  | Bare
  | ExperimenterMessage
  | RawMessage
  | FeaturesReply
  | SwitchConfig
  | PacketIn
  | NxPacketIn
  | PacketOut
  | FlowMod
  | FlowRemoved
  | GroupMod
  | MeterMod
  | PortStatus
  | PortMod
  | TableMod
  | TableStatus
  | RoleMessage
  | RoleStatus
  | AsyncConfig
  | RequestForward
  | BundleControlMessage
  | BundleAddMessage
  | NxSetControllerId
  | NxSetPacketInFormat
  | NxFlowModTableId
  | NxCtFlushZone
  | NxCtFlush
  | NxTlvTableMod
  | NxTlvTableReply
  | MultipartMessage;

/** What decoding gives: a message with the transaction id it came with. */
export type Received = Message & { readonly xid: number };

export interface RequestForward {
  readonly xid?: number | undefined;
  readonly type: 'requestforward';
  readonly request: Message;
}

export interface BundleAddMessage {
  readonly xid?: number | undefined;
  readonly type: 'bundle_add_message';
  readonly bundleId: number;
  readonly flags: number;
  /** Without a `xid` of its own it gets the outer one, as the specification wants. */
  readonly message: Message;
  readonly properties: Uint8Array;
}
