/**
 * The flows that a switch holds, as it reports them.
 */
import { type FlowDesc, flowDescRequest, isRawEntry, type Message } from '../openflow/index.ts';
import type { SwitchSession } from './session.ts';

export interface CookieFilter {
  readonly cookie: bigint;
  readonly mask: bigint;
}

/** Whoever can be asked for its flows: a session, in practice. */
export type FlowSource = Pick<SwitchSession, 'requestAll'>;

/** All flows whose cookie has the bits of `cookie` that `mask` names; every flow with a mask of 0. */
export async function readFlows(source: FlowSource, filter: CookieFilter): Promise<FlowDesc[]> {
  const flows: FlowDesc[] = [];
  for (const part of await source.requestAll(requestOf(filter), DOING))
    collect(part, (flow) => flows.push(flow));
  return flows;
}

/** The same one by one, as they arrive; resolves after the last. */
export function readEachFlow(
  session: SwitchSession,
  filter: CookieFilter,
  onFlow: (flow: FlowDesc) => void,
): Promise<void> {
  return session.requestEach(requestOf(filter), DOING, (part) => collect(part, onFlow));
}

const DOING = 'telling its flows';

function requestOf({ cookie, mask }: CookieFilter): Message {
  return flowDescRequest({ cookie, cookieMask: mask });
}

function collect(part: Message, onFlow: (flow: FlowDesc) => void): void {
  if (part.type !== 'flow_desc_reply') return;
  for (const flow of part.flows) if (!isRawEntry(flow)) onFlow(flow);
}
