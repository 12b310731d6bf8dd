import { expect, test } from 'vitest';
import { ECHO_LENGTH, echoMessage, echoNumber } from '../../../topologies/probes/echo-message.ts';

test('a message is what the guest makes, too', () => {
  expect(echoMessage('tcp', 258).toString('hex')).toBe('41544543000001020000000000000000');
  expect(echoMessage('udp', 258).toString('hex')).toBe('41545545000001020000000000000000');
});

test('a longer one is the same with more zeros behind it', () => {
  const message = echoMessage('tcp', 7, 1_000);
  expect(message).toHaveLength(1_000);
  expect(message.subarray(0, ECHO_LENGTH)).toEqual(echoMessage('tcp', 7));
  expect(message.subarray(ECHO_LENGTH).every((byte) => byte === 0)).toBe(true);
});

test('a number is read of a message of its own protocol alone, also of one that was cut short', () => {
  expect(echoNumber('tcp', echoMessage('tcp', 70_000).subarray(0, 8))).toBe(70_000);
  expect(echoNumber('udp', echoMessage('tcp', 1))).toBeUndefined();
  expect(echoNumber('tcp', echoMessage('tcp', 1).subarray(0, 7))).toBeUndefined();
});
