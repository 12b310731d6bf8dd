/** `arctictern report`: what a run left behind, as figures and plots. */
import { Command } from 'commander';
import type { Report } from '../../evidence/report.ts';
import type { Terminal } from '../terminal.ts';

export function reportCommand(terminal: Terminal): Command {
  return new Command('report')
    .description('Make the report of a run again, from what is in its folder alone.')
    .argument('[folder]', 'a folder that `lab run` left behind', 'results/latest')
    .option('--json', 'print the figures as JSON', false)
    .option('--columns', 'print which CSV file has which column, and what it means, as CSV', false)
    .addHelpText(
      'after',
      `
Written into the folder: report.html (one file, nothing from elsewhere), evidence.json (all figures), timeline.json
and timeline.csv (events, port changes, commits and every packet of each connection, on one clock), and as CSV:
migrations, connections, switchovers (each connection at each migration), captures, packets-CONNECTION, columns.

Examples:
  arctictern report
  arctictern report results/first-flight-20260101-120000 --json | jq .switchovers`,
    )
    .action(async (folder: string, options: { json: boolean; columns: boolean }) => {
      const { out } = terminal;
      if (options.columns) {
        const { columnsTable } = await import('../../evidence/tables.ts');
        out.write(columnsTable());
        return;
      }
      const { writeReport } = await import('../../evidence/report.ts');
      const report = writeReport(folder);
      out.write(options.json ? `${JSON.stringify(report)}\n` : told(report));
    });
}

function told({ folder, files, connections, migrations }: Report): string {
  return `${migrations.length} migrations, ${connections.length} connections: ${folder}/report.html and ${files.length - 1} files beside it.\n`;
}
