import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isLibvirtError,
  LibvirtArgumentError,
  LibvirtCallError,
  XdrLengthError,
  XdrTruncatedError,
  XdrValueError,
} from '../../../controller/libvirt/errors.ts';
import { flagBits, migrateFlags } from '../../../controller/libvirt/flags.ts';
import { jobStats } from '../../../controller/libvirt/job-stats.ts';
import { encodeMessage, messageTypes, MessageSplitter } from '../../../controller/libvirt/message.ts';
import type { Message } from '../../../controller/libvirt/message.ts';
import { migrateParams } from '../../../controller/libvirt/migration.ts';
import { authTypes, features, procedures, readRemoteError } from '../../../controller/libvirt/procedures.ts';
import type { Procedure } from '../../../controller/libvirt/procedures.ts';
import { XdrReader, XdrWriter } from '../../../controller/libvirt/xdr.ts';
import type { TypedParam } from '../../../controller/libvirt/typed-params.ts';
import { givenXml, migratableXml, runningXml } from './guest-xml.ts';
import { recordedCalls, recordedErrors } from './recorded.ts';

const active = { name: 'guest0', uuid: '6a1f0f1c-3f0a-4c3e-9d0e-0123456789ab', id: 4 } as const;
const inactive = { ...active, id: -1 } as const;

const completed = {
  time_elapsed: 856,
  time_elapsed_net: 852,
  downtime: 43,
  downtime_net: 39,
  setup_time: 2,
  data_total: 67_764_224,
  data_processed: 1_271_022,
  data_remaining: 0,
  memory_total: 67_764_224,
  memory_processed: 1_271_022,
  memory_remaining: 0,
  memory_bps: 40_105_657,
  memory_constant: 16_273,
  memory_normal: 274,
  memory_normal_bytes: 1_122_304,
  memory_dirty_rate: 0,
  memory_iteration: 2,
  memory_postcopy_requests: 0,
  memory_page_size: 4_096,
  disk_total: 0,
  disk_processed: 0,
  disk_remaining: 0,
};

const completedParams: TypedParam[] = [
  { field: 'operation', type: 'int', value: 4 },
  ...Object.entries(completed).map(([field, value]): TypedParam => ({
    field,
    type: 'ullong',
    value: BigInt(value),
  })),
];

function message(hex: string): Message {
  return [...new MessageSplitter().push(Buffer.from(hex, 'hex'))][0]!;
}

