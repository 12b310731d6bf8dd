/** Which addresses new clients should use, wherever the guest is. */
import { describe, expect, it } from 'vitest';
import { withLeases } from '../../../apps/migration/switchover.ts';
import { addressesForNewClients } from '../../../apps/naming/addresses.ts';
import { anchored, delivered, gone, migrationChanged } from '../../../controller/network/changes.ts';
import type { Phase } from '../../../controller/network/migration.ts';
import { HOME_ANCHOR } from '../../../controller/network/anchor.ts';
import type { NetworkState } from '../../../controller/network/model.ts';
import type { HostName } from '../../../controller/network/names.ts';
import { after, atHome, migration } from '../../controller/network/sites.ts';

const of = (state: NetworkState): readonly string[] | undefined =>
  addressesForNewClients(state, state.guests.get('web')!);

const home = ['10.1.0.101', '2001:db8:1::101'];
const careOf = ['10.2.0.200', '2001:db8:2::200'];

/** `web` is delivered there, with its leases, and its last migration is in this phase. */
function at(host: HostName, phase: Phase = 'relaying', delivering = host): NetworkState {
  const leased = withLeases(atHome(), atHome().guests.get('web')!, host);
  return after(leased, delivered('web', delivering), migrationChanged(migration('home-1', host, phase)));
}

/** Its home anchor lets in only what is established. */
function shut(state: NetworkState): NetworkState {
  const { number } = state.guests.get('web')!.interfaces[0]!;
  const anchor = state.anchors.get(number)!.find(({ index }) => index === HOME_ANCHOR)!;
  return anchored(number, { ...anchor, admit: 'established' })(state);
}

describe('a guest', () => {
  it('at home is at its home addresses, IPv4 first', () => {
    expect(of(atHome())).toEqual(home);
  });

  it('at another host of its site is so, too, whatever its anchor admits', () => {
    expect(of(at('home-2'))).toEqual(home);
    expect(of(shut(at('home-2')))).toEqual(home);
  });

  it('elsewhere is at its care-of addresses', () => {
    expect(of(at('away-1'))).toEqual(careOf);
    expect(of(shut(at('away-1')))).toEqual(careOf);
  });

  it('at a site without care-of addresses is at home as long as the home anchor relays what is new', () => {
    expect(of(at('bare-1'))).toEqual(home);
    expect(of(shut(at('bare-1')))).toBeUndefined();
  });

  it('of one family keeps no address of the other that is shut', () => {
    const state = at('away-1');
    const { number } = state.guests.get('web')!.interfaces[0]!;
    const visited = state.anchors.get(number)!.find(({ host }) => host === 'away-1')!;
    const only4 = anchored(number, { ...visited, addresses: { ipv4: '10.2.0.200' } })(state);
    expect(of(only4)).toEqual(['10.2.0.200', '2001:db8:1::101']);
    expect(of(shut(only4))).toEqual(['10.2.0.200']);
  });

  it.each<[Phase, HostName, readonly string[] | undefined]>([
    ['planned', 'home-1', home],
    ['preparing', 'home-1', home],
    ['copying', 'home-1', home],
    ['switching', 'away-1', undefined],
    ['failed', 'away-1', undefined],
    ['rolled-back', 'home-1', home],
    ['relaying', 'away-1', careOf],
    ['drained', 'away-1', careOf],
  ])('whose migration is %s, delivered at %s', (phase, delivering, expected) => {
    expect(of(at('away-1', phase, delivering))).toEqual(expected);
  });

  it('that runs nowhere stays what it was', () => {
    expect(of(gone('web')(atHome()))).toBeUndefined();
  });
});
