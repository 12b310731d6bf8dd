/**
 * What all apps together want on a bridge.
 */
import type { Recipes } from '../controller/switches/fabric.ts';
import { defenceRecipes } from './defence/flows.ts';
import { migrationRecipes } from './migration/flows.ts';
import { routingRecipes } from './routing/flows.ts';

export const recipes: Recipes = (view, state) => [
  ...routingRecipes(view, state.gateways, [...state.subnets.values()]),
  ...defenceRecipes(view, state),
  ...migrationRecipes(view),
];
