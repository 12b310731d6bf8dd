import { expect, test } from 'vitest';
import { attackCommands } from '../../../topologies/attacks/command.ts';
import type { AttackSection } from '../../../topologies/schema.ts';

const attackers = {
  x1: { site: 'C', addresses: ['203.0.113.66', '2001:db8::66', '203.0.113.67'] },
  x2: { site: 'D', addresses: ['198.51.100.66'] },
};
const flood: AttackSection = {
  kind: 'udp-flood',
  from: ['x1', 'x2'],
  to: 'web',
  at: 'home',
  sources: 'real',
  rate: 1_200,
  duration: 8_000,
  size: 1_000,
};
const text = (section: AttackSection): string[] =>
  attackCommands(section, '10.1.0.100', attackers).map(
    ({ attacker, argv }) => `${attacker}: ${argv.join(' ')}`,
  );

test('a flood from real sources: each address an even share, bounded in number and in time', () => {
  expect(text(flood)).toEqual(
    [
      ['x1', '203.0.113.66'],
      ['x1', '203.0.113.67'],
      ['x2', '198.51.100.66'],
    ].map(
      ([attacker, source]) =>
        `${attacker}: timeout --signal KILL 8 hping3 --quiet --interface eth0 --udp --destport 9 ` +
        `--interval u2500 --count 3200 --data 1000 --spoof ${source} 10.1.0.100`,
    ),
  );
});

test('a spoofed flood: one command an attacker', () => {
  expect(text({ ...flood, kind: 'syn-flood', sources: 'spoofed', size: 0, from: ['x2'] })).toEqual([
    'x2: timeout --signal KILL 8 hping3 --quiet --interface eth0 --syn --destport 80 ' +
      '--interval u833 --count 9600 --rand-source 10.1.0.100',
  ]);
});

test('ICMP has no port', () => {
  expect(text({ ...flood, kind: 'icmp-flood', from: ['x2'], size: 0 })).toEqual([
    'x2: timeout --signal KILL 8 hping3 --quiet --interface eth0 --icmp ' +
      '--interval u833 --count 9600 --spoof 198.51.100.66 10.1.0.100',
  ]);
});

test('fewer packets than addresses: as many addresses as packets a second', () => {
  expect(text({ ...flood, rate: 2, size: 0 })).toHaveLength(2);
});

test('bots take their addresses in turn, and share the rate', () => {
  const bots = text({ ...flood, kind: 'slow-connections', size: 0, rate: 100, connections: 150 });
  expect(bots).toHaveLength(2);
  expect(bots[0]).toMatch(
    /^x1: timeout --signal KILL 9 .*bot\.js --target 10\.1\.0\.100 --port 80 --sources 203\.0\.113\.66,203\.0\.113\.67 --rate 50 --duration-ms 8000 --hold 75$/,
  );
  expect(text({ ...flood, kind: 'connection-flood', size: 0, from: ['x2'] })[0]).not.toContain('--hold');
});
