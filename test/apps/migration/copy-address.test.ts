import { expect, test } from 'vitest';
import { copyAddress } from '../../../apps/migration/copy-address.ts';

const underlay = '10.2.0.11';

test.each([
  ['qemu+tcp://198.18.0.12/system', '198.18.0.12', 'tcp://198.18.0.12'],
  ['qemu+tls://198.18.0.12:16514/system', '198.18.0.12', 'tcp://198.18.0.12'],
  ['qemu+tcp://[2001:db8::12]/system', '2001:db8::12', 'tcp://[2001:db8::12]'],
  ['qemu+tls://b1.example.test/system', underlay, `tcp://${underlay}`],
  ['qemu:///system', underlay, `tcp://${underlay}`],
])('%s: copies go to %s', (migration, listenAddress, uri) => {
  expect(copyAddress({ migration, underlay })).toEqual({ listenAddress, uri });
});
