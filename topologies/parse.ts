/**
 * From a topology file to a checked topology.
 *
 * The first thing that is wrong is reported, as one sentence with file and line (`TopologyError`): a person
 * mends one line at a time, and later complaints are often echoes of the first.
 */
import { readFileSync } from 'node:fs';
import { LineCounter, isCollection, isNode, isPair, isScalar, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { messageOf } from '../controller/errors.ts';
import { check } from './check.ts';
import { TopologyError } from './errors.ts';
import { pathText } from './path-text.ts';
import { topologySchema, type Topology } from './schema.ts';

export type Path = readonly PropertyKey[];

/** Reads and checks a topology file. Throws `TopologyError`. */
export function readTopology(file: string): Topology {
  let text;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const reason = messageOf(cause);
    throw new TopologyError(
      'TOPOLOGY_UNREADABLE',
      file,
      undefined,
      `cannot read the topology file: ${reason}`,
    );
  }
  return parseTopology(text, file);
}

/** Checks the text of a topology file; `file` is what errors call it. Throws `TopologyError`. */
export function parseTopology(text: string, file: string): Topology {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const bad = document.errors[0] ?? document.warnings[0];
  if (bad) {
    const { line } = lines.linePos(bad.pos[0]);
    throw new TopologyError('TOPOLOGY_SYNTAX', file, line, `not YAML: ${bad.message}`);
  }
  const lineOf = (path: Path): number | undefined => lineAt(document, lines, path);
  const value = plain(document, file);
  const parsed = topologySchema.safeParse(value);
  if (!parsed.success) throw fieldError(mostTelling(parsed.error.issues, value), value, file, lineOf);
  const problem = check(parsed.data);
  if (problem) throw new TopologyError(problem.code, file, lineOf(problem.path), problem.sentence);
  return parsed.data;
}

/** YAML aliases may refer to each other so often that the value they stand for has no sensible size. */
function plain(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    const reason = messageOf(cause);
    throw new TopologyError('TOPOLOGY_SYNTAX', file, undefined, `not YAML that makes sense: ${reason}`);
  }
}

/** The first issue; but where a field is missing and another is unknown, the unknown one is misspelt. */
function mostTelling(issues: readonly z.core.$ZodIssue[], value: unknown): z.core.$ZodIssue {
  const first = issues[0]!;
  if (valueAt(value, first.path) !== undefined) return first;
  const parent = first.path.slice(0, -1).join('.');
  return issues.find((it) => it.code === 'unrecognized_keys' && it.path.join('.') === parent) ?? first;
}

/** The line of the deepest node on `path` that exists: of the key where there is one. */
function lineAt(document: Document, lines: LineCounter, path: Path): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined = 0;
  for (const step of path) {
    if (!isCollection(node)) break;
    const found: unknown = node.items.find((item, i) =>
      isPair(item) ? isScalar(item.key) && String(item.key.value) === String(step) : i === step,
    );
    if (found === undefined) break;
    const mark: unknown = isPair(found) ? found.key : found;
    if (isNode(mark) && mark.range) offset = mark.range[0];
    node = isPair(found) ? found.value : found;
  }
  return lines.linePos(offset).line;
}

function fieldError(
  issue: z.core.$ZodIssue,
  value: unknown,
  file: string,
  lineOf: (path: Path) => number | undefined,
): TopologyError {
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    const where = issue.path.length === 0 ? 'a topology' : pathText(issue.path);
    return new TopologyError(
      'TOPOLOGY_UNKNOWN_FIELD',
      file,
      lineOf([...issue.path, key]),
      `${where} has no field \`${key}\`; remove it, or look for a spelling mistake`,
    );
  }
  const found = valueAt(value, issue.path);
  const name = issue.path.length === 0 ? 'the file' : pathText(issue.path);
  const expected = expectation(issue);
  const sentence =
    found === undefined ? `${name} is missing: ${expected}` : `${name} is ${brief(found)}: ${expected}`;
  return new TopologyError('TOPOLOGY_FIELD', file, lineOf(issue.path), sentence);
}

/** What should have been there. Messages of our own schema say so themselves. */
function expectation(issue: z.core.$ZodIssue): string {
  if (issue.message.startsWith('expected')) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${kinds[issue.expected] ?? issue.expected}`;
    case 'too_small':
      return `expected at least ${String(issue.minimum)}`;
    case 'too_big':
      return `expected at most ${String(issue.maximum)}`;
    case 'invalid_key':
      return issue.issues[0]?.message ?? 'expected another name';
    default:
      return issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
  }
}

const kinds: Readonly<Record<string, string>> = {
  object: 'a mapping of fields',
  record: 'a mapping of names',
  array: 'a list',
  string: 'text',
  number: 'a number',
  int: 'a whole number',
};

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (it, step) =>
      typeof it === 'object' && it !== null ? (it as Record<PropertyKey, unknown>)[step] : undefined,
    value,
  );
}

function brief(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a mapping';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
