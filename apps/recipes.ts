/**
 * What all apps together want on a bridge.
 */
import type { Recipes } from '../controller/switches/fabric.ts';
import { countRecipes, edgeCountRecipes } from './defence/count-flows.ts';
import { defenceRecipes } from './defence/flows.ts';
import { edgeMigrationRecipes } from './migration/edge.ts';
import { migrationRecipes } from './migration/flows.ts';
import { edgeRoutingRecipes } from './routing/edge.ts';
import { routingRecipes } from './routing/flows.ts';

export const recipes: Recipes = (view, state) =>
  view.kind === 'host'
    ? [
        ...routingRecipes(view, state.gateways, [...state.subnets.values()]),
        ...defenceRecipes(view, state),
        ...countRecipes(view),
        ...migrationRecipes(view, state.gateways),
      ]
    : [
        ...edgeRoutingRecipes(view),
        ...defenceRecipes(view, state),
        ...edgeCountRecipes(view),
        ...edgeMigrationRecipes(view, state),
      ];
