import { expect, test } from 'vitest';
import { delivered } from '../../../controller/network/changes.ts';
import { Network } from '../../../controller/network/network.ts';
import { atHome } from './sites.ts';

const place = (network: Network): string | undefined => network.state.placements.get('web');

test('followers are told of each state once, in the order in which they came, with the one before', () => {
  const initial = atHome();
  const network = new Network(initial);
  const told: unknown[] = [];
  network.follow((state, before) => told.push(['first', state, before]));
  network.follow((state, before) => told.push(['second', state, before]));
  network.update(delivered('web', 'away-1'));
  expect(told).toEqual([
    ['first', network.state, initial],
    ['second', network.state, initial],
  ]);
});

test('nobody is told of nothing', () => {
  const network = new Network(atHome());
  network.follow(() => expect.unreachable());
  network.update((state) => state);
  network.update(delivered('web', 'home-1'));
});

test('a change from within a follower comes after all have been told of the present one', () => {
  const network = new Network(atHome());
  const told: string[] = [];
  network.follow((state) => {
    told.push(`first ${state.placements.get('web')}`);
    if (state.placements.get('web') === 'away-1') {
      network.update(delivered('web', 'bare-1'));
      // Not yet: what is being told is the present state.
      told.push(`still ${place(network)}`);
    }
  });
  network.follow((state) => told.push(`second ${state.placements.get('web')}`));
  network.update(delivered('web', 'away-1'));
  expect(told).toEqual(['first away-1', 'still away-1', 'second away-1', 'first bare-1', 'second bare-1']);
  expect(place(network)).toBe('bare-1');
});

test('who has left is told nothing more', () => {
  const network = new Network(atHome());
  const told: unknown[] = [];
  const leave = network.follow((state) => told.push(state));
  network.update(delivered('web', 'away-1'));
  leave();
  network.update(delivered('web', 'bare-1'));
  expect(told).toHaveLength(1);
});

test('a change that throws leaves the state, and the next one works', () => {
  const network = new Network(atHome());
  const before = network.state;
  expect(() => network.update(() => { throw new Error('no'); })).toThrow('no'); // prettier-ignore
  expect(network.state).toBe(before);
  network.update(delivered('web', 'away-1'));
  expect(place(network)).toBe('away-1');
});

test('a follower that throws keeps nobody from being told, nor what was asked for meanwhile from being done', () => {
  const told: string[] = [];
  const errors: string[] = [];
  const network = new Network(atHome(), ({ message }) => errors.push(message));
  network.follow((state) => {
    if (state.placements.get('web') === 'away-1') network.update(delivered('web', 'bare-1'));
    throw new Error(`no to ${state.placements.get('web')}`);
  });
  network.follow((state) => told.push(state.placements.get('web')!));
  network.update(delivered('web', 'away-1'));
  expect(told).toEqual(['away-1', 'bare-1']);
  expect(errors).toEqual(['no to away-1', 'no to bare-1']);
});

test('a change that a follower asks for and that throws is reported, and the next one is made', () => {
  const errors: string[] = [];
  const network = new Network(atHome(), ({ message }) => errors.push(message));
  const leave = network.follow(() => {
    leave();
    network.update(() => { throw new Error('no'); }); // prettier-ignore
    network.update(delivered('web', 'bare-1'));
  });
  network.update(delivered('web', 'away-1'));
  expect(errors).toEqual(['no']);
  expect(place(network)).toBe('bare-1');
});
