import { expect, it } from 'vitest';
import { graceNotice } from '../../../apps/routing/grace.ts';
import { anchored, unanchored } from '../../../controller/network/changes.ts';
import { fakeState } from '../api/fake-controller.ts';

const ADMITTED = "conntrack is empty: for 60 s TCP in mid-stream of guests' services is admitted";

it.each(['a1', 'b2'])('where no care-of address is held, nothing was translated: %s', (host) => {
  expect(graceNotice(fakeState(), host)).toEqual({ level: 'info', message: ADMITTED });
});

it('whose connections were translated is said, with the addresses', () => {
  expect(graceNotice(fakeState(), 'b1')).toEqual({
    level: 'warning',
    message: `${ADMITTED}; connections that were translated are lost: those of guest db with 10.2.0.200`,
  });
  const addresses = { ipv4: '10.2.0.201', ipv6: '2001:db8:2::201' };
  const both = anchored(1, { index: 2, host: 'b1', addresses, admit: 'all' })(fakeState());
  expect(graceNotice(both, 'b1').message).toMatch(
    /are lost: those of guest web with 10\.2\.0\.201, 2001:db8:2::201 and of guest db with 10\.2\.0\.200$/,
  );
});

it('an address that has been given back, or that the site did not have to give, is none', () => {
  const left = unanchored(2, 2)(fakeState());
  const bare = anchored(1, { index: 2, host: 'b1', addresses: {}, admit: 'all' })(left);
  expect(graceNotice(bare, 'b1').level).toBe('info');
});
