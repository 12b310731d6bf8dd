/**
 * What README.md and ARCHITECTURE.md name is there: commands with their options, make's targets, files and folders.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { program } from '../apps/cli/program.ts';
import { packageRoot } from '../topologies/lab/package-root.ts';

const read = (name: string): string => readFileSync(join(packageRoot, name), 'utf8');
const isThere = (path: string): boolean => existsSync(join(packageRoot, path));
const documents = ['README.md', 'ARCHITECTURE.md'] as const;
const files = ['controller', 'apps', 'topologies', 'mininet', 'test'].flatMap((folder) =>
  readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
    join(folder, file),
  ),
);

/** Code in a line of text; line breaks within are spaces. */
const spans = (document: string): string[] => {
  const prose = document.replaceAll(/^```[^]*?^```$/gm, '');
  return [...prose.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code.replaceAll(/\s+/g, ' '));
};
/** Lines of code, without what is remarked on them. */
const lines = (document: string): string[] =>
  [...document.matchAll(/^```\w*\n([^]*?)^```$/gm)].flatMap(([, block = '']) =>
    block.split('\n').map((line) => line.replace(/ +#.*/, '')),
  );
const commandsIn = (document: string): string[] => [...spans(document), ...lines(document)];

/** What is wrong with a command line of ours; undefined when it is none, or nothing is. */
function wrong(line: string): string | undefined {
  const words = /^(?:npx )?arctictern ([a-z].*)$/.exec(line)?.[1]?.split(' ');
  if (words === undefined) return undefined;
  let command: Command = program();
  while (command.commands.length > 0) {
    const name = words.shift();
    const next = command.commands.find((one) => one.name() === name);
    if (next === undefined) return `${line}: ${command.name()} has no ${name}`;
    command = next;
  }
  if (command.name() === 'exec') return undefined;
  const known = new Set(['--help', ...command.options.map(({ long }) => long)]);
  const unknown = words.filter((word) => word.startsWith('--')).find((word) => !known.has(word));
  return unknown === undefined ? undefined : `${line}: ${command.name()} has no ${unknown}`;
}

describe.each(documents)('%s', (name) => {
  const document = read(name);

  test('names commands and options that there are', () => {
    expect(commandsIn(document).flatMap((line) => wrong(line) ?? [])).toEqual([]);
  });

  test('names targets of make that there are', () => {
    const targets = new Set([...read('Makefile').matchAll(/^([a-z-]+):/gm)].map(([, target]) => target));
    const named = commandsIn(document).flatMap((line) => /^make ([a-z-]+)/.exec(line)?.[1] ?? []);
    expect(named.filter((target) => !targets.has(target))).toEqual([]);
  });

  test('leads to files that there are', () => {
    const links = [...document.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path = '']) => path);
    const run = commandsIn(document).flatMap(
      (line) => /(?:node|run|up) ((?:dist|topologies)\/\S+)/.exec(line)?.[1] ?? [],
    );
    const sources = run.map((path) => path.replace(/^dist\/(.*)\.js$/, '$1.ts'));
    expect([...links, ...sources].filter((path) => !isThere(path))).toEqual([]);
  });

  test('names files and folders that there are, by their ends', () => {
    const paths = spans(document).filter((code) =>
      /^[\w-][\w./-]*\.(?:ts|py|pl|sh|c)$|^[\w-]+\/[\w/-]+\/$/.test(code),
    );
    const ends = (path: string): boolean =>
      files.some((file) => `/${file}`.endsWith(`/${path}`) || file === path.replace(/\/$/, ''));
    expect(paths.filter((path) => !ends(path))).toEqual([]);
  });
});

describe('the house in ARCHITECTURE.md', () => {
  const drawn = /^## The house\n\n```\n([^]*?)^```$/m.exec(read('ARCHITECTURE.md'))?.[1] ?? '';
  let top = '';
  const rooms = drawn.split('\n').flatMap((line) => {
    const [, indent, room] = /^( {0,2})([\w.-]+\/?) +\S/.exec(line) ?? [];
    if (room === undefined) return [];
    if (indent === '') top = room;
    return [indent === '' ? room : `${top}${room}`];
  });

  test('has rooms that there are', () => {
    expect(rooms.length).toBeGreaterThan(20);
    expect(rooms.filter((room) => !isThere(room))).toEqual([]);
  });

  test('has all folders of controller and apps', () => {
    const folders = files.flatMap((file) => /^(?:controller|apps)\/[\w-]+\//.exec(file)?.[0] ?? []);
    expect([...new Set(folders)].filter((folder) => !rooms.includes(folder))).toEqual([]);
  });
});

test('a command that there is not would be found', () => {
  expect(
    commandsIn(read('README.md')).filter((line) => /^(npx )?arctictern /.test(line)).length,
  ).toBeGreaterThan(15);
  expect(wrong('npx arctictern lab fly x')).toBe('npx arctictern lab fly x: lab has no fly');
  expect(wrong('arctictern migrate web --by bus')).toBe(
    'arctictern migrate web --by bus: migrate has no --by',
  );
});
