/**
 * The messages of echo probes, as mininet/guest/control.pl makes them, too. A message is "ATEC" in TCP and "ATUE" in UDP, its
 * number (32 bits, network byte order), and zeros, 16 bytes in all unless a longer one is asked for; so a byte that is
 * missing in a stream, or there twice, shows as well.
 */
export const ECHO_LENGTH = 16;
/** An echo server holds a few of them (HOLD in mininet/guest/server.pl). */
export const ECHO_LENGTH_MOST = 65_536;

const MAGIC = { tcp: 0x41544543, udp: 0x41545545 } as const;
/** Without the zeros. */
const HEAD = 8;

type Protocol = keyof typeof MAGIC;

export function echoMessage(protocol: Protocol, number: number, length: number = ECHO_LENGTH): Buffer {
  const message = Buffer.alloc(length);
  message.writeUInt32BE(MAGIC[protocol], 0);
  message.writeUInt32BE(number, 4);
  return message;
}

/** The number of a message, which may have been cut short after it; undefined: it is none. */
export function echoNumber(protocol: Protocol, message: Buffer): number | undefined {
  if (message.length < HEAD || message.readUInt32BE(0) !== MAGIC[protocol]) return undefined;
  return message.readUInt32BE(4);
}
