/**
 * Defence's flows. Owns: blocklist. What it does not list goes on.
 */
import { FlowList } from '../../controller/switches/flow.ts';
import { cookie } from '../../controller/switches/pipeline.ts';
import type { BlockRecipe } from '../../controller/switches/program.ts';

export function defenceRecipes(): BlockRecipe[] {
  return [
    {
      key: 'defence bridge',
      inputs: [],
      flows: () =>
        new FlowList(cookie('defence', 'bridge', 0)).add('blocklist', 0, {}, [[], 'neighbour']).flows,
    },
  ];
}
