/** The ways to relay, by name. */
import type { RelayMode } from '../../../controller/network/relay.ts';
import { direct } from './direct.ts';
import { rewrite } from './rewrite.ts';
import { tunnel } from './tunnel.ts';
import type { RelayWay } from './way.ts';

export const ways: Readonly<Record<RelayMode, RelayWay>> = { tunnel, rewrite, direct };
