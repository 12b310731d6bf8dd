/** Waits for what a guest says on its serial console. */
import { readFile } from 'node:fs/promises';
import type { Clock } from '../../controller/clock.ts';
import { LabGuestSilent } from './errors.ts';
import type { GuestPlan } from './plan.ts';

export const READY_LINE = 'guest ready';

/**
 * Settles when the guest's ready line is in one of its console files. Throws `LabGuestSilent`, or what
 * `stillUp` throws, which is called before each look.
 */
export async function watchConsole(
  guest: GuestPlan,
  clock: Clock,
  timeoutMs: number,
  stillUp: () => void,
): Promise<void> {
  const until = clock.now() + timeoutMs;
  const files = Object.values(guest.consoleFiles);
  for (;;) {
    stillUp();
    const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
    if (texts.some((text) => text.includes(READY_LINE))) return;
    if (clock.now() >= until) {
      const said = texts.join('').trim().split('\n').at(-1) ?? '';
      throw new LabGuestSilent(
        `guest ${guest.name} did not say that it is ready within ${timeoutMs / 1000} s; ` +
          (said === '' ? 'its console is empty' : `its console ends with: ${said}`),
      );
    }
    await new Promise<void>((resolve) => clock.after(50, resolve));
  }
}
