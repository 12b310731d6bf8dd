/** The suite that real servers pass, passed by the fake: neither the client nor the fake can drift alone. */
import { openVSwitch } from '../../../controller/ovsdb/index.ts';
import { behavesAsClientOf } from './client-behaviour.ts';
import { FakeOvsdb } from './fake-ovsdb.ts';
import { schemaJson } from './schema-json.ts';

behavesAsClientOf('a fake server', async () => {
  const fake = new FakeOvsdb(schemaJson(openVSwitch));
  await fake.server.listen();
  return {
    remote: fake.server.remote,
    kill: () => fake.kill(),
    revive: async () => {
      await fake.server.listen();
    },
    stop: () => fake.server.stop(),
  };
});
