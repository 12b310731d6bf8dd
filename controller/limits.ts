/**
 * Every timeout and limit of ArcticTern, in one place. Times are in milliseconds, sizes in bytes, unless the
 * name says otherwise. A limit that users may set is the default of that setting.
 */

/** For how long what has much to do holds the event loop before it lets others have a turn. */
export const eventLoop = { slice: 10 } as const;

/** OpenFlow sessions with switches. */
export const openflow = {
  /** First capacity of a `Writer`, in bytes; it grows as needed. */
  writerCapacity: 16_384,
  /**
   * How deep actions may hold actions (`ct`, `clone`) or messages may hold messages (bundles). Deeper ones stay
   * raw bytes, so that no message can exhaust the stack.
   */
  maxNesting: 16,
} as const;

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

/** Labs on one machine. */
export const lab = {
  /** The port at which a lab node's ovsdb-server listens on its management address. */
  ovsdbPort: 6640,
  /** Frames that may be on their way in one direction of a delayed link: 100 ms at 100,000 packets/s. */
  linkQueuePackets: 10_000,
  /** Frames that wait at a host's uplink while its OVS does not run: 100 ms at 50,000 packets/s. */
  uplinkQueuePackets: 5_000,
  /** From the plan to the lab being up, guests' boot not included. A slow machine takes 5 s. */
  start: 60_000,
  /** From a guest's start to its ready line. Software emulation takes 4 s on an idle machine. */
  guestBoot: 60_000,
  /** From asking the lab to end to the kernel having ended all of it. */
  stop: 10_000,
  /** The trial boot that tells whether KVM works. Slower than this, it is of no use: software emulation takes 4 s. */
  kvmTrial: 10_000,
  /** The longest that a connection of an experiment may last. */
  connection: 1_800_000,
  /** From asking a probe to end to its summary: it waits for what is on its way. */
  probeStop: 10_000,
  /** What a capture keeps of each frame: addresses, ports and a probe's numbers, whatever lies around them. */
  captureBytes: 160,
  /** What the kernel holds for a capture while tcpdump is kept from reading, in KiB: 3 s at 20,000 packets/s. */
  captureKiB: 16_384,
  /** From a capture's start to its listening. */
  captureStart: 20_000,
  /** From asking a capture to end to its end: it writes what it holds. */
  captureStop: 5_000,
  /** How often a switch is asked for its megaflows: OVS counts them anew once in 100 ms (udpif_get_n_flows). */
  megaflowInterval: 100,
  /** How long a switch may take to answer a command. */
  commandPatience: 5_000,
  /** From the controller's start to its API answering (a busy machine takes 15 s), and from asking it to end to its end. */
  controllerStart: 30_000,
  controllerStop: 10_000,
  /** From the controller's start to its control of every bridge. */
  bridgesReady: 20_000,
  /** The longest that an experiment waits for one migration. */
  migration: 120_000,
  /** How often an experiment looks how a migration goes. */
  poll: 100,
  /** Downloading the guest's kernel package. */
  download: 300_000,
} as const;

/** Attacks of an experiment, which stay within their lab and end by themselves. */
export const attack = {
  durationMost: 60_000,
  /** Packets or connections in a second, and connections held open. */
  rateMost: 20_000,
  connectionsMost: 5_000,
  /** How long a bot may take to end after its time, and any attack when it is stopped, before it is killed. */
  grace: 1_000,
  /** How often honest goodput is looked at while an attack's story is told. */
  goodputInterval: 250,
} as const;

