import { describe, expect, it } from 'vitest';
import { XdrTruncatedError } from '../../../controller/libvirt/errors.ts';
import { domainState } from '../../../controller/libvirt/domain-state.ts';
import { eventReader } from '../../../controller/libvirt/events.ts';
import type { ReceivedEvent } from '../../../controller/libvirt/events.ts';
import { MessageSplitter } from '../../../controller/libvirt/message.ts';
import type { Message } from '../../../controller/libvirt/message.ts';
import { XdrReader, XdrWriter } from '../../../controller/libvirt/xdr.ts';
import { recordedEvents } from './recorded.ts';

const uuid = '6a1f0f1c-3f0a-4c3e-9d0e-0123456789ab';
const receivedAt = 1_795_416_209_514.25;

function message(hex: string): Message {
  return [...new MessageSplitter().push(Buffer.from(hex, 'hex'))][0]!;
}

function read({ header, payload }: Message): ReceivedEvent {
  const reader = new XdrReader(payload, 'an event');
  const received = eventReader(header.program, header.procedure)!(reader, receivedAt);
  reader.end();
  return received;
}

const expected: { [Name in keyof typeof recordedEvents]: object } = {
  definedAdded: { kind: 'lifecycle', event: 'defined', detail: 'added' },
  startedMigrated: { kind: 'lifecycle', event: 'started', detail: 'migrated' },
  suspendedMigrated: { kind: 'lifecycle', event: 'suspended', detail: 'migrated' },
  resumedMigrated: { kind: 'lifecycle', event: 'resumed', detail: 'migrated' },
  stoppedMigrated: { kind: 'lifecycle', event: 'stopped', detail: 'migrated' },
  reboot: { kind: 'reboot' },
  deviceAdded: { kind: 'device-added', device: 'ua-tablet' },
  deviceRemoved: { kind: 'device-removed', device: 'ua-tablet' },
  migrationIteration: { kind: 'migration-iteration', iteration: 1 },
  jobCompleted: {
    kind: 'job-completed',
    stats: {
      operation: 'migration_out',
      timeElapsed: 848,
      timeElapsedNet: 842,
      downtime: 37,
      downtimeNet: 31,
      setupTime: 1,
      dataTotal: 67_764_224,
      dataProcessed: 1_209_563,
      dataRemaining: 0,
      memoryTotal: 67_764_224,
      memoryProcessed: 1_209_563,
      memoryRemaining: 0,
      memoryBps: 89_481_200,
      memoryConstant: 16_285,
      memoryNormal: 259,
      memoryNormalBytes: 1_060_864,
      memoryDirtyRate: 0,
      memoryIteration: 2,
      memoryPostcopyRequests: 0,
      memoryPageSize: 4_096,
      diskTotal: 0,
      diskProcessed: 0,
      diskRemaining: 0,
    },
  },
  monitorStop: { kind: 'monitor', event: 'STOP', details: undefined },
  monitorMigration: { kind: 'monitor', event: 'MIGRATION', details: { status: 'setup' } },
};

describe.each(Object.entries(expected))('the event %s', (name, event) => {
  const recorded = message(recordedEvents[name as keyof typeof recordedEvents]);

  it('is read from what libvirtd sent', () => {
    expect(read(recorded).event).toMatchObject({ ...event, domain: { name: 'guest0', uuid }, receivedAt });
  });

  it('is refused when it is cut short', () => {
    for (let length = 0; length < recorded.payload.length; length += 4) {
      expect(() => read({ header: recorded.header, payload: recorded.payload.subarray(0, length) })).toThrow(
        XdrTruncatedError,
      );
    }
  });
});

describe("a monitor event's stamp", () => {
  it("is QEMU's, to the microsecond", () => {
    const { event } = read(message(recordedEvents.monitorStop));
    expect(event).toMatchObject({ kind: 'monitor' });
    if (event.kind !== 'monitor') return;
    expect(event.qemuTime).toBeCloseTo(event.seconds * 1_000 + event.micros / 1_000, 3);
    expect(new Date(event.qemuTime).toISOString()).toMatch(/^2026-11-23T06:49:08\.77/);
  });
});

describe('an event that is newer than we are', () => {
  it('is unknown, not an error, when the detail is new', () => {
    const { header, payload } = message(recordedEvents.suspendedMigrated);
    const bytes = Buffer.from(payload);
    bytes.writeInt32BE(77, bytes.length - 4);
    expect(read({ header, payload: bytes }).event).toMatchObject({ event: 'suspended', detail: 'unknown' });
    bytes.writeInt32BE(99, bytes.length - 8);
    expect(read({ header, payload: bytes }).event).toMatchObject({ event: 'unknown', detail: 'unknown' });
  });

  it('has no reader when the kind is new', () => expect(eventReader(0x2000_8086, 9_999)).toBeUndefined());
});

describe('a block job event', () => {
  it('is read as remote_protocol.x lays it out', () => {
    const writer = new XdrWriter();
    writer.int(3);
    writer.string('g', 10);
    writer.fixedOpaque(Buffer.from(uuid.replaceAll('-', ''), 'hex'));
    writer.int(1);
    writer.string('vda', 10);
    writer.int(2);
    writer.int(3);
    const header = { program: 0x2000_8086, version: 1, procedure: 339, type: 2, serial: 0, status: 0 };
    expect(read({ header, payload: writer.take() })).toEqual({
      callbackId: 3,
      event: {
        kind: 'block-job',
        domain: { name: 'g', uuid, id: 1 },
        disk: 'vda',
        type: 'copy',
        status: 'ready',
        receivedAt,
      },
    });
  });
});

describe('the state of a domain', () => {
  it('has the names of libvirt', () => {
    expect(domainState(1, 2)).toEqual({ state: 'running', reason: 'migrated' });
    expect(domainState(3, 2)).toEqual({ state: 'paused', reason: 'migration' });
    expect(domainState(5, 4)).toEqual({ state: 'shutoff', reason: 'migrated' });
  });

  it('is unknown where it is newer than we are', () => {
    expect(domainState(1, 99)).toEqual({ state: 'running', reason: 'unknown' });
    expect(domainState(99, 0)).toEqual({ state: 'unknown', reason: 'unknown' });
    expect(domainState(-1, -1)).toEqual({ state: 'unknown', reason: 'unknown' });
  });
});
