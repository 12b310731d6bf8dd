/**
 * What the commands that only look show, character by character.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FlowObject } from '../../../apps/api/objects.ts';
import { program } from '../../../apps/cli/program.ts';
import { admissionLimited, migrationChanged } from '../../../controller/network/changes.ts';
import { closedAnchorCookie, cookie } from '../../../controller/switches/pipeline.ts';
import { ManualClock } from '../../controller/libvirt/manual-clock.ts';
import { ask, served, stop } from '../api/ask.ts';
import { FakeController, fakeFlow, STARTED_AT } from '../api/fake-controller.ts';
import { FakeTerminal, type Result, runAt, runIn } from './fake-terminal.ts';

const NOW = STARTED_AT + 42_000;

let controller: FakeController;
let server: Server;
beforeAll(async () => {
  controller = new FakeController();
  server = await served(controller);
});
afterAll(() => stop(server));

const at = (now: number, ...args: string[]): Promise<Result> =>
  runAt(server, { clock: new ManualClock(now) }, ...args);
const shown = async (now: number, ...args: string[]): Promise<string> => {
  const result = await at(now, ...args);
  expect(result).toMatchObject({ code: 0, err: '' });
  return result.out;
};

it('status', async () => {
  expect(await shown(NOW, 'status')).toBe(
    `controller  ArcticTern 1.2.3, up for 42 s
hosts       1 of 3 connected
guests      2 of 3 running
migrations  none under way, 2 in all
`,
  );
});

it('hosts', async () => {
  expect(await shown(NOW, 'hosts')).toBe(
    `HOST  SITE  UNDERLAY   OPENFLOW      OVSDB   LIBVIRT       DATAPATH             GUESTS
a1    A     10.1.0.11  connected     seen    connected     netdev (OVS 3.1.0)   web
b1    B     10.2.0.11  reading-back  seen    connected     system (OVS 2.17.9)  db
b2    B     10.2.0.12  disconnected  unseen  disconnected  -                    -

b1: its datapath lacks ct_state_nat, check_pkt_len, which the pipeline needs
b1: conntrack was empty: TCP in mid-stream is admitted for another 18 s
`,
  );
});

it('hosts HOST', async () => {
  expect(await shown(STARTED_AT + 60_000, 'hosts', 'b1')).toBe(
    `host         b1
site         B
underlay     10.2.0.11
OpenFlow     reading-back
OVSDB        seen
libvirt      connected
datapath     system (OVS 2.17.9)
datapath id  0000000000000002
capacity     4 guests, 1024 MiB
guests       db
note         its datapath lacks ct_state_nat, check_pkt_len, which the pipeline needs
`,
  );
});

it('edges', async () => {
  expect(await shown(NOW, 'edges')).toBe(
    `EDGE  SITE  UNDERLAY  REDIRECTS  OPENFLOW   OVSDB  DATAPATH
eb    B     10.2.0.5  yes        connected  seen   netdev (OVS 3.1.0)
`,
  );
});

it('flows of an edge', async () => {
  expect(await shown(NOW, 'flows', 'eb')).toContain('eb');
});

it('guests', async () => {
  expect(await shown(NOW, 'guests')).toBe(
    `GUEST  HOST  STATE    HOME                         CARE-OF     ANCHORS  MIGRATION
web    a1    running  10.1.0.100, 2001:db8:1::100  -           a1       -
db     b1    paused   10.1.0.101                   10.2.0.200  a1, b1   -
idle   -     unknown  10.2.0.100                   -           -        -
`,
  );
});

it('guests GUEST', async () => {
  expect(await shown(NOW, 'guests', 'db')).toBe(
    `guest        db
uuid         00000000-0000-4000-8000-000000000002
host         b1
state        paused
home         10.1.0.101
care-of      10.2.0.200
mac          52:54:00:00:00:02
dns          db.example.test: unknown; 10.2.0.200 is on its way: name server 192.0.2.53 cannot be reached: no answer within 2 s
memory       256 MiB
services     -
home anchor  a1: 10.1.0.101, admits established; relayed 1,234 packets (567,890 bytes), the last 12 s ago; stays
anchor 2     b1: 10.2.0.200, admits all
migration    -
`,
  );
  expect(await shown(NOW, 'guests', 'web')).toContain('\nservices     tcp/80, udp/7\n');
});

it('migrations', async () => {
  expect(await shown(STARTED_AT + 130_000, 'migrations')).toBe(
    `MIGRATION     GUEST  FROM  TO  PHASE        BEGAN      BLACKOUT  NOTE
0123456789ab  db     a1    b1  drained      2 min ago   37.1 ms
ba9876543210  web    a1    b2  rolled-back  1 min ago         -  the destination gave the guest up
`,
  );
});

it('migrations, of reasons only the beginning', async () => {
  const before = controller.history.get('ba9876543210')!;
  controller.remembered.set(before.id, { ...before, reason: 'x'.repeat(100) });
  const [list, one] = [await shown(NOW, 'migrations'), await shown(NOW, 'migrations', before.id)];
  controller.remembered.set(before.id, before);
  expect(list).toContain(`  ${'x'.repeat(71)}…\n`);
  expect(one).toContain(`\nreason         ${'x'.repeat(100)}\n`);
});

it('migrations MIGRATION', async () => {
  expect(await shown(STARTED_AT + 130_000, 'migrations', 'ba9876543210')).toBe(
    `migration      ba9876543210
guest          web
from           a1 (10.1.0.0/24)
to             b2 (10.2.0.0/24)
strategy       redirect, admits all
relay          tunnel
begun by       somebody else
phase          rolled-back
reason         the destination gave the guest up
blackout       -
copy           -
began          1 min ago
  planned      + 0 ms
  preparing    + 1 ms
  failed       + 1 s
  rolled-back  + 1 s
`,
  );
});

describe('what is blocked', () => {
  let blocking: FakeController;
  let at: Server;
  let directory: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'arctictern-listed-'));
    blocking = new FakeController();
    at = await served(blocking);
  });
  afterAll(() => {
    stop(at);
    rmSync(directory, { recursive: true });
  });
  const run = (...args: string[]): Promise<Result> =>
    runAt(at, { clock: new ManualClock(STARTED_AT + 60_000) }, ...args);
  const says = async (...args: string[]): Promise<string> => {
    const result = await run(...args);
    expect(result).toMatchObject({ code: 0, err: '' });
    return result.out;
  };

  it('nothing, at first', async () => {
    expect(await says('blocks')).toBe(
      'Nothing is blocked. Block a source with `arctictern block ADDRESS`.\n',
    );
    expect(await says('allowed')).toBe(
      'Nothing is allowed by name. Allow a source with `arctictern allow ADDRESS`.\n',
    );
  });

  it('block', async () => {
    expect(await says('block', '203.0.113.7', '--for', '10m', '--reason', 'scans')).toBe(
      'Blocked 203.0.113.7 by block 1.\n',
    );
    expect(await says('block', '203.0.113.0/24', '2001:DB8::/48', '192.0.2.1', '--guest', 'web')).toBe(
      'Blocked 3 sources for guest web by block 2.\n',
    );
    expect(JSON.parse(await says('block', '192.0.2.9', '--json'))).toMatchObject({
      number: 3,
      sources: ['192.0.2.9'],
    });
  });

  it('block --file, in parts', async () => {
    const file = join(directory, 'listed');
    const sources = Array.from({ length: 10_001 }, (_, i) => `10.${i >> 8}.${i & 255}.1`);
    writeFileSync(file, `# a list\n\n${sources.join('  # one\n')}\n`);
    expect(await says('block', '--file', file, '--reason', 'list')).toBe(
      'Blocked 10,001 sources by block 4.\n',
    );
    expect(blocking.network.state.blocklist.blocks.get(4)).toMatchObject({ origin: 'list', count: 10_001 });
  });

  it('block --file, a part of which is refused, leaves no block', async () => {
    const file = join(directory, 'listed');
    const sources = Array.from({ length: 10_000 }, (_, i) => `11.${i >> 8}.${i & 255}.1`);
    writeFileSync(file, [...sources, '203.0.113.300'].join('\n'));
    const { blocks } = blocking.network.state.blocklist;
    expect(await run('block', '--file', file)).toMatchObject({
      code: 1,
      err: expect.stringContaining('203.0.113.300') as string,
    });
    expect([...blocking.network.state.blocklist.blocks.keys()]).toEqual([...blocks.keys()]);
  });

  it('blocks', async () => {
    expect(await says('blocks')).toBe(
      `BLOCK  SOURCES                                   GUEST  BY      LINE    BEGAN      ENDS      REASON
    1  203.0.113.7                               any    person  first   1 min ago  in 9 min  scans
    2  203.0.113.0/24, 2001:db8::/48 and 1 more  web    person  first   1 min ago  never     -
    3  192.0.2.9                                 any    person  first   1 min ago  never     -
    4  10,001                                    any    list    second  1 min ago  never     list
`,
    );
    expect(await says('blocks', '2')).toBe(
      `block    2
sources  203.0.113.0/24, 2001:db8::/48, 192.0.2.1
guest    web
by       person
line     first
began    1 min ago
ends     never
reason   -
`,
    );
  });

  it('unblock', async () => {
    expect(await says('unblock', '2001:db8::/48')).toBe('Unblocked 2001:db8::/48: it was in block 2.\n');
    expect(await says('unblock', '#4')).toBe('Took block 4 away: 10,001 sources.\n');
    expect(await run('unblock', '203.0.113.9')).toMatchObject({
      code: 1,
      err: expect.stringContaining(
        '203.0.113.9 is not blocked by itself, but block 2 covers it with 203.0.113.0/24',
      ) as string,
    });
  });

  it('allow, allowed, disallow', async () => {
    expect(await says('allow', '198.51.100.0/28', '--reason', 'the office')).toBe(
      'Allowed 198.51.100.0/28.\n',
    );
    expect(await says('allowed')).toBe(
      'SOURCE           SINCE      REASON\n198.51.100.0/28  1 min ago  the office\n',
    );
    expect(await run('block', '198.51.100.3')).toMatchObject({
      code: 1,
      err: expect.stringContaining(
        '198.51.100.3 cannot be blocked, since 198.51.100.0/28 is allowed',
      ) as string,
    });
    expect(await says('disallow', '198.51.100.0/28')).toBe('198.51.100.0/28 is no longer allowed.\n');
  });

  it.each([
    [['block'], 'nothing was named to be blocked'],
    [['block', '203.0.113.300'], 'neither an address nor a prefix'],
    [['block', '203.0.113.7', '--for', 'ever'], 'It should be a time such as'],
    [['block', '--file', '/nonexistent'], '/nonexistent cannot be read'],
    [['blocks', '9'], 'there is no block 9'],
    [['disallow', '192.0.2.0'], 'is not on the allow-list'],
  ])('%j is refused', async (args, message) => {
    expect(await run(...args)).toMatchObject({ code: 1, err: expect.stringContaining(message) as string });
  });
});

const CLASSIFY = `classify (table 0): the port a packet came in by, and whose it is; what a guest may send as
  PRIORITY  PACKETS  BYTES  OWNER                MATCH                               ACTIONS
       100       42  4,200  routing interface 1  in_port=4,dl_src=52:54:00:00:00:01  goto_table:20
`;
const DELIVER = `deliver (table 40): to the guest: its port here, or the tunnel to where it is
  PRIORITY    PACKETS        BYTES  OWNER                  MATCH     ACTIONS
        10  1,234,567  987,654,321  migration interface 2  reg0=0x2  output:7
`;
const FOREIGN = `table 200: not of ArcticTern's pipeline
  PRIORITY  PACKETS  BYTES  OWNER    MATCH  ACTIONS
         1        3    180  foreign  any    output:1
`;

/** A first line, and admission at the anchors of two guests; what they match and do is of no matter here. */
const defenceFlows = [
  { table: 10, priority: 100, cookie: cookie('defence', 'block', 1), packets: 42n },
  { table: 10, priority: 0, cookie: cookie('defence', 'bridge', 0), packets: 9n },
  { table: 33, priority: 210, cookie: closedAnchorCookie('defence', 2, 1), packets: 8n },
  { table: 33, priority: 100, cookie: cookie('defence', 'interface', 1), packets: 7n },
  { table: 33, priority: 100, cookie: cookie('defence', 'interface', 2), packets: 6n },
].map(({ packets, ...one }) => fakeFlow(one, packets, packets * 100n));

