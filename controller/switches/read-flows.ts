/**
 * The flows that a switch holds, as it reports them.
 */
import { type FlowDesc, flowDescRequest, isRawEntry } from '../openflow/index.ts';
import type { SwitchSession } from './session.ts';

export interface CookieFilter {
  readonly cookie: bigint;
  readonly mask: bigint;
}

/** All flows whose cookie has the bits of `cookie` that `mask` names; every flow with a mask of 0. */
export async function readFlows(session: SwitchSession, filter: CookieFilter): Promise<FlowDesc[]> {
  const flows: FlowDesc[] = [];
  await readEachFlow(session, filter, (flow) => flows.push(flow));
  return flows;
}

/** The same one by one, as they arrive; resolves after the last. */
export async function readEachFlow(
  session: SwitchSession,
  { cookie, mask }: CookieFilter,
  onFlow: (flow: FlowDesc) => void,
): Promise<void> {
  const request = flowDescRequest({ cookie, cookieMask: mask });
  await session.requestEach(request, 'telling its flows', (part) => {
    if (part.type !== 'flow_desc_reply') return;
    for (const flow of part.flows) if (!isRawEntry(flow)) onFlow(flow);
  });
}
