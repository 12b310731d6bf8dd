/**
 * Chooses between KVM and software emulation by booting the guest, once.
 *
 * That /dev/kvm exists says little: in a virtual machine it may be there and yet run no ordinary kernel. So the
 * guest's own image is booted to its ready line, and the answer is kept in the cache with its reason, under a
 * name made from all that it depends on.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { cpus, release } from 'node:os';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { systemClock, type Clock } from '../../controller/clock.ts';
import { lab as limits } from '../../controller/limits.ts';
import { READY_LINE } from './console.ts';
import { EMULATOR, type Accelerator } from './domain-xml.ts';
import { GuestDoesNotBoot } from './errors.ts';
import type { GuestImage } from './expand/options.ts';
import { CACHE_DIRECTORY } from './image.ts';

const answerSchema = z.strictObject({
  accelerator: z.enum(['kvm', 'tcg']),
  /** One clause, for people. */
  reason: z.string(),
  /** How long the trial boot took, in milliseconds. */
  bootMs: z.number(),
});

export type AcceleratorAnswer = Readonly<z.infer<typeof answerSchema>>;

const TRIAL_MEMORY_MIB = 128;

/** Throws `GuestDoesNotBoot`. */
export async function probeAccelerator(
  image: GuestImage,
  cache: string = CACHE_DIRECTORY,
  clock: Clock = systemClock,
): Promise<AcceleratorAnswer> {
  const file = join(cache, `accelerator-${circumstances(image)}.json`);
  const kept = await keptAnswer(file);
  if (kept !== undefined) return kept;
  const answer = await decide(image, clock);
  await mkdir(cache, { recursive: true });
  const partial = `${file}.${process.pid}`;
  await writeFile(partial, JSON.stringify(answer));
  await rename(partial, file);
  return answer;
}

/** Undefined when there is none, or none that can be read. */
async function keptAnswer(file: string): Promise<AcceleratorAnswer | undefined> {
  try {
    return answerSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return undefined;
  }
}

async function decide(image: GuestImage, clock: Clock): Promise<AcceleratorAnswer> {
  let reason = 'there is no /dev/kvm';
  if (existsSync('/dev/kvm')) {
    const trial = await boot('kvm', image, limits.kvmTrial, clock);
    if (trial.ready) return { accelerator: 'kvm', reason: 'the guest boots under KVM', bootMs: trial.ms };
    reason = `/dev/kvm is there, but under KVM the guest ${trial.why}`;
  }
  const trial = await boot('tcg', image, limits.guestBoot, clock);
  if (trial.ready) return { accelerator: 'tcg', reason, bootMs: trial.ms };
  throw new GuestDoesNotBoot(
    `the lab's guest boots neither under KVM (${reason}) nor in software emulation, where it ${trial.why}; ` +
      `check ${EMULATOR} and the free memory`,
  );
}

type Trial = { ready: true; ms: number } | { ready: false; why: string };

async function boot(
  accelerator: Accelerator,
  image: GuestImage,
  timeoutMs: number,
  clock: Clock,
): Promise<Trial> {
  const machine = ['-accel', accelerator, '-machine', 'pc,usb=off', '-m', `${TRIAL_MEMORY_MIB}`];
  const bare = ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'];
  const network = ['-nic', 'user,model=virtio-net-pci,restrict=on'];
  const console = ['-chardev', 'stdio,id=console', '-device', 'isa-serial,chardev=console'];
  const kernel = [
    '-kernel',
    image.kernel,
    '-initrd',
    image.initrd,
    '-append',
    'console=ttyS0 quiet panic=-1',
  ];
  const preload = accelerator === 'tcg' ? ['env', `LD_PRELOAD=${image.flushTlb}`] : [];
  const emulator = [...preload, EMULATOR, ...machine, ...bare, ...network, ...console, ...kernel];
  const began = clock.now();
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...emulator], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  return new Promise((resolve) => {
    let said = '';
    let complaint = '';
    const settle = (trial: Trial): void => {
      cancel();
      child.kill('SIGKILL');
      resolve(trial);
    };
    const cancel = clock.after(timeoutMs, () =>
      settle({ ready: false, why: `was not ready after ${timeoutMs / 1000} s` }),
    );
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4096);
      if (said.includes(READY_LINE)) settle({ ready: true, ms: Math.round(clock.now() - began) });
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-1024);
    });
    child.once('error', (error) => settle({ ready: false, why: `could not be started: ${error.message}` }));
    child.once('close', () => {
      settle({
        ready: false,
        why: `ended before it was ready: ${(complaint || said).trim().split('\n').at(-1) ?? ''}`,
      });
    });
  });
}

/** All that the answer depends on, as a hash. */
function circumstances(image: GuestImage): string {
  const emulator = existsSync(EMULATOR) ? statSync(EMULATOR) : undefined;
  const facts = [
    release(),
    cpus()[0]?.model,
    existsSync('/dev/kvm'),
    emulator?.size,
    emulator?.mtimeMs,
    image.kernel,
    basename(image.initrd),
    basename(image.flushTlb),
  ];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
}