/** What virsh asked for, as our arguments, and what libvirtd answered, as our result. */
const expected: { [Name in keyof typeof recordedCalls]: { args: unknown; result: unknown } } = {
  connectOpen: { args: { name: 'qemu:///system', flags: 0 }, result: undefined },
  connectClose: { args: undefined, result: undefined },
  connectGetVersion: { args: undefined, result: 7_002_022 },
  connectGetLibVersion: { args: undefined, result: 9_000_000 },
  connectGetHostname: { args: undefined, result: 'hv-a' },
  connectSupportsFeature: { args: { feature: features.programKeepalive }, result: true },
  connectListAllDomains: { args: { flags: 3 }, result: [] },
  nodeGetInfo: {
    args: undefined,
    result: {
      model: 'x86_64',
      memory: 4_810_968,
      cpus: 2,
      mhz: 2_596,
      nodes: 1,
      sockets: 1,
      cores: 2,
      threads: 1,
    },
  },
  authList: { args: undefined, result: [authTypes.none] },
  domainCreateXml: { args: { xml: givenXml, flags: 1 }, result: { ...inactive, id: 6 } },
  domainCreateWithFlags: { args: { domain: inactive, flags: 1 }, result: active },
  domainGetXmlDesc: { args: { domain: active, flags: 0 }, result: runningXml },
  domainGetInfo: {
    args: { domain: active },
    result: { state: 3, maxMem: 65_536, memory: 65_536, nrVirtCpu: 1, cpuTime: 230_000_000n },
  },
  domainGetState: { args: { domain: active, flags: 0 }, result: { state: 3, reason: 1 } },
  domainLookupById: { args: { id: 4 }, result: active },
  domainLookupByName: { args: { name: 'guest0' }, result: inactive },
  domainLookupByUuid: { args: { uuid: active.uuid }, result: active },
  domainResume: { args: { domain: active }, result: undefined },
  domainSuspend: { args: { domain: active }, result: undefined },
  domainShutdownFlags: { args: { domain: { ...active, id: 4 }, flags: 1 }, result: undefined },
  domainDestroyFlags: { args: { domain: { ...active, id: 5 }, flags: 1 }, result: undefined },
  domainUndefineFlags: { args: { domain: inactive, flags: 4 }, result: undefined },
  domainInterfaceStats: {
    args: { domain: active, device: 'vnet0' },
    result: {
      rxBytes: 176,
      rxPackets: 2,
      rxErrs: 0,
      rxDrop: 0,
      txBytes: 0,
      txPackets: 0,
      txErrs: 0,
      txDrop: 0,
    },
  },
  domainMemoryStats: {
    args: { domain: active, maxStats: 13, flags: 0 },
    result: [
      { tag: 6, value: 65_536 },
      { tag: 9, value: 0 },
      { tag: 7, value: 42_784 },
    ],
  },
  domainGetJobInfo: {
    args: { domain: active },
    result: {
      type: 2,
      timeElapsed: 500,
      timeRemaining: 0,
      dataTotal: 0,
      dataProcessed: 0,
      dataRemaining: 0,
      memTotal: 0,
      memProcessed: 0,
      memRemaining: 0,
      fileTotal: 0,
      fileProcessed: 0,
      fileRemaining: 0,
    },
  },
  domainGetJobStats: {
    args: { domain: { ...active, id: 5 }, flags: 3 },
    result: { type: 3, params: completedParams },
  },
  domainMigrateSetMaxDowntime: { args: { domain: active, downtime: 250, flags: 0 }, result: undefined },
  domainMigrateGetMaxDowntime: { args: { domain: active, flags: 0 }, result: 250 },
  domainMigrateSetMaxSpeed: { args: { domain: active, bandwidth: 100, flags: 0 }, result: undefined },
  domainMigrateGetMaxSpeed: { args: { domain: active, flags: 0 }, result: 100 },
  domainMigratePerform3Params: {
    args: {
      domain: active,
      dconnuri: 'qemu+tcp://10.77.0.2/system',
      params: [
        { field: 'migrate_uri', type: 'string', value: 'tcp://10.77.0.2' },
        { field: 'listen_address', type: 'string', value: '0.0.0.0' },
        { field: 'destination_xml', type: 'string', value: migratableXml },
        { field: 'bandwidth', type: 'ullong', value: 200n },
      ],
      flags: flagBits(
        migrateFlags,
        { live: true, peer2peer: true, persistDest: true, undefineSource: true },
        'a test',
      ),
    },
    result: new Uint8Array(0),
  },
  connectDomainEventCallbackRegisterAny: { args: { eventId: 0, domain: undefined }, result: 36 },
  connectRegisterCloseCallback: { args: undefined, result: undefined },
  qemuDomainMonitorCommand: {
    args: { domain: active, command: '{"execute":"query-status"}', flags: 0 },
    result: '{"return":{"status":"running","singlestep":false,"running":true},"id":"libvirt-422"}',
  },
  qemuConnectDomainMonitorEventRegister: {
    args: { domain: undefined, event: undefined, flags: 0 },
    result: 35,
  },
};

describe.each(Object.entries(expected))('%s', (name, { args, result }) => {
  const recorded = recordedCalls[name as keyof typeof recordedCalls];
  const procedure = procedures[name as keyof typeof recordedCalls] as unknown as Procedure<unknown, unknown>;
  const call = message(recorded.call);
  const reply = message(recorded.reply);

  it('is called with the same bytes as by virsh', () => {
    const header = {
      program: procedure.program,
      version: 1,
      procedure: procedure.number,
      type: messageTypes.call,
      serial: call.header.serial,
      status: 0,
    };
    const bytes = encodeMessage(new XdrWriter(), header, (writer) => procedure.write(writer, args));
    expect(bytes.toString('hex')).toBe(recorded.call);
  });

  it('has its result read to the last byte', () => {
    const reader = new XdrReader(reply.payload, name);
    expect(procedure.read(reader)).toEqual(result);
    reader.end();
  });

  it('has no result when the reply is cut short', () => {
    for (let length = 0; length < reply.payload.length; length += 4) {
      expect(() => procedure.read(new XdrReader(reply.payload.subarray(0, length), name))).toThrow(
        XdrTruncatedError,
      );
    }
  });
});