/** Sessions with switches, and the pipeline. */
export const switches = {
  /** From a switch's connection to its HELLO, and to the answer about its features. */
  handshakeTimeout: 5_000,
  /** How long a request may wait for its answer. */
  requestTimeout: 5_000,
  /** The same for all parts of a multipart answer; a million flows take OVS some seconds. */
  multipartTimeout: 60_000,
  barrierTimeout: 5_000,
  /** From the last flow mod of a bundle to the barrier's answer, and for its commit. */
  bundleTimeout: 60_000,
  /** Flow mods handed to the socket before waiting for it to take them. */
  bundleBatch: 1_024,
  /** How often an open bundle is fed; OVS drops one that is idle for 10 s. */
  bundleFeedInterval: 7_000,
  /** Silence after which a switch is asked, and silence after that until it is dropped. */
  echoInterval: 5_000,
  echoTimeout: 5_000,
  /** Bytes that are collected before a write begins. */
  flushAt: 65_536,
  /** Bytes that may wait for a switch that does not read, before it is dropped. */
  outboxBytes: 64 * 1024 * 1024,
  /** What a bridge is told: the longest wait between two attempts to reach us, and its own probe. */
  switchBackoffMaximum: 1_000,
  switchProbeInterval: 5_000,
  /** How long a host's OVSDB is waited for: as long as timers can (24 days). */
  databasePatience: 0x7fff_ffff,
  /** After a refused change, the wait until the bridge is read back and repaired; doubled each time it fails again. */
  repairDelay: 1_000,
  repairDelayMaximum: 30_000,
  /**
   * What begins at a guest's relay addresses may come at once for so many seconds' worth of what is let in: when a guest has
   * moved, all its relayed connections begin there.
   */
  relayedBurstSeconds: 10,
  /** How long a meter stays that no flow refers to any more; OVS's revalidators go through all megaflows in less. */
  idleMeterLife: 5_000,
  /** Packets per second and bridge that may go to the controller because they do not fit a tunnel. */
  tooLargePerSecond: 200,
  /** The same for gateways' answers, and for guests' announcements. */
  gatewayPerSecond: 100,
  announcementPerSecond: 100,
  /** Neighbour discovery that a bridge answers in a second; each answer takes its slow path. */
  neighbourPerSecond: 1_000,
  /** Packets per second and bridge that are sampled, of each of three sorts (see `Meter`). */
  samplesPerSecond: 1_000,
  /** How often OVS brings flows' counters up to date, at the latest; its own default is 500. */
  counterRefresh: 100,
  /**
   * How long OVS keeps a megaflow that nothing uses; its own default is 10,000. Short, so that those of a flood's sources are
   * few; longer than once a second, at which many things are asked.
   */
  megaflowIdle: 2_000,
} as const;

/** After a restart of OVS: how long mid-stream TCP of a guest's known services is admitted, in seconds. */
export const GRACE_SECONDS = 60;

/** Samples that bridges send (IPFIX over UDP). */
export const samples = {
  /** What the kernel keeps for us while we are busy: about 2,000 samples. */
  receiveBytes: 4 * 1024 * 1024,
  /** How often a sender of messages that cannot be read is told of. */
  faultInterval: 60_000,
} as const;

/** Detection of attacks. Times in milliseconds, rates per second, shares from 0 to 1. */
export const defence = {
  /** How often a bridge's counters are read, and over how long a rate is taken: some steps of the counters. */
  readInterval: 100,
  rateWindow: 300,
  /** A guest is looked at in between, when there are as many new samples, but not before so long since the last look. */
  samplesToLook: 20,
  lookInterval: 50,
  /** How long a client may take to complete a handshake before it is held against it: a round trip. */
  handshakePatience: 200,
  /** After conntrack was emptied: how long packets of no connection are nobody's fault. */
  forgetfulness: 10_000,
  /** So many bridges may relay a burst at once, of what their meters let in in a second: an anchor's and an edge's. */
  relayingBridges: 2,
  /** After a guest has come: how long what begins at its relay addresses are its connections that go on. */
  resumption: 10_000,
  /**
   * How long a rate must stay above the threshold to be an attack, so that a burst, which is in it for `rateWindow`, is none;
   * no time when it is this many times as high.
   */
  confirmTime: 300,
  clearly: 2,
  /** It is left below this share of the threshold. */
  leaveShare: 0.5,
  /** How long what is usual is learned until it counts, and how far back it reaches then. */
  warmUp: 10_000,
  baselineMemory: 60_000,
  /** Of the handshakes that are begun, as many must fail for a flood of SYNs. */
  unfinishedShare: 0.5,
  /** Of the UDP packets, as many must be unanswered; or so many times the threshold of them come. */
  unansweredShare: 0.5,
  excess: 8,
  /** Of a crowd's packets or connections, so much must come from sources beyond what a client does. */
  coveredShare: 0.5,
  /**
   * Packets per second and connection, below which a connection is slow, and how old it must be to be looked at: by then
   * servers close one that is merely kept for later (Apache's `KeepAliveTimeout` is 5 s).
   */
  slowPackets: 1,
  slowAfter: 5_000,
  /** Samples are counted in parts of this length, and those of so long are kept. */
  sampleEpoch: 100,
  sampleMemory: 2_000,
  /** Sources, and prefixes, that are counted for each class of a guest's traffic. */
  heavyHitters: 512,
  /** Open connections and proven sources that are remembered for a guest, and how long. */
  connectionsKnown: 16_384,
  provenKnown: 8_192,
  connectionMemory: 3_600_000,
  /** How sure it must be that a source exceeds what a client may do. */
  confidence: 0.9,
  /** A network is named when its unnamed sources send as much as so many clients at their limit. */
  prefixClients: 10,
  /** Samples until anything is said of where an attack comes from. */
  samplesNeeded: 30,
  /** Until it is said that no source stands out: as many samples of one at the limit would have to be there, or in all. */
  expectedNeeded: 4,
  samplesEnough: 1_000,
  /** Sources with more samples each than such a share of that, and than so many, are not forged. */
  forgedShare: 0.5,
  forgedSamples: 2,
  /** Above the first share of it, named sources are the attack; below the second, they are nothing of it. */
  mostlyReal: 0.7,
  hardlyReal: 0.2,
  sourcesPerVerdict: 256,
  /** How often a verdict's figures are told anew while nothing else changes. */
  verdictRefresh: 1_000,
  /** Verdicts that are kept; those that have ended go first. */
  verdictsKept: 1_000,
} as const;