describe('flows', () => {
  it('by table, highest priority first', async () => {
    expect(await shown(NOW, 'flows', 'a1')).toBe(
      `${CLASSIFY}         0        0      0  routing bridge 0     any                                 drop

${DELIVER}
${FOREIGN}
4 flows at host a1
`,
    );
  });

  it.each([
    [['--hit'], `${CLASSIFY}\n${DELIVER}\n${FOREIGN}\n3 of 4 flows at host a1\n`],
    [['--table', 'deliver'], `${DELIVER}\n1 of 4 flows at host a1\n`],
    [['--table', '40'], `${DELIVER}\n1 of 4 flows at host a1\n`],
    [['--table', '200'], `${FOREIGN}\n1 of 4 flows at host a1\n`],
    [['--owner', 'migration'], `${DELIVER}\n1 of 4 flows at host a1\n`],
    [['--owner', 'foreign'], `${FOREIGN}\n1 of 4 flows at host a1\n`],
    [['--hit', '--owner', 'routing'], `${CLASSIFY}\n1 of 4 flows at host a1\n`],
    [
      ['--owner', 'defence'],
      'None of the 4 flows of host a1 is as asked for: leave out --table, --owner, --verdict or --hit.\n',
    ],
  ])('filtered by %j', async (filter, out) => {
    expect(await shown(NOW, 'flows', 'a1', ...filter)).toBe(out);
  });

  describe('of the defence', () => {
    const verdict = 'db-a1-syn-flood-0';
    let attacked: Server;
    beforeAll(async () => {
      const under = new FakeController();
      under.blocklist.block({ sources: ['198.51.100.7'], origin: 'verdict', reason: 'syn-flood', verdict });
      under.network.update(
        admissionLimited('web', { perSecond: 100, verdicts: new Map([['web-a1-udp-flood-1', 'a1']]) }),
      );
      under.network.update(migrationChanged({ ...under.remembered.get('0123456789ab')!, id: 'm1' }));
      under.answer = () => Promise.resolve([{ type: 'flow_desc_reply', flags: 0, flows: defenceFlows }]);
      attacked = await served(under);
    });
    afterAll(() => stop(attacked));
    const told = async (...args: string[]): Promise<string> => (await runAt(attacked, {}, ...args)).out;

    it('with who made them', async () => {
      expect(await told('flows', 'a1')).toBe(
        `blocklist (table 10): the blocklist’s first line: sources of which nothing gets in
  PRIORITY  PACKETS  BYTES  OWNER             BY                         MATCH  ACTIONS
       100       42  4,200  defence block 1   verdict db-a1-syn-flood-0  any    drop
         0        9    900  defence bridge 0  -                          any    drop

admission (table 33): new connections from outside: as many a second as their guest is let have
  PRIORITY  PACKETS  BYTES  OWNER                BY                                       MATCH  ACTIONS
       210        8    800  defence anchor 2/1   flight f11e7, verdict db-a1-syn-flood-0  any    drop
       100        7    700  defence interface 1  verdict web-a1-udp-flood-1               any    drop
       100        6    600  defence interface 2  policy                                   any    drop

5 flows at host a1
`,
      );
    });

    it('of one verdict, and with all that is known of it', async () => {
      const flows = JSON.parse(await told('flows', 'a1', '--verdict', verdict, '--json')) as FlowObject[];
      expect(flows.map(({ owner, madeBy }) => ({ owner, madeBy }))).toEqual([
        {
          owner: 'defence block 1',
          madeBy: { origin: 'verdict', verdicts: [verdict], flight: null, migration: null },
        },
        {
          owner: 'defence anchor 2/1',
          madeBy: { origin: 'flight', verdicts: [verdict], flight: 'f11e7', migration: 'm1' },
        },
      ]);
    });
  });

  it('as the API gives them, filtered', async () => {
    const all = JSON.parse((await ask(server, { path: '/v1/hosts/a1/flows' })).text) as { tableId: number }[];
    expect(JSON.parse(await shown(NOW, 'flows', 'a1', '--json'))).toEqual(all);
    expect(JSON.parse(await shown(NOW, 'flows', 'a1', '--json', '--table', 'deliver'))).toEqual(
      all.filter(({ tableId }) => tableId === 40),
    );
  });
});

