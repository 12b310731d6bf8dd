import { defineConfig } from 'vitest/config';
import { useOwnFolder } from './test/own-folder.ts';

useOwnFolder();

// Three rungs of one ladder: `unit` needs nothing, and takes every core; then, one file at a time, `ovs` needs root and real
// OVS daemons that the tests start, `lab` needs root and boots real guests under libvirt.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/ovs/**', 'test/lab/**'],
          sequence: { groupOrder: 0 },
          maxWorkers: '100%',
          // Some do a second's work; a busy machine may take many times that.
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'ovs',
          include: ['test/ovs/**/*.test.ts'],
          sequence: { groupOrder: 1 },
          testTimeout: 30_000,
          hookTimeout: 30_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts'],
          sequence: { groupOrder: 1 },
          globalSetup: ['test/lab/build.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