/** The blocklist. */
export const blocklist = {
  /**
   * Sources in the first line, at most. While packets come from random sources, each of them costs about four
   * megaflows.
   */
  firstLine: 500,
  /** What changes with one source is the shard that it is in. */
  firstLineShards: 16,
  secondLineShards: 1_024,
  /** And of that, what is looked at is the cell: 15 sources of a million. */
  cellsPerShard: 64,
  /** Sources and allowances that are kept, at most. A source costs OVS about 1.3 KiB on every bridge. */
  sources: 2_000_000,
  allowances: 1_000,
  /** A block with more sources than this keeps no list of its own; to take it away is to look through all. */
  sourcesKept: 1_000,
  /** Sources in one request, and the largest body that holds them. */
  sourcesPerRequest: 10_000,
  bodyBytes: 1_048_576,
  /** The longest reason, in UTF-16 code units. */
  reason: 200,
  /** The longest that a block with an end may last. */
  longest: 365 * 86_400_000,
  /** The shortest prefixes that may be blocked: less would be a good part of the internet. */
  shortest: { 4: 8, 6: 19 },
} as const;

/** What is done about verdicts. */
export const filtering = {
  /** How sure a verdict must be of a source. */
  confidence: 0.9,
  /** How long a block lasts after the attack was last seen. */
  lasts: 600_000,
  /** With more sources than this in a verdict they are aggregated, where this share of a prefix attacks. */
  sourcesBeforeAggregation: 100,
  share: 0.5,
  /** But into none shorter than these. */
  shortest: { 4: 20, 6: 48 },
} as const;

/** Flights: guests under attack that move by themselves. Times in milliseconds. */
export const flight = {
  /** While a guest is under attack, or a flight is not over: how often it is looked at what there is to do. */
  lookInterval: 100,
  /** How long what is filtered may still arrive, before a guest moves that moves only when needed. */
  patience: 3_000,
  /**
   * And for how long its honest traffic may suffer without a break: a retransmission or two, once the way in is free. Where
   * a flood is dropped only at the guest's host it is not freed, but for what the flood did to the host itself: one
   * retransmission (Linux waits 200 ms and a round trip), and the time that a rate is taken over.
   */
  relief: 1_000,
  reliefAtHost: 600,
  /** Below this share of what is usual, honest traffic suffers. */
  honestShare: 0.5,
  /** With this share of what was usual, taken over so long, it is back at the destination. */
  backShare: 0.8,
  backOver: 1_000,
  /** Packets per second below which a guest's usual traffic says nothing. */
  honestLeast: 2,
  /** How long it must be calm at the destination until a guest is safe there, and how long that may take. */
  verifyFor: 2_000,
  verifyPatience: 15_000,
  /** From one flight of a guest to its next, at least; and how many there may be of it in how long. */
  spacing: 30_000,
  most: 6,
  within: 3_600_000,
  /** How long an attack at a site, or a flight from it, keeps guests from fleeing there. */
  recent: 600_000,
  /** How long a host is left out that a guest could not move to. */
  retryAfter: 120_000,
  /** How many are remembered, those that are over first to go. */
  kept: 1_000,
} as const;