describe('an empty list says so', () => {
  let empty: FakeController;
  let emptyServer: Server;
  beforeAll(async () => {
    empty = new FakeController();
    empty.remembered.clear();
    empty.network.update((state) => ({ ...state, guests: new Map() }));
    empty.answer = () => Promise.resolve([]);
    emptyServer = await served(empty);
  });
  afterAll(() => stop(emptyServer));

  it.each([
    [['guests'], 'The controller knows no guests: its topology file has none.\n'],
    [['migrations'], 'There have been no migrations. Begin one with `arctictern migrate GUEST --to HOST`.\n'],
    [['flows', 'a1'], 'The bridge of host a1 holds no flows.\n'],
  ])('%j', async (args, out) => {
    expect(await runAt(emptyServer, {}, ...args)).toEqual({ code: 0, out, err: '' });
  });

  it('hosts', async () => {
    empty.network.update((state) => ({ ...state, hosts: new Map() }));
    expect(await runAt(emptyServer, {}, 'hosts')).toEqual({
      code: 0,
      out: 'The controller knows no hosts: its topology file has none.\n',
      err: '',
    });
    expect(await runAt(emptyServer, {}, 'hosts', '--json')).toEqual({ code: 0, out: '[]\n', err: '' });
  });
});

it.each([
  ['/v1/status', ['status']],
  ['/v1/hosts', ['hosts']],
  ['/v1/hosts/b1', ['hosts', 'b1']],
  ['/v1/guests', ['guests']],
  ['/v1/guests/web', ['guests', 'web']],
  ['/v1/migrations', ['migrations']],
  ['/v1/migrations/0123456789ab', ['migrations', '0123456789ab']],
])('--json gives %s as it is', async (path, args) => {
  expect(JSON.parse(await shown(NOW, ...args, '--json'))).toEqual(
    JSON.parse((await ask(server, { path })).text),
  );
});

