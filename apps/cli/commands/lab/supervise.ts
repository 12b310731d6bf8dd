/**
 * `arctictern lab supervise`: what `lab up` leaves behind to hold the lab. It tells the one that started it how far it
 * is, by messages, until the lab is up.
 */
import { systemClock } from '../../../../controller/clock.ts';
import { readTopology } from '../../../../topologies/parse.ts';
import { LabSession } from '../../../lab/session.ts';
import { writeSupervisor } from '../../../lab/supervisor-file.ts';
import { interruptible, interruption } from './interruption.ts';

export type SupervisorMessage =
  { readonly type: 'progress' | 'failed'; readonly detail: string } | { readonly type: 'ready' };

export async function supervise(file: string, options: { api: string }): Promise<void> {
  const say = (message: SupervisorMessage): void => {
    if (process.connected) process.send!(message);
  };
  const topology = readTopology(file);
  const interrupt = interruption();
  let session: LabSession | undefined;
  try {
    session = await interruptible(
      interrupt.signal,
      LabSession.up({
        topology,
        topologyFile: file,
        api: options.api,
        clock: systemClock,
        onProgress: (stage, detail) => say({ type: 'progress', detail: `${stage}: ${detail}` }),
      }),
    );
    const { lab } = session;
    writeSupervisor(lab.plan.runDirectory, {
      lab: topology.name,
      api: options.api,
      doors: Object.fromEntries(lab.plan.nodes.map(({ name }) => [name, lab.enter(name, [])])),
    });
    say({ type: 'ready' });
    if (process.connected) process.disconnect();
    await Promise.race([interrupt.happened, session.lab.ended]);
  } catch (error) {
    say({ type: 'failed', detail: error instanceof Error ? error.message : String(error) });
    process.exitCode = 1;
  } finally {
    await session?.down();
    interrupt.end();
  }
}
