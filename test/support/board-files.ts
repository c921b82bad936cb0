/** A branch in memory: paths and files, as git would keep them, with operations and hand edits put on it. */
import fc from 'fast-check';
import { advance } from '../../src/core/apply.ts';
import { faultInDocument } from '../../src/core/arguments.ts';
import { Board, type Records } from '../../src/core/board.ts';
import { faultInName } from '../../src/core/names.ts';
import type { Accepted } from '../../src/core/operation.ts';
import { type JsonDocument, taskStatuses } from '../../src/core/records.ts';
import type { CollectionName } from '../../src/core/shelf.ts';
import { isHot, placeOf } from '../../src/layout/paths.ts';
import { decodeRecord, type FileDiff, type ReadBoard, readBoard } from '../../src/layout/read-board.ts';
import { type EventTail, encodeAccepted } from '../../src/layout/write-board.ts';
import { snapshot } from './board-builder.ts';

export interface TreeFile {
  readonly mode: string;
  readonly bytes: Uint8Array;
}

export type Tree = ReadonlyMap<string, TreeFile>;

const encoder = new TextEncoder();

export function textFile(text: string, mode = '100644'): TreeFile {
  return { mode, bytes: encoder.encode(text) };
}

export function treeOf(files: Readonly<Record<string, string>>): Tree {
  return new Map(Object.entries(files).map(([path, text]) => [path, textFile(text)]));
}

export function textAt(tree: Tree, path: string): string {
  const file = tree.get(path);
  if (file === undefined) throw new Error(`no ${path}: ${[...tree.keys()].join(', ')}`);
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(file.bytes);
}

/** The tree with the files of a mutation written and deleted. */
export function withFiles(tree: Tree, files: ReadonlyMap<string, string | null>): Tree {
  const after = new Map(tree);
  for (const [path, text] of files) {
    if (text === null) after.delete(path);
    else after.set(path, textFile(text));
  }
  return after;
}

export const noEvents: EventTail = { first: 1, count: 0, text: '' };

/** A board in use: the live board, and the branch that its mutations wrote. */
export class Branch {
  readonly board = Board.empty();
  tree: Tree = new Map();
  tail: EventTail = noEvents;

  async commit(accepted: Accepted): Promise<ReadonlyMap<string, string | null>> {
    advance(this.board, accepted);
    const { files, tail } = await encodeAccepted(accepted, this.board, this.tail);
    this.tail = tail;
    this.tree = withFiles(this.tree, files);
    return files;
  }
}

export function openTree(tree: Tree): Promise<ReadBoard> {
  const entries = [...tree].map(([path, { mode }]) => ({ path, mode }));
  const hot = [...tree].filter(([path]) => isHot(path)).map(([path, { bytes }]) => ({ path, bytes }));
  return readBoard({ hot, entries });
}

export function diffOf(before: Tree, after: Tree): FileDiff[] {
  const diff: FileDiff[] = [];
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const from = before.get(path);
    const to = after.get(path);
    if (to === undefined) diff.push({ path, mode: null, bytes: null });
    else if (from === undefined || from.mode !== to.mode || Buffer.compare(from.bytes, to.bytes) !== 0) {
      diff.push({ path, mode: to.mode, bytes: isHot(path) ? to.bytes : 'unread' });
    }
  }
  return diff;
}

/** Loads all that is cold, as a driver would on demand. What is loaded already must be what the branch holds. */
export async function loadAll(board: Board, tree: Tree): Promise<void> {
  for (const [path, { mode, bytes }] of tree) {
    const place = placeOf(path);
    if (place.kind !== 'record' || place.hot || mode !== '100644') continue;
    const { collection, key } = place;
    if (isHeld(board, collection, key)) continue;
    const decoded = await decodeRecord(path, bytes);
    if ('record' in decoded) board.provide(collection, key, decoded.record);
  }
}

function isHeld(board: Board, collection: CollectionName, key: string): boolean {
  return board[collection].isLoaded(key) && board[collection].get(key) !== undefined;
}

