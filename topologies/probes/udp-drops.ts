/**
 * What a UDP socket has dropped, by /proc/net/udp (Linux, net/ipv4/udp.c, `udp4_format_sock`): a line for each socket, with
 * its local address and port in hexadecimal in the second column, and its drops in the last.
 */
export function dropsOf(table: string, port: number): number {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local]) => local?.endsWith(wanted))
    .reduce((sum, columns) => sum + Number(columns.at(-1)), 0);
}
