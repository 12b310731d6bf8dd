/** `arctictern flows`: what a host's bridge does, and how often it has done it. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { switches as limits } from '../../../controller/limits.ts';
import { App, ObjectKind, Table } from '../../../controller/switches/pipeline.ts';
import type { FlowObject } from '../../api/objects.ts';
import { clientCommand, type ClientCommandOptions, clientFor } from '../client-command.ts';
import type { Terminal } from '../terminal.ts';
import { flowsText } from '../views/flows.ts';
import { tablePurpose } from '../views/tables.ts';

interface Filter {
  readonly table?: string;
  readonly hit?: true;
  readonly owner?: string;
  readonly verdict?: string;
}

export function flowsCommand(terminal: Terminal): Command {
  return clientCommand(
    'flows',
    "Show the flows of a host's or an edge's bridge, as OVS reports them, by table.",
  )
    .argument('<host>', 'a host or an edge; `arctictern hosts` and `arctictern edges` list them')
    .addOption(new Option('--table <name>', 'only this table, by name or number').argParser(table))
    .addOption(
      new Option('--owner <app>', 'only the flows of this app; foreign: of nobody here').choices([
        ...Object.keys(App),
        'foreign',
      ]),
    )
    .option('--verdict <id>', 'only flows that this verdict led to')
    .option('--hit', 'only flows that packets have hit')
    .addHelpText(
      'after',
      `
Columns:
  PRIORITY   of the flows of a table that match a packet, the one with the highest is taken
  PACKETS    packets that have hit the flow, and their bytes; OVS brings these up to date every ${limits.counterRefresh} ms
  OWNER      the app that wants the flow, and the object that it is for, by its number: ${Object.keys(ObjectKind).join(', ')}
  BY         who made it, in tables where somebody did: a person, a list, a verdict, how the guest is defended anyway
             (policy), a flight and the verdicts that it flees from, a migration with --admit established
  MATCH      what a packet must be like, in the syntax of ovs-ofctl
  ACTIONS    what is done with it

Tables, in the order in which packets pass them:
${Object.entries(tablePurpose)
  .map(([name, purpose]) => `  ${name.padEnd(16)} ${purpose}`)
  .join('\n')}

Examples:
  arctictern flows a1 --hit
  arctictern flows a1 --table deliver
  arctictern flows a1 --verdict web-a1-syn-flood-mih0v2k8
  arctictern flows a1 --owner migration --json | jq length`,
    )
    .action(async (host: string, options: ClientCommandOptions & Filter) => {
      const client = clientFor(options, terminal);
      const isEdge = (await client.edges()).some(({ name }) => name === host);
      const all = await (isEdge ? client.edgeFlows(host) : client.flows(host));
      const flows = all.filter((flow) => isWanted(flow, options));
      terminal.out.write(
        options.json
          ? `${JSON.stringify(flows, null, 2)}\n`
          : flowsText(host, flows, all.length, terminal.out.colors),
      );
    });
}

function isWanted(flow: FlowObject, { table: wanted, hit, owner, verdict }: Filter): boolean {
  if (wanted !== undefined && flow.table !== wanted && String(flow.tableId) !== wanted) return false;
  if (owner !== undefined && flow.owner.split(' ')[0] !== owner) return false;
  if (verdict !== undefined && flow.madeBy?.verdicts.includes(verdict) !== true) return false;
  return hit === undefined || flow.packets > 0;
}

function table(text: string): string {
  if (Object.hasOwn(Table, text)) return text;
  if (/^\d{1,3}$/.test(text) && Number(text) < 255) return String(Number(text));
  throw new InvalidArgumentError(`Tables are ${Object.keys(Table).join(', ')}, or a number up to 254.`);
}