/** Admission of new connections, where a guest's policy says nothing else. */
export const admission = {
  /** New connections from outside that a bridge lets a guest have in a second. */
  perSecond: 1_000,
  /** The same while a flood from spoofed sources is on. */
  perSecondInFlood: 100,
  most: 1_000_000,
  /** Networks that a guest's clients have come from, whose new connections a flood does not crowd out: the newest ones. */
  knownNetworks: 128,
} as const;

/** What is left of a move, and when it goes. The first two are defaults of a topology's `drain`. */
export const drain = {
  /**
   * An anchor that has relayed nothing for this long has drained: 2 h 4 min, the least that a NAT may forget an
   * established TCP connection after (RFC 5382, REQ-5). So whoever uses TCP's keepalive (every 2 h) is never cut.
   */
  idle: 7_440_000,
  /** How long a care-of address that was given back is kept from other guests. */
  quarantine: 3_600_000,
  idleLeast: 1_000,
  /** 30 days. */
  idleMost: 2_592_000_000,
  /** How often relays' counters are read, at most and at least: a quarter of `idle` in between. */
  lookMost: 15_000,
  lookLeast: 500,
  /** How long a guest may be seen nowhere before what it left is taken away: libvirt's daemons have no order. */
  absence: 10_000,
} as const;

/**
 * After how many seconds conntrack forgets a connection of a guest. Established TCP: OVS's own default for its
 * user-space conntrack, and never less than `drain` leaves it. UDP: what a NAT should do (RFC 4787, REQ-5), while
 * OVS's own 30 s would close an anchor that admits only what is established to an application that pauses.
 */
export const conntrack = {
  tcpEstablished: 86_400,
  udpMultiple: 300,
  /**
   * What nobody has answered, or only half: short, so that what a flood opens is gone soon. OVS's own are 30 s for
   * a handshake and 60 s for the first datagram.
   */
  tcpHandshake: 10,
  unanswered: 10,
  /** By how much it outlives the anchor. */
  margin: 3_600,
} as const;

/** The longest blackout that a migration may cause by what memory is left to copy, unless it is told otherwise. */
export const DEFAULT_MAX_BLACKOUT_MS = 100;

/** Migrations, and how they are steered. */
export const migration = {
  /** What users may ask for as the longest blackout. */
  maxBlackoutMsLeast: 1,
  maxBlackoutMsMost: 10_000,
  /** How many are remembered, the oldest first to go; see controller/network/history.ts for those that stay. */
  kept: 1_000,
  /** Copies that a host takes part in at a time; more migrations wait for their turn. */
  copiesAtATime: 2,
  /** How long a migration waits for bridges and daemons that are not there, and how often it looks. */
  readyPatience: 10_000,
  readyInterval: 100,
  /** How often a copy is looked at; and near its end. */
  lookInterval: 50,
  closeLookInterval: 10,
  /** And after a look that failed: libvirtd may be away for a while. */
  failedLookInterval: 1_000,
  /** How often a migration is looked at whose end nobody will tell. */
  followInterval: 500,
  /** How long its end must look the same: when both daemons agree, and when one is silent or they do not. */
  settled: 1_500,
  unclear: 15_000,
  /** For how long copies may go at least before the switchover: QEMU comes to it once in 100 ms, and may miss one of these. */
  leastLead: 100,
  /** From its resume until a guest reads what waits for it, at most: an emulated one has to translate its code anew. */
  guestRestart: 100,
  /** How often the packets that go to the guest are counted. */
  countInterval: 1_000,
  /** After a guest has resumed: how long its own announcement is waited for (strategy `rarp`). */
  announcementPatience: 1_000,
} as const;

