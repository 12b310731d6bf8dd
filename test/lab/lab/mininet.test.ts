/** The custom file for plain Mininet, in namespaces of its own and with an Open vSwitch of its own. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);

const OPEN_VSWITCH = `
mount -t tmpfs tmpfs /run
mkdir /run/openvswitch /run/lock
ip link set lo up
ovsdb-tool create /run/conf.db /usr/share/openvswitch/vswitch.ovsschema
ovsdb-server /run/conf.db --remote=punix:/run/openvswitch/db.sock --detach --pidfile --no-chdir --log-file=/run/1
ovs-vsctl --no-wait init
ovs-vswitchd --disable-system --detach --pidfile --no-chdir --log-file=/run/2
`;

/** What `mn` prints. Mininet cleans up by name when it fails; in a PID namespace that reaches nobody else. */
async function mininet(before: string, ...words: string[]): Promise<string> {
  const mn = `mn --custom mininet/arctictern.py ${words.join(' ')} --test pingall 2>&1`;
  const alone = ['--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const { stdout } = await run('unshare', [...alone, 'sh', '-ec', `${OPEN_VSWITCH}\n${before}\n${mn}`], {
    timeout: 60_000,
  });
  return stdout;
}

describe('plain Mininet', () => {
  it('connects sites and clients without a controller', async () => {
    const topology = '--topo arctictern,sites=3,hosts=1,clients=2';
    const text = await mininet('', topology, '--switch arctictern,failMode=standalone', '--controller none');
    expect(text).toContain('s0 s1 s2 s3');
    expect(text).toContain('*** Results: 0% dropped (30/30 received)');
  });

  it('connects its switches to a controller at port 6653, in OpenFlow 1.5', async () => {
    const controller = 'ovs-testcontroller --detach --pidfile ptcp:6653';
    const text = await mininet(
      controller,
      '--topo arctictern',
      '--switch arctictern',
      '--controller arctictern',
    );
    expect(text).toContain('*** Results: 0% dropped (30/30 received)');
  });
});
