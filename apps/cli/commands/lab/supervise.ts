/**
 * `arctictern lab supervise`: what `lab up` leaves behind to hold the lab. It tells the one that started it how far it
 * is, by messages, until the lab is up.
 */
import { messageOf } from '../../../../controller/errors.ts';
import { systemClock } from '../../../../controller/clock.ts';
import { readTopology } from '../../../../topologies/parse.ts';
import { LabSession } from '../../../lab/session.ts';
import { writeSupervisor } from '../../../lab/supervisor-file.ts';
import { interruptible, interruption } from './interruption.ts';
import { logFileOf } from './running-lab.ts';

export type SupervisorMessage =
  { readonly type: 'progress' | 'failed'; readonly detail: string } | { readonly type: 'ready' };

export async function supervise(file: string, options: { api: string }): Promise<void> {
  const say = (message: SupervisorMessage): void => {
    if (process.connected) process.send!(message);
  };
  const topology = readTopology(file);
  const interrupt = interruption();
  // Nobody waits for the lab any more.
  process.once('disconnect', interrupt.interrupt);
  let session: LabSession | undefined;
  try {
    session = await interruptible(
      interrupt.signal,
      LabSession.up({
        topology,
        topologyFile: file,
        api: options.api,
        controllerLog: logFileOf(topology.name),
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
    process.off('disconnect', interrupt.interrupt);
    if (process.connected) process.disconnect();
    await Promise.race([interrupt.happened, session.lab.ended]);
  } catch (error) {
    say({ type: 'failed', detail: messageOf(error) });
    process.exitCode = 1;
  } finally {
    await session?.down();
    process.off('disconnect', interrupt.interrupt);
    interrupt.end();
  }
}
