import { expect, test } from 'vitest';
import { directoriesOf, diskText, localDisks, poolName } from '../../../controller/hypervisors/storage.ts';

const domain = (...disks: string[]): string =>
  `<domain type='kvm'><name>db</name><memory>65536</memory><devices>${disks.join('')}</devices></domain>`;
const file = (target: string, path: string, more = ''): string =>
  `<disk type='file' device='disk'><source file='${path}'/><target dev='${target}'/>${more}</disk>`;

test('disks that are local are those that the guest writes and that nothing says are elsewhere, too', () => {
  const disks = localDisks(
    domain(
      file('vda', '/srv/db.raw'),
      file('vdb', '/srv/both.raw', '<shareable/>'),
      file('vdc', '/srv/seed.iso', '<readonly/>'),
      `<disk type='block' device='disk'><source dev='/dev/vg/db'/><target dev='vdd'/></disk>`,
      `<disk type='network' device='disk'><source protocol='rbd' name='pool/db'/><target dev='vde'/></disk>`,
      `<disk type='file' device='cdrom'><source file='/srv/tools.iso'/><target dev='sda'/></disk>`,
    ),
  );
  expect(disks.map(diskText)).toEqual(['vda (/srv/db.raw)', 'vdd (/dev/vg/db)']);
  expect(localDisks(domain())).toEqual([]);
});

test('directories are those of files, each once', () => {
  const disks = localDisks(
    domain(
      file('vda', '/srv/images/db.raw'),
      file('vdb', '/srv/images/log.raw'),
      file('vdc', '/root.raw'),
      `<disk type='block' device='disk'><source dev='/dev/vg/db'/><target dev='vdd'/></disk>`,
    ),
  );
  expect(directoriesOf(disks)).toEqual(['/', '/srv/images']);
});

test('a pool is named after its directory', () => {
  expect(poolName('/srv/images')).toMatch(/^arctictern-[0-9a-f]{12}$/);
  expect(poolName('/srv/images')).toBe(poolName('/srv/images'));
  expect(poolName('/srv/images')).not.toBe(poolName('/srv/image'));
});
