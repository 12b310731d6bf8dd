import type { Benchmark } from './benchmark.ts';
export const packetIn: Benchmark = { name: 'packet-in', title: '', run: () => Promise.reject(new Error('not yet')) };