it('colours are for terminals only', async () => {
  const colored = await runAt(server, { interactive: true }, 'hosts');
  expect(colored.out).toContain('\x1b[32mconnected\x1b[39m');
  const without = await runAt(server, { interactive: true, env: { NO_COLOR: '1' } }, 'hosts');
  expect(without.out).not.toContain('\x1b');
  expect(await shown(NOW, 'hosts')).not.toContain('\x1b');
});

describe('what is refused', () => {
  it.each([
    [['guests', 'nobody'], 'error: there is no guest nobody: known are db, idle, web\n'],
    [['guests', '../status'], 'error: there is no guest ../status: known are db, idle, web\n'],
    [['hosts', 'a9'], 'error: there is no host a9: known are a1, b1, b2\n'],
    [['flows', 'a9'], 'error: there is no host a9: known are a1, b1, b2\n'],
    [['flows', 'b2'], 'error: host b2 cannot be used now: its bridge is not connected to the controller\n'],
    [['migrations', '42'], 'error: there is no migration 42: GET /v1/migrations lists all\n'],
    [
      ['abort', '0123456789ab'],
      'error: migration 0123456789ab cannot be given up any more (drained): to bring the guest back, migrate it again\n',
    ],
    [
      ['statsu'],
      "error: unknown command 'statsu'\n(Did you mean status?)\n(add --help for what is possible)\n",
    ],
    [
      ['hosts', '--jsno'],
      "error: unknown option '--jsno'\n(Did you mean --json?)\n(add --help for what is possible)\n",
    ],
    [['flows'], "error: missing required argument 'host'\n(add --help for what is possible)\n"],
    [
      ['status', 'now'],
      "error: too many arguments for 'status'. Expected 0 arguments but got 1.\n(add --help for what is possible)\n",
    ],
    [
      ['migrate', 'web'],
      "error: required option '--to <host>' not specified\n(add --help for what is possible)\n",
    ],
    [
      ['migrate', 'web', '--to', 'b1', '--admit', 'some'],
      "error: option '--admit <which>' argument 'some' is invalid. Allowed choices are all, established.\n(add --help for what is possible)\n",
    ],
    [
      ['migrate', 'web', '--to', 'b1', '--max-blackout', '1h'],
      "error: option '--max-blackout <ms>' argument '1h' is invalid. It should be a whole number of ms, from 1 to 10000.\n(add --help for what is possible)\n",
    ],
    [
      ['migrate', 'web', '--to', 'b1', '--bandwidth', '0'],
      "error: option '--bandwidth <MiB/s>' argument '0' is invalid. It should be a whole number of MiB/s, at least 1.\n(add --help for what is possible)\n",
    ],
    [
      ['controller', 'x.yaml', '--api', '8653'],
      "error: option '--api <address:port>' argument '8653' is invalid. It should be ADDRESS:PORT, such as 127.0.0.1:8653 or [::1]:8653.\n(add --help for what is possible)\n",
    ],
  ])('%j', async (args, err) => {
    expect(await at(NOW, ...args)).toEqual({ code: 1, out: '', err });
  });

  it.each(['255', '-1', '1e1', 'Deliver', 'constructor'])('--table %s', async (table) => {
    const { code, out, err } = await at(NOW, 'flows', 'a1', '--table', table);
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(
      /^error: option '--table <name>' argument .* is invalid\. Tables are classify, .*, or a number up to 254\.\n/,
    );
  });
});

