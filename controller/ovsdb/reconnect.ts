/**
 * When to connect, when to probe and when to give up: the state machine of a connection, pure. Time and
 * randomness come as arguments, and the caller does what `due` says.
 *
 *                   connecting()        connected()           silence
 *       backoff ------------------> connecting ------> active ---------> probing
 *          ^                            |                ^  |               |
 *          |       failed or too slow   |       activity +--|---------------+
 *          +----------------------------+-------------------+---------------+ no answer
 *
 * What it keeps true: every remote is tried once before the first wait; the waits double from round to round
 * up to a bound, with jitter, so that clients of a server that came back do not come all at once; a
 * connection that ends sooner than the last wait does not reset it, so that a server which accepts and
 * hangs up is not hammered. A passive end never dials: it waits for the peer without a deadline.
 */

export interface ReconnectConfig {
  /** Milliseconds of the first and of the longest wait. */
  readonly backoffMinimum: number;
  readonly backoffMaximum: number;
  /** How long an attempt may take, until `connected`. */
  readonly connectTimeout: number;
  /** Silence before a probe and again before giving up; 0 turns probing off. */
  readonly probeInterval: number;
  /** How many remotes there are to try before waiting. */
  readonly remotes: number;
  readonly passive: boolean;
}

export type ReconnectState = (
  | { readonly phase: 'backoff'; readonly until: number }
  /** Passive only: until the peer comes. */
  | { readonly phase: 'listening' }
  | { readonly phase: 'connecting'; readonly deadline: number }
  | { readonly phase: 'active'; readonly since: number; readonly heard: number }
  | { readonly phase: 'probing'; readonly since: number; readonly heard: number; readonly asked: number }
) & {
  /** The wait that was last taken or, at first, 0. */
  readonly backoff: number;
  /** Attempts left before the next wait. */
  readonly tries: number;
};

export type ReconnectAction = 'connect' | 'probe' | 'disconnect';

/** What to do now, if anything, and else when to ask again. */
export interface Due {
  readonly action: ReconnectAction | undefined;
  readonly at: number | undefined;
}

export function initial(config: ReconnectConfig, now: number): ReconnectState {
  const rest = { backoff: 0, tries: config.remotes };
  return config.passive ? { phase: 'listening', ...rest } : { phase: 'backoff', until: now, ...rest };
}

export function due(config: ReconnectConfig, state: ReconnectState, now: number): Due {
  const at = deadline(config, state);
  if (at === undefined || now < at) return { action: undefined, at };
  switch (state.phase) {
    case 'backoff':
      return { action: 'connect', at };
    case 'active':
      return { action: 'probe', at };
    case 'connecting':
    case 'probing':
      return { action: 'disconnect', at };
    case 'listening':
      return { action: undefined, at: undefined };
  }
}

function deadline(config: ReconnectConfig, state: ReconnectState): number | undefined {
  switch (state.phase) {
    case 'backoff':
      return state.until;
    case 'listening':
      return undefined;
    case 'connecting':
      return state.deadline;
    case 'active':
      return config.probeInterval === 0 ? undefined : state.heard + config.probeInterval;
    case 'probing':
      return state.asked + config.probeInterval;
  }
}

/** An attempt begins. */
export function connecting(config: ReconnectConfig, state: ReconnectState, now: number): ReconnectState {
  const { backoff, tries } = state;
  return {
    phase: 'connecting',
    deadline: now + config.connectTimeout,
    backoff,
    tries: Math.max(0, tries - 1),
  };
}

/** The attempt led to a connection that can be used. */
export function connected(state: ReconnectState, now: number): ReconnectState {
  const { backoff, tries } = state;
  return { phase: 'active', since: now, heard: now, backoff, tries };
}

/** Bytes arrived. */
export function activity(state: ReconnectState, now: number): ReconnectState {
  if (state.phase !== 'active' && state.phase !== 'probing') return state;
  const { since, backoff, tries } = state;
  return { phase: 'active', since, heard: now, backoff, tries };
}

/** A probe was sent. */
export function probed(state: ReconnectState, now: number): ReconnectState {
  if (state.phase !== 'active') return state;
  const { since, heard, backoff, tries } = state;
  return { phase: 'probing', since, heard, asked: now, backoff, tries };
}

/** The connection or the attempt ended. `random` is from [0, 1). */
export function disconnected(
  config: ReconnectConfig,
  state: ReconnectState,
  now: number,
  random: number,
): ReconnectState {
  if (config.passive) return { phase: 'listening', backoff: 0, tries: config.remotes };
  const stayed =
    (state.phase === 'active' || state.phase === 'probing') &&
    state.heard - state.since >= Math.max(state.backoff, config.backoffMinimum);
  if (stayed) return { phase: 'backoff', until: now, backoff: 0, tries: config.remotes };
  if (state.tries > 0) return { phase: 'backoff', until: now, backoff: state.backoff, tries: state.tries };
  const backoff = Math.min(config.backoffMaximum, Math.max(config.backoffMinimum, 2 * state.backoff));
  // Between half of the wait and all of it.
  const wait = backoff * (0.5 + random / 2);
  return { phase: 'backoff', until: now + wait, backoff, tries: config.remotes };
}
