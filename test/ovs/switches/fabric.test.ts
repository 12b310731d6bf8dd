/** Two controllers and one real bridge: a controller that has been replaced changes nothing any more, and says so. */
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../../controller/clock.ts';
import { Fabric } from '../../../controller/switches/fabric.ts';
import { FlowList } from '../../../controller/switches/flow.ts';
import { cookie } from '../../../controller/switches/pipeline.ts';
import { SwitchSession } from '../../../controller/switches/session.ts';
import { OpenVSwitch } from '../support/open-vswitch.ts';
import { network } from './network.ts';

const BRIDGE = 'br-int';
const HOST = 'west';
const PATIENCE = { timeout: 10_000 };

let ovs: OpenVSwitch;
beforeAll(async () => {
  ovs = await OpenVSwitch.start();
  await ovs.addBridge(BRIDGE);
  const { datapathId } = network(HOST).bridges.get(HOST)!;
  await ovs.vsctl('set', 'bridge', BRIDGE, `other_config:datapath-id=${datapathId}`);
});
afterAll(() => ovs.stop());

/** Wants one flow, whose priority tells who wants it and in which state of the network. */
class Controller {
  readonly errors: string[] = [];
  readonly fabric: Fabric;
  readonly #socket: string;
  readonly #server: Server;
  #latest: SwitchSession | undefined;

  constructor(epoch: bigint) {
    this.#socket = ovs.path(`controller-${epoch}`);
    const flow = (priority: number) => () =>
      new FlowList(cookie('routing', 'bridge', 0)).add('classify', priority, {}, [[]]).flows;
    this.fabric = new Fabric(
      network(HOST),
      (_view, { drain }) => [
        { key: 'test', inputs: [drain], flows: flow(Number(epoch) * 100 + drain.idle / 60_000) },
      ],
      epoch,
      systemClock,
      {
        onFresh: () => undefined,
        onReady: () => undefined,
        onLost: () => undefined,
        onMessage: () => undefined,
        onError: (_host, error) => this.errors.push(error.message),
      },
    );
    this.#server = createServer((socket) => {
      SwitchSession.open(socket, systemClock, {
        onMessage: (message, session) => this.fabric.message(session, message),
        onClosed: (_reason, session) => this.fabric.switchClosed(session),
      }).then(
        (session) => {
          this.#latest = session;
          this.fabric.switchConnected(session);
        },
        () => undefined, // a bridge that is told of another controller hangs up, and comes again
      );
    });
  }

  get target(): string {
    return `unix:${this.#socket}`;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#socket, resolve));
  }

  /** Wants another flow than before. */
  change(): void {
    this.fabric.update({ ...network(HOST), drain: { idle: 2 * 60_000, quarantine: 60_000 } });
  }

  hangUp(): void {
    this.#latest?.close();
  }

  close(): void {
    this.#server.close();
    this.hangUp();
  }
}

async function priorities(): Promise<number[]> {
  const flows = await ovs.ofctl(['--no-stats', 'dump-flows'], BRIDGE);
  return [...flows.matchAll(/priority=(\d+)/g)].map(([, priority]) => Number(priority));
}

test('the older of two controllers is refused, and says so; the bridge obeys the newer one', async () => {
  const [older, newer] = [new Controller(1n), new Controller(2n)];
  try {
    await Promise.all([older.listen(), newer.listen()]);
    await ovs.vsctl('set-controller', BRIDGE, older.target);
    await expect.poll(() => older.fabric.ready(HOST), PATIENCE).toBe(true);
    expect(await priorities()).toEqual([101]);

    await ovs.vsctl('set-controller', BRIDGE, older.target, newer.target);
    await expect.poll(() => newer.fabric.ready(HOST), PATIENCE).toBe(true);
    expect(await priorities()).toEqual([201]);
    const replaced = expect.stringMatching(
      /^switch \S+ obeys a controller that was started after this one \(whose epoch is 1\), and refuses what this one wants: end this one, or the other$/,
    ) as string;
    await expect.poll(() => older.errors, PATIENCE).toEqual([replaced]);

    // In its session of before, and in a new one.
    older.change();
    await expect
      .poll(() => older.errors, PATIENCE)
      .toContainEqual(expect.stringContaining('OFPBRC_IS_SECONDARY'));
    older.errors.length = 0;
    older.hangUp();
    await expect.poll(() => older.errors, PATIENCE).toContainEqual(replaced);
    expect(older.fabric.ready(HOST)).toBe(false);
    expect(await priorities()).toEqual([201]);

    newer.change();
    await newer.fabric.settled();
    expect(await priorities()).toEqual([202]);
    expect(newer.errors).toEqual([]);
  } finally {
    older.close();
    newer.close();
  }
});
