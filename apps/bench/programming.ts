/**
 * Flows into a real Open vSwitch: our reconciler against `ovs-ofctl`, with the same flows over the same kind of
 * socket, in turns.
 *
 * Ours is timed from the program being set to the switch having acknowledged the commit; `ovs-ofctl`, from
 * its start to its end: it reads its flows from a file, as ours come out of objects. What deriving the flows
 * costs is a case of its own.
 */
import { writeFile } from 'node:fs/promises';
import { compile, emptyProgram, type Program } from '../../controller/switches/program.ts';
import type { Benchmark, Case } from './benchmark.ts';
import { asText, recipes } from './flows.ts';
import { OpenVSwitch } from './open-vswitch.ts';
import { Switches } from './switches.ts';

const SIZES = [10_000, 100_000];
const ROUNDS = 5;
const PER_BLOCK = 100;
const BRIDGE = 'br0';

export const programming: Benchmark = {
  name: 'programming',
  title: 'flows into a real Open vSwitch',
  run: async (say) => {
    const cases: Case[] = [];
    for (const size of SIZES) cases.push(...(await measure(size, say)));
    return {
      cases,
      notes: [
        `blocks of ${PER_BLOCK} flows; 4 match fields, set_field, output and goto_table each`,
        'ovs-ofctl runs with -O OpenFlow15 --bundle over the same kind of socket',
      ],
    };
  },
};

async function measure(size: number, say: (line: string) => void): Promise<Case[]> {
  await using ovs = await OpenVSwitch.start();
  const switches = await Switches.listen(ovs);
  try {
    await ovs.addBridge(BRIDGE);
    const file = ovs.path('flows');
    const changedFile = ovs.path('changed-flows');
    await writeFile(
      file,
      asText([...compile(recipes(size, PER_BLOCK)).values()].flatMap(({ flows }) => [...flows])),
    );
    await writeFile(
      changedFile,
      asText([...compile(recipes(size, PER_BLOCK, 1)).values()].flatMap(({ flows }) => [...flows])),
    );
    const figures = new Map<string, number[]>();
    const note = (what: string, figure: number): void => {
      figures.set(what, [...(figures.get(what) ?? []), figure]);
    };
    const rate = (ms: number): number => (size / ms) * 1_000;
    for (let round = 0; round < ROUNDS; round++) {
      say(`${size} flows, round ${round + 1} of ${ROUNDS}`);

      await clear(ovs);
      note('ofctl add', rate(await timed(() => ovs.ofctl(['--bundle', 'add-flows'], BRIDGE, file))));
      await expectFlows(ovs, size);
      note('ofctl same', await timed(() => ovs.ofctl(['--bundle', 'replace-flows'], BRIDGE, file)));
      note('ofctl change', await timed(() => ovs.ofctl(['--bundle', 'replace-flows'], BRIDGE, changedFile)));

      for (const [what, perBlock] of [['one', size] as const, ['many', PER_BLOCK] as const]) {
        await clear(ovs);
        const bridge = await switches.attach();
        let program: Program = emptyProgram;
        note(`derive ${what}`, rate(await timed(() => (program = compile(recipes(size, perBlock))))));
        note(`put ${what}`, rate(await timed(() => bridge.put(program))));
        await expectFlows(ovs, size);
        if (what === 'one') continue;

        const change = async (): Promise<void> => {
          program = compile(recipes(size, perBlock, 1), program);
          await bridge.put(program);
        };
        note('change', await timed(change));
        note('same', await switches.readBack(bridge, size));
      }
    }
    const runs = (what: string): readonly number[] => figures.get(what) ?? [];
    const peer = `${size}: ovs-ofctl add-flows`;
    const samePeer = `${size}: ovs-ofctl replace-flows, all the same`;
    const changePeer = `${size}: ovs-ofctl replace-flows, ${PER_BLOCK} differ`;
    const more = { unit: 'flows/s', better: 'higher' } as const;
    const less = { unit: 'ms', better: 'lower' } as const;
    return [
      { what: peer, ...more, runs: runs('ofctl add') },
      { what: `${size}: reconciler, 1 block`, ...more, runs: runs('put one'), peer },
      { what: `${size}: reconciler, ${size / PER_BLOCK} blocks`, ...more, runs: runs('put many'), peer },
      { what: `${size}: deriving the flows, 1 block`, ...more, runs: runs('derive one') },
      { what: `${size}: deriving the flows, ${size / PER_BLOCK} blocks`, ...more, runs: runs('derive many') },
      { what: changePeer, ...less, runs: runs('ofctl change') },
      { what: `${size}: reconciler, 1 block changes`, ...less, runs: runs('change'), peer: changePeer },
      { what: samePeer, ...less, runs: runs('ofctl same') },
      { what: `${size}: reconciler, reads back, all the same`, ...less, runs: runs('same'), peer: samePeer },
    ];
  } finally {
    switches.close();
  }
}

async function clear(ovs: OpenVSwitch): Promise<void> {
  await ovs.ofctl(['del-flows'], BRIDGE);
  await expectFlows(ovs, 0);
}

async function expectFlows(ovs: OpenVSwitch, count: number): Promise<void> {
  const answer = await ovs.ofctl(['dump-aggregate'], BRIDGE);
  if (!answer.includes(`flow_count=${count}`)) throw new Error(`${count} flows expected: ${answer}`);
}

async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
