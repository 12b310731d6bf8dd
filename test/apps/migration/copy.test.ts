import { describe, expect, test } from 'vitest';
import { Copy, type CopyOptions } from '../../../apps/migration/copy.ts';
import type { Order } from '../../../apps/migration/steering.ts';
import type { JobStats } from '../../../controller/libvirt/index.ts';
import { ManualClock } from '../../controller/libvirt/manual-clock.ts';

const domain = { name: 'web', uuid: '00000000-0000-0000-0000-000000000001', id: 1 };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A libvirtd that notes what it is asked, and migrates until it is told otherwise. */
function bed(terms: Partial<CopyOptions['terms']> = {}) {
  const clock = new ManualClock(1_000);
  const asked: string[] = [];
  const orders: Order[] = [];
  const errors: Error[] = [];
  /** When the copy was looked at. */
  const seen: number[] = [];
  const job: { stats: JobStats | undefined; away: boolean; finish: (error?: Error) => void } = {
    stats: undefined,
    away: false,
    finish: () => undefined,
  };
  const note = (text: string): Promise<void> => {
    asked.push(text);
    return Promise.resolve();
  };
  const copy = new Copy({
    guest: 'web',
    destination: { admitImages: () => Promise.resolve(() => Promise.resolve()) },
    hypervisor: {
      find: () => Promise.resolve(domain),
      imageDirectories: () => Promise.resolve([]),
      maxDowntime: () => Promise.resolve(300),
      setMaxDowntime: (_domain, ms) => note(`downtime ${ms}`),
      maxSpeed: () => Promise.resolve(0),
      setMaxSpeed: (_domain, mibps) => note(`speed ${mibps}`),
      startPostCopy: () => note('post-copy'),
      jobStats: () => (job.away ? Promise.reject(new Error('libvirtd is away')) : Promise.resolve(job.stats)),
      migrate: async () => {
        await note('migrate');
        await new Promise<void>((resolve, reject) => {
          job.finish = (error) => (error === undefined ? resolve() : reject(error));
        });
      },
      abort: async () => {
        await note('abort');
        return job.stats !== undefined;
      },
    },
    clock,
    terms: { strategy: 'redirect', maxBlackoutMs: 100, bandwidthMiBps: 16, postCopy: false, ...terms },
    migrate: { destination: 'qemu+tcp://10.2.0.11/system' },
    onOrder: (order) => orders.push(order),
    packetsPerSecond: () => undefined,
    onLook: (at) => seen.push(at),
    onError: (error) => errors.push(error),
  });
  /** Time passes, look by look. */
  const looks = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      await turn();
      clock.advance(50);
    }
    await turn();
  };
  return { copy, clock, asked, orders, errors, seen, job, looks };
}

const pass = (memoryIteration: number, memoryRemaining = 8_000_000): JobStats => ({
  memoryIteration,
  memoryRemaining,
  memoryBps: 16_000_000,
});

describe('a copy', () => {
  test('begins with the least downtime, and gives more when the guest does not converge', async () => {
    const { copy, asked, job, looks } = bed();
    const performed = copy.perform();
    await looks(1);
    for (let i = 1; i <= 8; i++) {
      job.stats = pass(i);
      await looks(3);
    }
    copy.stopped();
    job.finish();
    await looks(2);
    await performed;
    expect(asked).toEqual([
      'downtime 10',
      'migrate',
      'downtime 20',
      'downtime 40',
      'downtime 80',
      'downtime 100',
    ]);
  });

  test('that fails leaves QEMU’s limits as they were', async () => {
    const { copy, asked, job, looks } = bed();
    const performed = copy.perform();
    await looks(1);
    job.finish(new Error('the destination is full'));
    const failed = expect(performed).rejects.toThrow('the destination is full');
    await looks(2);
    await failed;
    expect(asked).toEqual(['downtime 10', 'migrate', 'downtime 300', 'speed 0']);
  });

  test('that is given up at its least speed leaves QEMU’s limits as they were', async () => {
    const { copy, asked, job, looks } = bed({ strategy: 'bicast' });
    const performed = copy.perform();
    await looks(1);
    job.stats = pass(1, 100_000);
    await looks(4);
    expect(asked.at(-1)).toBe('speed 1');
    await copy.abort();
    job.finish(new Error('operation aborted: canceled by client'));
    const failed = expect(performed).rejects.toMatchObject({ code: 'MIGRATION_ABORTED' });
    await looks(2);
    await failed;
    expect(asked.slice(-2)).toEqual(['downtime 300', 'speed 0']);
  });

  test('is given up before libvirt has been asked', async () => {
    const { copy, asked } = bed();
    const performed = copy.perform();
    await copy.abort();
    await expect(performed).rejects.toMatchObject({ code: 'MIGRATION_ABORTED' });
    expect(asked).not.toContain('migrate');
  });

  test('is given up as soon as libvirt has a job to give up', async () => {
    const { copy, asked, job, looks } = bed();
    const performed = copy.perform();
    await looks(1);
    await copy.abort();
    expect(asked.filter((text) => text === 'abort')).toHaveLength(1);
    job.stats = pass(1);
    await looks(1);
    expect(asked.filter((text) => text === 'abort').length).toBeGreaterThan(1);
    job.finish(new Error('operation aborted: canceled by client'));
    const failed = expect(performed).rejects.toMatchObject({ code: 'MIGRATION_ABORTED' });
    await looks(2);
    await failed;
  });

  test('asks nothing while libvirt switches over, and goes on when it was a pause', async () => {
    const { copy, asked, job, looks } = bed();
    const performed = copy.perform();
    await looks(1);
    copy.stopped();
    job.stats = pass(6);
    await looks(4);
    expect(asked).toEqual(['downtime 10', 'migrate']);
    void copy.goesOn();
    await looks(1);
    expect(asked).toEqual(['downtime 10', 'migrate', 'downtime 20']);
    copy.stopped();
    job.finish();
    await looks(2);
    await performed;
  });

  test('looks once at a time, however short a pause was', async () => {
    const { copy, job, looks, seen } = bed();
    const performed = copy.perform();
    job.stats = pass(1);
    await looks(2);
    const before = seen.length;
    copy.stopped();
    const goesOn = copy.goesOn();
    await looks(4);
    expect(seen.length - before).toBe(4);
    copy.stopped();
    job.finish();
    await looks(2);
    await performed;
    await goesOn;
  });

  test('goes on when libvirtd has been away, and says so once', async () => {
    const { copy, clock, asked, errors, job, looks } = bed();
    const performed = copy.perform();
    await looks(1);
    job.away = true;
    await looks(3);
    for (let i = 0; i < 5; i++) {
      clock.advance(1_000);
      await turn();
    }
    expect(errors.map(({ message }) => message)).toEqual(['libvirtd is away']);
    job.away = false;
    job.stats = pass(6);
    clock.advance(1_000);
    await looks(2);
    expect(asked).toContain('downtime 20');
    copy.stopped();
    job.finish();
    clock.advance(1_000);
    await looks(2);
    await performed;
  });

  test('turns to post-copy after two passes, if that was asked for', async () => {
    const { copy, asked, job, looks } = bed({ postCopy: true });
    const performed = copy.perform();
    await looks(1);
    job.stats = pass(3);
    await looks(2);
    copy.stopped();
    job.finish();
    await looks(2);
    await performed;
    expect(asked).toEqual(['downtime 10', 'migrate', 'post-copy']);
  });
});
