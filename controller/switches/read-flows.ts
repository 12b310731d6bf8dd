/**
 * The flows that a switch holds, as it reports them.
 */
import { type FlowDesc, flowDescRequest } from '../openflow/index.ts';
import type { SwitchSession } from './session.ts';

/** Whoever can be asked for its flows: a session, in practice. */
export type FlowSource = Pick<SwitchSession, 'requestAll'>;

export interface CookieFilter {
  readonly cookie: bigint;
  readonly mask: bigint;
}

/** All flows whose cookie has the bits of `cookie` that `mask` names; every flow with a mask of 0. */
export async function readFlows(session: FlowSource, { cookie, mask }: CookieFilter): Promise<FlowDesc[]> {
  const parts = await session.requestAll(flowDescRequest({ cookie, cookieMask: mask }), 'telling its flows');
  const flows: FlowDesc[] = [];
  for (const part of parts) {
    if (part.type !== 'flow_desc_reply') continue;
    for (const flow of part.flows) if (!('raw' in flow)) flows.push(flow);
  }
  return flows;
}
