import { describe, expect, test } from 'vitest';
import { classify, describeError } from '../../../controller/ovsdb/rpc-message.ts';

describe('a JSON-RPC message', () => {
  test.each([
    [
      { id: 1, method: 'echo', params: ['x'] },
      { kind: 'request', id: 1, method: 'echo', params: ['x'] },
    ],
    [
      { id: 'echo', method: 'echo', params: [] },
      { kind: 'request', id: 'echo', method: 'echo', params: [] },
    ],
    [
      { id: null, method: 'update', params: [1] },
      { kind: 'notification', method: 'update', params: [1] },
    ],
    [
      { method: 'update', params: null },
      { kind: 'notification', method: 'update', params: [] },
    ],
    [
      { id: 1, result: {}, error: null },
      { kind: 'result', id: 1, result: {} },
    ],
    [
      { id: 1, result: null, error: null },
      { kind: 'result', id: 1, result: null },
    ],
    [
      { id: 1, result: null, error: 'no' },
      { kind: 'error', id: 1, error: 'no' },
    ],
  ])('%j', (json, message) => {
    expect(classify(json)).toEqual(message);
  });

  test.each([
    [null],
    [1],
    ['x'],
    [{}],
    [{ id: 1 }],
    [{ method: 1 }],
    [{ id: 1, method: 'x', params: {} }],
    [{ result: 1 }],
  ])('%j is none', (json) => {
    expect(() => classify(json)).toThrow(expect.objectContaining({ code: 'OVSDB_PROTOCOL' }) as Error);
  });

  test('an error is told in OVSDB terms, whatever its form', () => {
    expect(describeError('unknown method')).toEqual({ error: 'unknown method', details: undefined });
    expect(describeError({ error: 'syntax error', details: 'x', syntax: '1' })).toEqual({
      error: 'syntax error',
      details: 'x',
    });
    expect(describeError([1])).toEqual({ error: '[1]', details: undefined });
  });
});
