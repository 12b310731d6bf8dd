/**
 * Every timeout and limit of ArcticTern, in one place. Times are in milliseconds, sizes in bytes, unless the
 * name says otherwise. A limit that users may set is the default of that setting.
 */

/** OpenFlow sessions with switches. */
export const openflow = {} as const;

/** OVSDB sessions (RFC 7047). */
export const ovsdb = {
  /** How long a connection may take until it can be used: TLS, and the server's role in its cluster, included. */
  connectTimeout: 5_000,
  /** How long a peer that connected to us may take to tell which host it is. */
  identifyTimeout: 10_000,
  /** How long a peer may take to close its end after we closed ours. */
  closeTimeout: 1_000,
  /** How long a request may wait for its reply, and a transaction for a connection and its reply. */
  requestTimeout: 30_000,
  /** Silence after which an echo is sent, and again after which the connection is given up. OVS's own default. */
  probeInterval: 5_000,
  /** The first and the longest wait between two rounds of connection attempts. */
  backoffMinimum: 250,
  backoffMaximum: 8_000,
  /** The longest JSON text that is accepted. A database of 100,000 ports is about 100 MiB. */
  messageBytes: 256 * 1024 * 1024,
  /** The deepest nesting of a JSON text; OVS itself stops at 1,000, its messages need fewer than 20. */
  messageDepth: 200,
  /** Bytes that may wait for a peer that does not read; beyond it requests are refused. */
  outboxBytes: 64 * 1024 * 1024,
  /** Requests that may await their reply on one connection. */
  pendingRequests: 4_096,
  /** Sessions that a passive remote (`ptcp:`, `pssl:`, `punix:`) keeps at a time. */
  incomingSessions: 1_024,
  /** How long an `ovsdb-server` of our own may take to be ready, and to end after SIGTERM. */
  serverReadyTimeout: 15_000,
  serverStopTimeout: 5_000,
  /** How long one run of `ovsdb-tool` may take. A conversion rewrites the whole database. */
  toolTimeout: 60_000,
  /** How much of the output of a tool or server is kept to explain its failure. */
  outputBytes: 16 * 1024,
} as const;

/** libvirt RPC sessions. */
export const libvirt = {} as const;