it('lab exec leaves the options of the command in the node alone', async () => {
  const result = await runIn(
    new FakeTerminal(),
    ...['lab', 'exec', '--lab', 'no-such-lab', 'c1', 'ping', '-c', '3', '10.1.0.100'],
  );
  expect(result).toMatchObject({
    code: 1,
    err: expect.stringMatching(/no lab no-such-lab|needs root/) as string,
  });
});

describe('help', () => {
  const names = [
    'status',
    'hosts',
    'guests',
    'migrations',
    'flows',
    'migrate',
    'abort',
    'events',
    'controller',
  ];
  it.each(names)('of %s teaches by example', async (name) => {
    const { code, out, err } = await runIn(new FakeTerminal(), name, '--help');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(new RegExp(`^Usage: arctictern ${name} `));
    expect(out).toMatch(new RegExp(`Examples?:\n  arctictern ${name}`));
  });

  const endsOf = (command: Command, path: string): [string, Command][] =>
    command.commands.length === 0
      ? [[path, command]]
      : command.commands.flatMap((one) => endsOf(one, `${path} ${one.name()}`.trim()));
  /** What these print is another program's, one JSON text a line anyway, or for `lab up` alone. */
  const withoutJson = ['lab exec', 'openflow decode', 'openflow encode', 'lab supervise'];

  it('of every command offers --json', () => {
    const commands = endsOf(program(new FakeTerminal()), '');
    expect(commands.length).toBeGreaterThan(25);
    const without = commands.filter(([, { options }]) => !options.some(({ long }) => long === '--json'));
    expect(new Set(without.map(([path]) => path))).toEqual(new Set(withoutJson));
  });

  it.each(['run', 'up', 'down', 'exec'])('of lab %s teaches by example', async (name) => {
    const { code, out } = await runIn(new FakeTerminal(), 'lab', name, '--help');
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`Examples?:\n  arctictern lab ${name}`));
  });

  it('of everything lists all commands', async () => {
    const { code, out } = await runIn(new FakeTerminal(), '--help');
    expect(code).toBe(0);
    for (const name of [...names, 'lab', 'openflow']) expect(out).toMatch(new RegExp(`^  ${name} `, 'm'));
  });

  it('tells the version', async () => {
    const { code, out } = await runIn(new FakeTerminal(), '--version');
    expect([code, out]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
  });
});