/** What QEMU is told while it copies a guest's memory: see apps/migration/steering.ts. */
export const steering = {
  /** QEMU sends in windows of this length (migration.c, BUFFER_DELAY). */
  window: 100,
  /**
   * The longest downtime, in milliseconds, that it is allowed to begin with. With 1 it passed over the few pages that a guest
   * dirties again and again, within milliseconds: thirteen times in a move that was looked at.
   */
  firstDowntime: 10,
  /** The same for `bicast`, which has to be ahead of a guest that converges by itself. With 0 each guest under load converged at once. */
  leastDowntime: 1,
  /** Passes that a guest is given to converge by itself. */
  freePasses: 4,
  /** At the longest downtime: passes, and time, after which it is said that the guest does not converge. */
  patientPasses: 10,
  patience: 3_000,
  /** At any downtime: passes, and time, in which what is left has not shrunk below this share. */
  stuckPasses: 2,
  stuckFor: 3_000,
  stuckShare: 0.9,
  /** Whole passes before post-copy: most memory is there then. */
  passesBeforePostCopy: 2,
  /** `bicast`: what is left when the approach begins, at least; what three windows send, if that is more. */
  approachBytes: 4_194_304,
  /** The first pass nears its end when no more is left of it than so many windows send. */
  nearWindows: 1.5,
  /** For how long QEMU needs from there, when it is not held. */
  approach: 500,
  /** For how long the ration is halved, at most. */
  approachPatience: 10_000,
  /** What is left when copying to both begins: two windows at 1 MiB/s, the least speed that libvirt can set. */
  nextToNothingBytes: 209_715,
  /** A guest that gets as many packets a second dirties more memory in a window than the least ration. */
  neverIdlePackets: 2_000,
  /**
   * How long before the window in which the switchover comes copying to both begins: as much as looks may be late to see when
   * windows begin, and some.
   */
  lead: 35,
  /** Within which time of a window orders are given to a guest under load, so that they are taken before it ends. */
  early: 80,
  /** By how much a window may begin later than 100 ms after the one before, as it was seen. */
  drift: 2,
  /** In which what the last pass leaves can be sent, at most. */
  lastPass: 20,
  /** For how long the anchors may take to begin copying to both. */
  anchorPatience: 1_000,
} as const;

/** Updates of names at a name server. */
export const dns = {
  /** From connecting to the answer. */
  answerTimeout: 2_000,
  /** How far apart, in seconds, the clocks of two parties may be: what RFC 8945, section 10, recommends. */
  fudgeSeconds: 300,
  /** After an update that failed: the wait until the next attempt, doubled each time, up to the maximum. */
  retryMinimum: 250,
  retryMaximum: 15_000,
  /** Updates that are under way at a time. */
  atATime: 8,
} as const;

/** Routing. */
export const routing = {
  /** How often a gateway is asked for its MAC address: while it has not answered, and after that. */
  gatewayRetry: 250,
  gatewayRefresh: 15_000,
} as const;

/** The HTTP API. */
export const api = {
  /** The largest body of a request. */
  bodyBytes: 65_536,
  /** How long a request may take to arrive. */
  requestTimeout: 10_000,
  /** How long a reader of a long answer may take none of it. */
  readerPatience: 30_000,
  /** How long a client waits for an answer. */
  clientTimeout: 15_000,
  /** The same for a bridge's flows, which OVS may take up to a minute to tell. */
  clientFlowsTimeout: 65_000,
  /** How long a client takes a silent stream of events for alive: two heartbeats, and some. */
  eventSilence: 40_000,
  /** Events that may wait for a reader before it is dropped, in bytes. */
  eventBacklogBytes: 1_048_576,
  /** How often a reader of events is told that the connection lives, so that nothing in between cuts it. */
  eventHeartbeat: 15_000,
  /** Readers of events at a time. */
  eventReaders: 64,
} as const;

/** Benchmarks. */
export const bench = {
  /** The longest that a command in a namespace, or of Open vSwitch, may take. */
  command: 120_000,
  /** From a daemon's start to its socket being there. */
  daemonStart: 10_000,
  /** From a server's start to its listening. */
  listening: 30_000,
} as const;

/** The command line. */
export const cli = {
  /** How long the state of a migration that is followed is believed without an event; its spinner shows no more. */
  lookInterval: 30_000,
  /** How often a migration is looked at that only libvirt's last word keeps from having ended. */
  endInterval: 200,
  /** While a migration is followed: between two attempts to reach the controller again, and how long they go on. */
  reconnectInterval: 500,
  reconnectPatience: 60_000,
  /** After a migration has completed, how long QEMU's account of the blackout is waited for. */
  blackoutPatience: 3_000,
  /** After a migration has failed, how long its rollback is waited for. */
  rollbackPatience: 15_000,
  /** How often the spinner turns. */
  spinnerInterval: 100,
  /** The longest line of JSON that `openflow encode` takes, in UTF-16 code units; a message of 64 KiB needs less. */
  jsonLine: 16_777_216,
} as const;
