/**
 * Domains for the fake libvirtd: enough of libvirt's behaviour that one suite can be put to it and to the real one.
 */
import { readDomain, uuidText, writeDomain } from '../../../controller/libvirt/domain-ref.ts';
import type { DomainRef } from '../../../controller/libvirt/domain-ref.ts';
import { describeDomain } from '../../../controller/libvirt/domain-xml.ts';
import { programs } from '../../../controller/libvirt/message.ts';
import type { FakeCall, FakeConnection, FakeLibvirtd } from './fake-libvirtd.ts';

interface FakeDomain {
  ref: DomainRef;
  readonly xml: string;
  persistent: boolean;
  state: number;
  reason: number;
}

interface Registration {
  readonly connection: FakeConnection;
  readonly callbackId: number;
  readonly program: number;
  /** Of a domain event its ID, of a monitor event its name. */
  readonly wanted: number | string;
}

const TEXT_MAX = 4_194_304;
const [RUNNING, PAUSED, SHUTOFF] = [1, 3, 5];
const [NO_DOMAIN, OPERATION_INVALID, XML_ERROR, INVALID_ARG] = [42, 55, 27, 8];
const LIFECYCLE = 0;
const LIFECYCLE_EVENT = 318;
const MONITOR_EVENT = 6;

/** Gives `fake` a store of domains. */
export function addFakeDomains(fake: FakeLibvirtd): void {
  const domains = new Map<string, FakeDomain>();
  const registrations: Registration[] = [];
  let nextId = 1;
  let nextCallbackId = 0;

  const lifecycle = (domain: DomainRef, event: number, detail: number): void => {
    for (const { connection, callbackId, wanted } of registrations) {
      if (wanted !== LIFECYCLE) continue;
      connection.sendEvent(LIFECYCLE_EVENT, (w) => {
        w.int(callbackId);
        writeDomain(w, domain);
        w.int(event);
        w.int(detail);
      });
    }
  };
  const monitor = (domain: DomainRef, event: string): void => {
    for (const { connection, callbackId, wanted } of registrations) {
      if (wanted !== event) continue;
      const write = (w: Parameters<Parameters<FakeConnection['sendEvent']>[1]>[0]): void => {
        w.int(callbackId);
        writeDomain(w, domain);
        w.string(event, TEXT_MAX);
        w.hyper(BigInt(Math.floor(Date.now() / 1_000)));
        w.uint((Date.now() % 1_000) * 1_000);
        w.bool(false);
      };
      connection.sendEvent(MONITOR_EVENT, write, programs.qemu);
    }
  };
  const noDomain = (call: FakeCall): void => call.fail(NO_DOMAIN, 'Domain not found');
  const withDomain = (act: (call: FakeCall, domain: FakeDomain) => void) => (call: FakeCall) => {
    const domain = domains.get(readDomain(call.args).uuid);
    if (domain === undefined) noDomain(call);
    else act(call, domain);
  };
  const active = (act: (call: FakeCall, domain: FakeDomain) => void): ((call: FakeCall) => void) =>
    withDomain((call, domain) => {
      if (domain.state === SHUTOFF) call.fail(OPERATION_INVALID, 'domain is not running');
      else act(call, domain);
    });
  const replyDomain = (call: FakeCall, domain: FakeDomain | undefined): void => {
    if (domain === undefined) noDomain(call);
    else call.reply((w) => writeDomain(w, domain.ref));
  };
  const define = (call: FakeCall): FakeDomain | undefined => {
    const xml = call.args.string(TEXT_MAX);
    try {
      const { name, uuid } = describeDomain(xml);
      const domain = {
        ref: { name, uuid: uuid!, id: -1 },
        xml,
        persistent: false,
        state: SHUTOFF,
        reason: 0,
      };
      domains.set(uuid!, domain);
      return domain;
    } catch {
      call.fail(XML_ERROR, 'XML error');
      return undefined;
    }
  };
  const start = (domain: FakeDomain, paused: boolean): void => {
    domain.ref = { ...domain.ref, id: nextId };
    nextId += 1;
    [domain.state, domain.reason] = paused ? [PAUSED, 1] : [RUNNING, 1];
    if (!paused) monitor(domain.ref, 'RESUME');
    lifecycle(domain.ref, 2, 0);
    lifecycle(domain.ref, paused ? 3 : 4, 0);
  };

  fake.on('connectGetHostname', (call) => call.reply((w) => w.string('fake', TEXT_MAX)));
  fake.on('connectGetUri', (call) => call.reply((w) => w.string('qemu:///system', TEXT_MAX)));
  fake.on('connectGetVersion', (call) => call.reply((w) => w.uhyper(7_002_022n)));
  fake.on('connectGetLibVersion', (call) => call.reply((w) => w.uhyper(9_000_000n)));
  fake.on('connectGetCapabilities', (call) => call.reply((w) => w.string('<capabilities/>', TEXT_MAX)));
  fake.on('nodeGetInfo', (call) =>
    call.reply((w) => {
      for (const char of Buffer.from('x86_64'.padEnd(32, '\0'))) w.int(char);
      w.uhyper(1_024n);
      for (let i = 0; i < 6; i += 1) w.int(1);
    }),
  );
  fake.on('connectListAllDomains', (call) =>
    call.reply((w) => {
      w.array([...domains.values()], 16_384, (x, domain) => writeDomain(x, domain.ref));
      w.uint(domains.size);
    }),
  );
  fake.on('domainLookupByName', (call) => {
    const name = call.args.string(TEXT_MAX);
    replyDomain(
      call,
      [...domains.values()].find((domain) => domain.ref.name === name),
    );
  });
  fake.on('domainLookupByUuid', (call) =>
    replyDomain(call, domains.get(uuidText(call.args.fixedOpaque(16)))),
  );
  fake.on('domainLookupById', (call) => {
    const id = call.args.int();
    replyDomain(
      call,
      [...domains.values()].find((domain) => domain.ref.id === id),
    );
  });
  fake.on('domainDefineXmlFlags', (call) => {
    const domain = define(call);
    if (domain === undefined) return;
    domain.persistent = true;
    lifecycle(domain.ref, 0, 0);
    replyDomain(call, domain);
  });
  fake.on('domainCreateXml', (call) => {
    const domain = define(call);
    if (domain === undefined) return;
    start(domain, (call.args.uint() & 1) === 1);
    replyDomain(call, domain);
  });
  fake.on(
    'domainCreateWithFlags',
    withDomain((call, domain) => {
      start(domain, (call.args.uint() & 1) === 1);
      replyDomain(call, domain);
    }),
  );
  fake.on(
    'domainSuspend',
    active((call, domain) => {
      [domain.state, domain.reason] = [PAUSED, 1];
      monitor(domain.ref, 'STOP');
      lifecycle(domain.ref, 3, 0);
      call.reply();
    }),
  );
  fake.on(
    'domainResume',
    active((call, domain) => {
      [domain.state, domain.reason] = [RUNNING, 5];
      monitor(domain.ref, 'RESUME');
      lifecycle(domain.ref, 4, 0);
      call.reply();
    }),
  );
  fake.on(
    'domainDestroyFlags',
    active((call, domain) => {
      const { ref } = domain;
      [domain.state, domain.reason] = [SHUTOFF, 2];
      domain.ref = { ...ref, id: -1 };
      if (!domain.persistent) domains.delete(ref.uuid);
      lifecycle(ref, 5, 1);
      call.reply();
    }),
  );
  fake.on(
    'domainUndefineFlags',
    withDomain((call, domain) => {
      domains.delete(domain.ref.uuid);
      lifecycle(domain.ref, 1, 0);
      call.reply();
    }),
  );
  fake.on(
    'domainGetState',
    withDomain((call, domain) =>
      call.reply((w) => {
        w.int(domain.state);
        w.int(domain.reason);
      }),
    ),
  );
  fake.on(
    'domainGetInfo',
    withDomain((call, domain) =>
      call.reply((w) => {
        w.uint(domain.state);
        w.uhyper(BigInt(describeDomain(domain.xml).memory));
        w.uhyper(BigInt(describeDomain(domain.xml).memory));
        w.uint(1);
        w.uhyper(1n);
      }),
    ),
  );
  fake.on(
    'domainGetXmlDesc',
    withDomain((call, domain) => call.reply((w) => w.string(domain.xml, TEXT_MAX))),
  );
  fake.on(
    'domainGetJobStats',
    active((call) =>
      call.reply((w) => {
        w.int(0);
        w.uint(0);
      }),
    ),
  );
  fake.on(
    'domainAbortJob',
    active((call) => call.fail(OPERATION_INVALID, 'no job is active on the domain')),
  );
  fake.on('connectDomainEventCallbackRegisterAny', (call) => {
    const wanted = call.args.int();
    if (registrations.some((r) => r.connection === call.connection && r.wanted === wanted)) {
      call.fail(INVALID_ARG, 'invalid argument: event callback already tracked');
      return;
    }
    const callbackId = nextCallbackId++;
    registrations.push({
      connection: call.connection,
      callbackId,
      program: programs.remote,
      wanted,
    });
    call.reply((w) => w.int(callbackId));
  });
  fake.on('qemuConnectDomainMonitorEventRegister', (call) => {
    const callbackId = nextCallbackId++;
    call.args.optional(readDomain);
    const wanted = call.args.optional((r) => r.string(TEXT_MAX)) ?? '';
    registrations.push({ connection: call.connection, callbackId, program: programs.qemu, wanted });
    call.reply((w) => w.int(callbackId));
  });
  const deregister = (program: number) => (call: FakeCall) => {
    const callbackId = call.args.int();
    const index = registrations.findIndex((r) => r.callbackId === callbackId && r.program === program);
    registrations.splice(index, 1);
    call.reply();
  };
  fake.on('connectDomainEventCallbackDeregisterAny', deregister(programs.remote));
  fake.on('qemuConnectDomainMonitorEventDeregister', deregister(programs.qemu));
}
