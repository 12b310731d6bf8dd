/**
 * A lab by hand:
 *
 *     node dist/topologies/lab/dev.js up topologies/first-flight.yaml [--standalone] [--define]
 *     node dist/topologies/lab/dev.js exec first-flight NODE COMMAND...
 *
 * `up` stays until Ctrl-C; a file in the run directory tells `exec`, in another terminal, how to get in.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { readTopology } from '../parse.ts';
import { probeAccelerator } from './accelerator.ts';
import { LabEnded } from './errors.ts';
import { expand } from './expand.ts';
import { guestImage } from './image.ts';
import { Lab } from './lab.ts';

async function up(file: string, flags: readonly string[]): Promise<void> {
  const began = performance.now();
  const since = (): string => `${((performance.now() - began) / 1000).toFixed(2)} s`;
  const image = await guestImage();
  const { accelerator, reason } = await probeAccelerator(image);
  console.log(`${since()} guests run under ${accelerator}: ${reason}`);
  const plan = expand(readTopology(file), {
    image,
    accelerator,
    failMode: flags.includes('--standalone') ? 'standalone' : 'secure',
    guests: flags.includes('--define') ? 'define' : 'start',
  });
  const verbose = flags.includes('--verbose');
  const lab = await Lab.up(plan, {
    onProgress: ({ node, what }) => {
      if (verbose) console.log(`${since()} ${node}: ${what}`);
    },
  });
  const doors = Object.fromEntries(plan.nodes.map(({ name }) => [name, lab.enter(name, [])]));
  writeFileSync(`${plan.runDirectory}/enter.json`, JSON.stringify(doors));
  writeFileSync(`${plan.runDirectory}/network.json`, JSON.stringify(plan.network, undefined, 2));
  console.log(
    `${since()} lab ${plan.name} is up, delay: ${lab.delay}, nodes: ${Object.keys(doors).join(' ')}`,
  );
  process.once('SIGINT', () => void lab.down());
  process.once('SIGTERM', () => void lab.down());
  if (!flags.includes('--define')) {
    for (const { name } of plan.guests) {
      try {
        await lab.guestReady(name);
      } catch (error) {
        if (error instanceof LabEnded) break;
        throw error;
      }
      console.log(`${since()} guest ${name} is ready`);
    }
  }
  await lab.ended;
}

function exec(name: string, node: string, argv: readonly string[]): number {
  const doors = JSON.parse(readFileSync(`/run/arctictern/${name}/enter.json`, 'utf8')) as Record<
    string,
    string[]
  >;
  const [command = '', ...rest] = [...(doors[node] ?? []), ...(argv.length === 0 ? ['bash'] : argv)];
  return spawnSync(command, rest, { stdio: 'inherit' }).status ?? 1;
}

const [verb, first = '', second = '', ...more] = process.argv.slice(2);
if (verb === 'up') await up(first, [second, ...more]);
else if (verb === 'exec') process.exitCode = exec(first, second, more);
else console.error('usage: up FILE [--standalone] [--define] [--verbose] | exec LAB NODE [COMMAND...]');
