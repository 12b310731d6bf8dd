/** IPFIX (RFC 7011), as far as Open vSwitch speaks it: a pure decoder. */
export { elements, type ElementName, type FlowRecord } from './elements.ts';
export { IpfixSetError, IpfixTemplateError, IpfixTruncatedError, IpfixVersionError } from './errors.ts';
export { type Decoded, decodeMessage } from './message.ts';
export type { Template, Templates } from './template.ts';
