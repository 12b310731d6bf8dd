/** What the datagrams of the `udp-echo` probe hold: this, then their number, both in network byte order. */
export const ECHO_MAGIC = 0x41545545;