describe('verdicts', () => {
  const then = STARTED_AT + 82_000;
  it('all of them', async () => {
    expect(await shown(then, 'verdicts')).toBe(
      `VERDICT                    GUEST  AT  KIND              BEGAN      STATE  RATE                      ORIGIN   SOURCES
db-b1-icmp-flood-1         db     b1  icmp-flood        1 min ago  over   3 of 500 packets/s        spoofed        0
web-a1-connection-flood-2  web    a1  connection-flood  2 s ago    lasts  412 of 100 connections/s  real           1
`,
    );
  });

  it('those that last', async () => {
    const text = await shown(then, 'verdicts', '--active', '--json');
    expect((JSON.parse(text) as { id: string }[]).map(({ id }) => id)).toEqual(['web-a1-connection-flood-2']);
  });

  it('one', async () => {
    expect(await shown(then, 'verdicts', 'web-a1-connection-flood-2')).toBe(
      `verdict            web-a1-connection-flood-2
guest              web
at                 a1
kind               connection-flood
why                412 connections a second, 96 % of them from 1 source beyond what a client opens (usual 4.0, limit 100)
began              2 s ago
decided            + 300 ms
state              lasts
rate               412 connections/s
usual              4 connections/s
limit              100 connections/s
peak               431 connections/s
origin             real, about 9 sources seen
  198.51.100.7/32  395 connections/s, 100 % sure, address proven
`,
    );
  });

  it('none of that name', async () => {
    expect(await at(then, 'verdicts', 'none')).toMatchObject({
      code: 1,
      err: 'error: there is no verdict none: GET /v1/verdicts lists all\n',
    });
  });
});

