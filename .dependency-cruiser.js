/**
 * Data flows one way: wire → session → model → apps → flows → wire. What may import what, by folder.
 */
const WIRE = '^controller/(openflow|ovsdb|libvirt|ipfix|dns)/';
const COMMON = '^controller/[a-z-]+\\.ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circle',
      comment: 'No file needs itself, not even for a type.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'wire-alone',
      comment:
        'A protocol’s library is usable alone: it knows its own folder, and the clock, errors and limits.',
      severity: 'error',
      from: { path: WIRE, pathNot: '^controller/dns/' },
      to: { path: '^(controller|apps|topologies)/', pathNot: [COMMON, '^controller/$1/'] },
    },
    {
      name: 'model-alone',
      comment:
        'The model knows no session, and of the wire how an address is written, and what it is stored by.',
      severity: 'error',
      from: { path: '^controller/network/', pathNot: '^controller/network/(store/|address\\.ts$)' },
      to: { path: '^(controller|apps|topologies)/', pathNot: [COMMON, '^controller/network/'] },
    },
    {
      name: 'controller-below-apps',
      severity: 'error',
      from: { path: '^controller/' },
      to: { path: '^(apps|topologies|test)/' },
    },
    {
      name: 'topologies-below-apps',
      severity: 'error',
      from: { path: '^topologies/' },
      to: { path: '^(apps|test)/' },
    },
    {
      name: 'flows-know-no-commands',
      comment:
        'What decides and makes flows does not know who asks: neither the API nor commands, labs or benchmarks.',
      severity: 'error',
      from: { path: '^apps/(routing|migration|defence|naming)/' },
      to: { path: '^(apps/(api|cli|lab|evidence|bench)|topologies)/' },
    },
    {
      name: 'nobody-needs-benchmarks',
      severity: 'error',
      from: { path: '^(apps|topologies|controller)/', pathNot: '^apps/bench/' },
      to: { path: '^apps/bench/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js'] },
  },
};