/** All that a reader learns, cold records included, as plain data that can be compared. */
export async function everythingIn({ board, faults, writeBlock }: ReadBoard, tree: Tree): Promise<unknown> {
  const whole = board.clone();
  await loadAll(whole, tree);
  return { board: snapshot(whole), settings: whole.settings, faults, writeBlock };
}

export const shortText = fc.string({ unit: 'grapheme', maxLength: 40 });
export const isoTime = fc
  .date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());
export const plainName = fc.stringMatching(/^[a-z][a-z0-9_-]{0,11}$/).filter((name) => faultInName(name) === null);
export const anyName = fc.oneof(
  plainName,
  fc.constantFrom('Ärger', '名前', 'a b', "o'neil", 'x`y', '[z](w)', '100', 'true', 'null', '2026-01-01'),
);
export const taskId = fc.stringMatching(/^[0-9a-f]{8}$/);
export const operationName = fc.stringMatching(/^[0-9a-f]{32}$/);
const whole = fc.nat({ max: 1_000_000 });
const glob = fc.constantFrom('src/**', '*.md', 'docs/a?c/*.txt', '**/x', 'node_modules/@types/**', '.github/**', '-x');

const anyCheckRun = fc.oneof(
  fc.record({
    command: shortText,
    exit_code: fc.option(fc.nat({ max: 255 })),
    duration_ms: whole,
    commit: fc.option(fc.stringMatching(/^[0-9a-f]{40}$/)),
    dirty: fc.option(fc.boolean()),
    output_tail: shortText,
  }),
  fc.record({ criterion: shortText, confirmed: fc.boolean() }),
);
const anyCheckResults = fc.record({
  at: isoTime,
  by: anyName,
  forced: fc.boolean(),
  runs: fc.array(anyCheckRun, { maxLength: 3 }),
});

const usualTask = fc.record({
  id: taskId,
  workstream: anyName,
  title: shortText,
  description: fc.string({ unit: 'binary', maxLength: 60 }),
  status: fc.constantFrom(...taskStatuses),
  priority: fc.integer({ min: 1, max: 9 }),
  estimate: fc.oneof(
    fc.constant(null),
    shortText,
    fc.nat(),
    fc.double({ min: 0, max: 1e6, noNaN: true }).map((n) => n || 0),
  ),
  assigned_to: fc.option(anyName),
  claim: fc.option(
    fc.record({ id: operationName, token: whole.map((n) => n + 1), claimed_at: isoTime, lease_until: isoTime }),
  ),
  attempts: whole,
  depends_on: fc.array(taskId, { maxLength: 3 }),
  parent: fc.option(taskId),
  labels: fc.array(anyName, { maxLength: 3 }),
  needs: fc.array(anyName, { maxLength: 3 }),
  paths: fc.array(glob, { maxLength: 3 }),
  notes: fc.array(fc.record({ at: isoTime, by: anyName, text: shortText }), { maxLength: 3 }),
  result: fc.option(shortText),
  checks: fc.array(fc.oneof(fc.record({ command: shortText }), fc.record({ criterion: shortText })), { maxLength: 3 }),
  created_by: anyName,
  created_version: whole,
  created_index: whole,
  created_at: isoTime,
  updated_at: isoTime,
});

const anyCommits = fc.array(
  fc.record({ at: isoTime, by: anyName, commit: fc.constantFrom('a'.repeat(40), 'b'.repeat(64)) }),
  { minLength: 1, maxLength: 3 },
);

export const anyTask: fc.Arbitrary<Records['tasks']> = fc
  .tuple(usualTask, fc.option(anyCheckResults, { freq: 3 }), fc.option(anyCommits, { freq: 3 }))
  .map(([task, results, commits]) => ({
    ...task,
    ...(results === null ? {} : { check_results: results }),
    ...(commits === null ? {} : { commits }),
  }));