describe('an error of libvirtd', () => {
  it("says what failed, on which domain, where, and why, in libvirt's own words", () => {
    const { payload } = message(recordedErrors.domainLookupByName.reply);
    const reader = new XdrReader(payload, 'an error');
    const error = new LibvirtCallError('domain_lookup_by_name', 'guest0', 'hv1', readRemoteError(reader));
    reader.end();
    expect(error).toMatchObject({
      name: 'LibvirtCallError',
      code: 'LIBVIRT_CALL',
      errorName: 'VIR_ERR_NO_DOMAIN',
      errorNumber: 42,
      from: 'VIR_FROM_QEMU',
      level: 'error',
      procedure: 'domain_lookup_by_name',
      about: 'guest0',
      libvirtMessage: "Domain not found: no domain with matching name 'guest0'",
      message:
        "domain_lookup_by_name on 'guest0' at hv1: Domain not found: no domain with matching name 'guest0' " +
        '(VIR_ERR_NO_DOMAIN, VIR_FROM_QEMU)',
    });
    expect(isLibvirtError(error, 'VIR_ERR_NO_DOMAIN')).toBe(true);
    expect(isLibvirtError(error, 'VIR_ERR_OPERATION_INVALID')).toBe(false);
  });

  it('keeps its numbers when they are newer than we are', () => {
    const error = new LibvirtCallError('x', undefined, 'hv1', {
      number: 999,
      domain: 998,
      level: 2,
      message: undefined,
    });
    expect(error).toMatchObject({
      errorName: 'VIR_ERR_999',
      from: 'VIR_FROM_998',
      libvirtMessage: 'no message',
    });
  });
});

describe('the parameters of a migration', () => {
  it('have the names and the types that libvirt wants', () => {
    const params = migrateParams({
      destination: 'qemu+tcp://hv2/system',
      flags: {},
      uri: 'tcp://hv2',
      destinationName: 'n',
      destinationXml: '<d/>',
      persistentXml: '<p/>',
      bandwidth: 1,
      bandwidthPostcopy: 2,
      graphicsUri: 'g',
      listenAddress: '::',
      migrateDisks: ['vda', 'vdb'],
      disksPort: 3,
      disksUri: 'u',
      compression: ['xbzrle'],
      autoConvergeInitial: 4,
      autoConvergeIncrement: 5,
      parallelConnections: 6,
      tlsDestination: 't',
    });
    expect(params.map(({ field, type, value }) => `${field} ${type} ${value}`)).toEqual([
      'migrate_uri string tcp://hv2',
      'destination_name string n',
      'destination_xml string <d/>',
      'persistent_xml string <p/>',
      'bandwidth ullong 1',
      'bandwidth.postcopy ullong 2',
      'graphics_uri string g',
      'listen_address string ::',
      'migrate_disks string vda',
      'migrate_disks string vdb',
      'disks_port int 3',
      'disks_uri string u',
      'compression string xbzrle',
      'auto_converge.initial int 4',
      'auto_converge.increment int 5',
      'parallel.connections int 6',
      'tls.destination string t',
    ]);
  });

  it('are refused when they are not whole numbers', () => {
    for (const bandwidth of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => migrateParams({ destination: 'd', flags: {}, bandwidth })).toThrow(LibvirtArgumentError);
    }
  });
});

describe('flags', () => {
  it('are refused by name when there is no such flag', () => {
    const flags = { live: true, alive: true, toString: true };
    expect(() => flagBits(migrateFlags, flags, 'a migration')).toThrow(
      "a migration has no flag 'alive'; it has live",
    );
    expect(() => flagBits(migrateFlags, { toString: true } as object, 'a migration')).toThrow(
      LibvirtArgumentError,
    );
  });

  it('count only when they are true', () =>
    expect(flagBits(migrateFlags, { live: false, paused: true }, 'x')).toBe(32));
});

describe('the statistics of a job', () => {
  it('are the numbers that libvirt gives, by our names', () => {
    expect(jobStats(completedParams)).toMatchObject({
      operation: 'migration_in',
      downtime: 43,
      downtimeNet: 39,
      memoryRemaining: 0,
      memoryIteration: 2,
      memoryDirtyRate: 0,
    });
  });

  it('leave out what they do not know', () => {
    const params: TypedParam[] = [
      { field: 'of_tomorrow', type: 'ullong', value: 1n },
      { field: 'success', type: 'boolean', value: false },
      { field: 'errmsg', type: 'string', value: 'no' },
    ];
    expect(jobStats(params)).toEqual({ success: false, errmsg: 'no' });
  });
});

describe('damaged replies', () => {
  const replies = Object.entries(recordedCalls).map(([name, { reply }]) => ({
    read: (reader: XdrReader): unknown => procedures[name as keyof typeof recordedCalls].read(reader),
    payload: message(reply).payload,
  }));
  replies.push({ read: readRemoteError, payload: message(recordedErrors.domainLookupByName.reply).payload });

  it('give a result or a named error, and never allocate what they only announce', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...replies.filter(({ payload }) => payload.length > 0)),
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 8 }),
        ({ read, payload }, damage) => {
          const bytes = Uint8Array.from(payload);
          for (const [at, value] of damage) bytes[at % bytes.length] = value;
          try {
            read(new XdrReader(bytes, 'a damaged reply'));
          } catch (error) {
            expect([XdrTruncatedError, XdrLengthError, XdrValueError].some((e) => error instanceof e)).toBe(
              true,
            );
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
