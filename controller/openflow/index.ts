/**
 * OpenFlow 1.5 with Nicira's extensions, as Open vSwitch 3.1 speaks it: a codec without any I/O.
 *
 * Bytes ↔ objects (`decode`, `encode`), a stream ↔ messages (`MessageSplitter`, `PacketInView`, `MessageTemplate`, `Writer`), objects ↔ OVS's text
 * (`formatFlow` …), objects ↔ JSON (`toJson`, `fromJson`), and builders (`match`, `actions`, `flowMod` …).
 */
export * from './constants.ts';
export * from './errors.ts';
export * from './addresses.ts';
export { Writer } from './writer.ts';
export { decode, encode, encodeInto } from './codec.ts';
export { MessageSplitter } from './stream.ts';
export { MessageTemplate, type HoleWidth } from './template.ts';
export { PacketInView } from './packet-in-view.ts';
export {
  ALL_FIELDS,
  fieldByName,
  fieldKey,
  findField,
  nxmField,
  OxmField,
  RAW_OXM,
  type FieldName,
  type FieldValue,
} from './fields.ts';
export type { Display, Prerequisite } from './field-table.ts';
export type { Match, MatchField } from './match.ts';
export { subfield, type Subfield } from './subfield.ts';
export * from './actions/types.ts';
export type { Instruction } from './instructions.ts';
export type { Duration, FlowStats } from './flow-stats.ts';
export { ERROR_NAMES, errorName, errorNumbers, type ErrorName, type ErrorNumbers } from './error-names.ts';
export type * from './names.ts';
export type * from './message.ts';
export type * from './messages/types.ts';
export type * from './multipart/types.ts';
export { isRawEntry } from './multipart/entries.ts';
export {
  checkMatch,
  fieldEntry,
  match,
  matchValue,
  type FieldInput,
  type MatchInput,
} from './build/match.ts';
export {
  actions,
  type CtInput,
  type LearnInput,
  type NatInput,
  type SubfieldInput,
} from './build/actions.ts';
export {
  bundleAdd,
  bundleControl,
  flowDescRequest,
  flowMod,
  hello,
  instructions,
  packetOut,
} from './build/messages.ts';
export { formatAction, formatActions, formatSubfield } from './text/actions.ts';
export { formatMatch } from './text/match.ts';
export { formatFlow, formatFlowMod, formatInstructions, type FormattableFlow } from './text/flow.ts';
export { fromJson, toJson, type Json } from './json/json.ts';
export { formatFieldValue, formatPort, formatPort16 } from './text/values.ts';