export const anyWorkstream: fc.Arbitrary<Records['workstreams']> = fc.record({
  name: anyName,
  description: shortText,
  priority: fc.integer({ min: 1, max: 9 }),
  status: fc.constantFrom('active', 'paused', 'archived'),
  created_version: whole,
  created_index: whole,
  created_at: isoTime,
  updated_at: isoTime,
});

export const anyAgent: fc.Arbitrary<Records['agents']> = fc.record({
  id: anyName,
  type: anyName,
  status: fc.constantFrom('active', 'retired'),
  capabilities: fc.array(anyName, { maxLength: 3 }),
  registered_at: isoTime,
  last_seen: isoTime,
});

export const anyResource = fc.oneof(
  anyName,
  fc.array(plainName, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/')),
  glob.map((each) => `path:${each}`),
  fc.constantFrom(
    `path:${'*/'.repeat(60)}x`,
    'é'.repeat(90),
    '+'.repeat(128),
    `${'a'.repeat(127)}~`,
    'a%2Fb',
    "it's (a) name!",
  ),
);

export const anyLock: fc.Arbitrary<Records['locks']> = fc.record({
  resource: anyResource,
  shared: fc.boolean(),
  holders: fc.array(
    fc.record({
      agent: anyName,
      id: operationName,
      token: whole.map((n) => n + 1),
      acquired_at: isoTime,
      ttl_ms: whole.map((n) => n + 1),
      expires_at: isoTime,
      reason: fc.option(shortText),
    }),
    { minLength: 1, maxLength: 3 },
  ),
});

export const anyMessage: fc.Arbitrary<Records['messages']> = fc.record({
  id: taskId,
  to: anyName,
  from: anyName,
  sent_to: fc.oneof(
    fc.constant('all'),
    anyName.map((name) => `ws:${name}`),
  ),
  text: fc.string({ unit: 'binary', maxLength: 60 }),
  task: fc.option(taskId),
  sent_version: whole.map((n) => n + 1),
  sent_at: isoTime,
  read_at: fc.option(isoTime),
});

const anyDocument = fc
  .dictionary(
    fc.string({ maxLength: 8 }).filter((key) => key !== '__proto__'),
    fc.jsonValue({ maxDepth: 3 }),
    {
      maxKeys: 4,
    },
  )
  .filter((value) => faultInDocument(value) === null)
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonDocument);

export const anyCycle: fc.Arbitrary<Records['cycles']> = fc.record({
  number: whole.map((n) => n + 1),
  opened_by: anyName,
  opened_at: isoTime,
  opened_version: whole.map((n) => n + 1),
  plan_version: whole,
  plan: anyDocument,
  collected: fc.option(
    fc.record({
      by: anyName,
      at: isoTime,
      version: whole.map((n) => n + 1),
      results_version: whole,
      results: anyDocument,
    }),
  ),
});

/** Bodies with all that could be taken for front matter, or be mended on the way. */
export const anyBody = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc
    .array(
      fc.constantFrom(
        '---',
        '--- ',
        '---js',
        '----',
        '',
        '\n',
        '\r\n',
        '\r',
        '\ufeff',
        'text',
        '# T',
        'title: x',
        ' ',
        '\t',
        '...',
        '{}',
        '\0',
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join('\n')),
  fc
    .array(fc.constantFrom('---', '\n', '\r\n', '\ufeff', 'a', '\u2028'), { maxLength: 12 })
    .map((parts) => parts.join('')),
);

export const anyKnowledge: fc.Arbitrary<Records['knowledge']> = fc.record({
  topic: fc.array(anyName, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
  // what core refuses in a title is left out
  title: fc.option(
    fc.string({ unit: 'binary', maxLength: 80 }).filter((title) => !/[\n\r\0]/.test(title) && title.trim() !== ''),
  ),
  tags: fc.array(anyName, { maxLength: 4 }),
  paths: fc.array(glob, { maxLength: 3 }),
  updated_by: anyName,
  updated_at: isoTime,
  version: whole,
  content: anyBody,
});
