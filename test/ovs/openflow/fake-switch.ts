/**
 * A switch that only pretends: it listens on a Unix socket, answers what `ovs-ofctl` waits for, and keeps the
 * bytes of everything that `ovs-ofctl` sends.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  bundleControl,
  decode,
  encode,
  hello,
  MessageSplitter,
  type Message,
  type Received,
} from '../../../controller/openflow/index.ts';

const OFCTL_MILLISECONDS = 5000;
/** What stands in a command for the address of the switch. */
export const SWITCH = 'SWITCH';

const ETHERNET = { curr: 0, advertised: 0, supported: 0, peer: 0, currSpeed: 0, maxSpeed: 0 };

function answer(request: Received): Message | 'close' | undefined {
  switch (request.type) {
    case 'barrier_request':
      return { type: 'barrier_reply' };
    case 'echo_request':
      return { type: 'echo_reply', data: request.data };
    case 'features_request':
      return {
        type: 'features_reply',
        datapathId: 1n,
        nBuffers: 0,
        nTables: 254,
        auxiliaryId: 0,
        capabilities: 0,
        reserved: 0,
      };
    case 'get_config_request':
      return { type: 'get_config_reply', flags: 0, missSendLen: 0 };
    case 'role_request':
      return { ...request, type: 'role_reply' };
    case 'bundle_control':
      return request.control === 'open_request'
        ? bundleControl(request.bundleId, 'open_reply', request.flags)
        : bundleControl(
            request.bundleId,
            request.control === 'commit_request' ? 'commit_reply' : 'discard_reply',
            request.flags,
          );
    case 'nx_tlv_table_request':
      return { type: 'nx_tlv_table_reply', maxOptionSpace: 256, maxFields: 64, maps: [] };
    case 'port_desc_request':
      return {
        type: 'port_desc_reply',
        ports: [
          { portNo: 1, hwAddr: '02:00:00:00:00:01', name: 'p1', config: 0, state: 4, ethernet: ETHERNET },
        ],
      };
    case 'table_desc_request':
      return { type: 'table_desc_reply', tables: [{ table: 1, config: 0, properties: new Uint8Array(0) }] };
    case 'hello':
    case 'flow_mod':
    case 'set_config':
    case 'nx_set_packet_in_format':
    case 'nx_set_controller_id':
    case 'group_mod':
    case 'meter_mod':
    case 'port_mod':
    case 'table_mod':
    case 'packet_out':
    case 'bundle_add_message':
    case 'nx_ct_flush':
    case 'nx_ct_flush_zone':
    case 'nx_tlv_table_mod':
      return undefined;
    default:
      // Everything else asks for what this switch does not have: hanging up ends ovs-ofctl.
      return 'close';
  }
}

function serve(socket: Socket, heard: Uint8Array[]): void {
  const splitter = new MessageSplitter();
  socket.on('error', () => undefined);
  socket.write(encode(hello(), 1));
  socket.on('data', (chunk) => {
    splitter.push(chunk, (bytes) => {
      heard.push(Uint8Array.from(bytes));
      const request = decode(bytes);
      const reply = answer(request);
      if (reply === 'close') socket.end();
      else if (reply !== undefined) socket.write(encode(reply, request.xid));
    });
  });
}

export interface Recording {
  readonly messages: readonly Uint8Array[];
  readonly stderr: string;
}

/** Runs `ovs-ofctl` with `arguments_` against a fake switch of its own and gives what it sent. */
export async function record(arguments_: readonly string[], stdin = ''): Promise<Recording> {
  const directory = mkdtempSync(join(tmpdir(), 'openflow-'));
  const path = join(directory, 'switch');
  const messages: Uint8Array[] = [];
  const server = createServer((socket) => serve(socket, messages));
  try {
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const stderr = await ofctl(
      [
        '-O',
        'OpenFlow15',
        '--no-names',
        ...arguments_.map((word) => (word === SWITCH ? `unix:${path}` : word)),
      ],
      stdin,
    );
    return { messages, stderr };
  } finally {
    server.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function ofctl(arguments_: readonly string[], stdin: string): Promise<string> {
  const child = spawn('ovs-ofctl', arguments_, { stdio: ['pipe', 'ignore', 'pipe'] });
  const timer = setTimeout(() => child.kill(), OFCTL_MILLISECONDS);
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.end(stdin);
  await new Promise<void>((resolve) => child.on('close', () => resolve()));
  clearTimeout(timer);
  return stderr;
}
