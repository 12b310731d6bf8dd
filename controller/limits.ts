/**
 * Every timeout and limit of ArcticTern, in one place. Times are in milliseconds, sizes in bytes, unless the
 * name says otherwise. A limit that users may set is the default of that setting.
 */

/** OpenFlow sessions with switches. */
export const openflow = {} as const;

/** OVSDB sessions (RFC 7047). */
export const ovsdb = {} as const;

/** libvirt RPC sessions. */
export const libvirt = {
  /** Opening a connection: name resolution, connect, TLS, authentication and `connect_open` together. */
  connectTimeoutMs: 15_000,
  /** One call, from being asked for (waiting in our queue included) to its reply. Migrations have none. */
  callTimeoutMs: 30_000,
  /** The polite `connect_close` before a connection is dropped anyway. */
  closeTimeoutMs: 2_000,
  /**
   * Calls that we let a daemon work on at once, per connection. libvirtd's own limit (`max_client_requests`) is 5,
   * and at that limit it stops reading the connection, keepalives included; one less keeps them flowing.
   */
  requestsInFlight: 4,
  /** Calls that may wait for one of those places before further ones are refused. */
  queuedCallsMax: 32_768,
  /** We ping a daemon that has been silent for this long (libvirtd's own default is 5 s too) ... */
  keepaliveIntervalMs: 5_000,
  /** ... and give up when this many pings, one an interval, went unanswered. libvirtd's own default is 5. */
  keepaliveCount: 3,
  /** Events that arrive before the reply which tells us their callback ID, kept per registration under way. */
  earlyEventsMax: 1_024,
  /** Events that a session holds back while it reads the list of domains. Beyond it, the session starts over. */
  heldEventsMax: 65_536,
  /** A session's first wait before it reconnects; each further one doubles, up to the maximum. */
  reconnectMinMs: 200,
  reconnectMaxMs: 10_000,

  // What the protocol itself allows (remote_protocol.x and virnetprotocol.x of libvirt 9.0).

  /** VIR_NET_MESSAGE_MAX, to which the length field itself is added. */
  messageMaxBytes: 33_554_432,
  /** VIR_NET_MESSAGE_STRING_MAX and REMOTE_STRING_MAX. */
  stringMaxBytes: 4_194_304,
  /** REMOTE_AUTH_TYPE_LIST_MAX. */
  authTypesMax: 20,
  /** REMOTE_DOMAIN_LIST_MAX. */
  domainsMax: 16_384,
  /** REMOTE_DOMAIN_MIGRATE_PARAM_LIST_MAX. */
  migrateParamsMax: 64,
  /** REMOTE_MIGRATE_COOKIE_MAX. */
  migrateCookieMaxBytes: 4_194_304,
  /** REMOTE_DOMAIN_JOB_STATS_MAX. */
  jobStatsMax: 64,
  /** REMOTE_DOMAIN_MEMORY_STATS_MAX. */
  memoryStatsMax: 1_024,
} as const;
