/**
 * `arctictern lab`: whole networks on this machine, with real hypervisors, and experiments in them.
 */
import { Command } from 'commander';
import pc from 'picocolors';
import { DEFAULT_API } from '../../api/client.ts';
import { onDemand } from '../on-demand.ts';

const API = new URL(DEFAULT_API).host;

export function labCommand(): Command {
  const lab = new Command('lab')
    .enablePositionalOptions()
    .description(
      'Labs on this machine: hypervisors, routers, clients and a WAN in network namespaces, with real OVS, libvirt and QEMU.',
    );
  lab
    .command('run')
    .description('Bring a lab up, run its experiment, print what came of it, and take everything down again.')
    .argument('<topology>', 'a topology file with `lab` and `experiment` sections')
    .option('--results <directory>', 'where the run’s folder is made', 'results')
    .option('--api <address:port>', 'where the lab’s controller has its API', API)
    .option('--json', 'print the summary as JSON', false)
    .addHelpText(
      'after',
      `
The run's folder, ${pc.bold('results/LAB-TIME')} (also ${pc.bold('results/latest')}), holds report.html to look at, its figures and plots' data as
CSV and JSON (see \`arctictern report --help\`), summary.json, the packet captures of clients, uplinks, edges and
guests' TAPs, what each connection observed, topology.yaml and the logs. Exit code 1 when a connection was lost.

Example:
  arctictern lab run topologies/first-flight.yaml`,
    )
    .action(onDemand(async () => (await import('./lab/run.ts')).run));
  lab
    .command('up')
    .description('Bring a lab up with its controller, and leave it running in the background.')
    .argument('<topology>', 'a topology file with a `lab` section')
    .option('--api <address:port>', 'where the lab’s controller has its API', API)
    .option('--json', 'print as JSON what has come up: lab, pid, api, log, nodes', false)
    .addHelpText(
      'after',
      `
Examples:
  arctictern lab up topologies/first-flight.yaml
  arctictern guests
  arctictern migrate web --to b1
  arctictern lab down

  arctictern lab up topologies/first-flight.yaml --json | jq -r '.nodes[]'`,
    )
    .action(onDemand(async () => (await import('./lab/up.ts')).up));
  lab
    .command('down')
    .description('Take a lab down that was brought up with `lab up`.')
    .argument('[name]', 'the lab’s name; may be left out when there is only one')
    .option('--json', 'print as JSON which lab has gone', false)
    .addHelpText(
      'after',
      `
All of it goes: processes, namespaces, interfaces, files.

Examples:
  arctictern lab down
  arctictern lab down first-flight --json`,
    )
    .action(onDemand(async () => (await import('./lab/down.ts')).down));
  lab
    .command('exec')
    .description('Run a command in a node of a lab that is up: a host, a router, a client.')
    .argument('<node>', 'the node’s name')
    .argument('[command...]', 'the command; a shell without one')
    .option('--lab <name>', 'the lab’s name; may be left out when there is only one')
    .passThroughOptions()
    .addHelpText(
      'after',
      `
Examples:
  arctictern lab exec c1 ping 10.1.0.100
  arctictern lab exec a1 ovs-ofctl -O OpenFlow15 dump-flows br-int
  arctictern lab exec b1 virsh list`,
    )
    .action(onDemand(async () => (await import('./lab/exec.ts')).exec));
  lab
    .command('supervise', { hidden: true })
    .argument('<topology>')
    .option('--api <address:port>', '', API)
    .action(onDemand(async () => (await import('./lab/supervise.ts')).supervise));
  return lab;
}