describe('flights', () => {
  const then = STARTED_AT + 82_000;
  it('all of them', async () => {
    expect(await shown(then, 'flights')).toBe(
      `FLIGHT  GUEST  FROM  TO  BEGAN      PHASE    TOOK  LEFT BEHIND
f11e7   db     a1    b1  1 min ago  safe   6.52 s            3
`,
    );
  });

  it('one', async () => {
    expect(await shown(then, 'flights', 'f11e7')).toBe(
      `flight       f11e7
guest        db
from         a1
to           b1
reason       the syn-flood comes from forged sources, or too many to block: about 4,000 seen
choice       b1 is the best of 2 hosts: 0 of 4 guests, no attack lately at site B
phase        safe
why          no attack at b1 for 2.0 s; 90 of usually 100 packets/s on connections that live
began        1 min ago
  moving     + 2 ms
  verifying  + 4.5 s
  safe       + 6.52 s
left behind  3 sources blocked when it began
migration    m1
verdicts     db-a1-syn-flood-0
`,
    );
  });

  it('as JSON', async () => {
    const all = JSON.parse(await shown(then, 'flights', '--json')) as { phase: string; migration: string }[];
    expect(all).toMatchObject([{ phase: 'safe', migration: 'm1' }]);
  });

  it('none of that name', async () => {
    expect(await at(then, 'flights', 'none')).toMatchObject({
      code: 1,
      err: 'error: there is no flight none: GET /v1/flights lists all\n',
    });
  });
});
