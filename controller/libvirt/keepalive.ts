/**
 * libvirt's keepalive (virkeepaliveprotocol.x), as a pure state: any whole message is a sign of life. After a
 * silence of `intervalMs` a ping goes out, and one more after each further interval; when `count` of them in a
 * row brought nothing for another interval, the peer is dead. So a dead peer is noticed after
 * `intervalMs * (count + 1)`.
 */

export const keepaliveProcedures = { ping: 1, pong: 2 } as const;

export interface KeepaliveConfig {
  readonly intervalMs: number;
  readonly count: number;
}

export interface KeepaliveState {
  /** When the last whole message came. */
  readonly heardAt: number;
  /** Pings sent since. */
  readonly unanswered: number;
}

export type KeepaliveStep =
  | { readonly action: 'wait'; readonly state: KeepaliveState; readonly waitMs: number }
  | { readonly action: 'ping'; readonly state: KeepaliveState; readonly waitMs: number }
  | { readonly action: 'dead'; readonly silentMs: number };

export function heard(now: number): KeepaliveState {
  return { heardAt: now, unanswered: 0 };
}

/** What to do at `now`, and how long to wait before asking again. */
export function keepaliveStep(config: KeepaliveConfig, state: KeepaliveState, now: number): KeepaliveStep {
  const silentMs = now - state.heardAt;
  const dueMs = config.intervalMs * (state.unanswered + 1);
  if (silentMs < dueMs) return { action: 'wait', state, waitMs: dueMs - silentMs };
  if (state.unanswered >= config.count) return { action: 'dead', silentMs };
  return {
    action: 'ping',
    state: { heardAt: state.heardAt, unanswered: state.unanswered + 1 },
    waitMs: config.intervalMs,
  };
}
