import { describe, expect, it } from 'vitest';
import { advance } from '../../src/core/apply.ts';
import { Board } from '../../src/core/board.ts';
import type { Accepted } from '../../src/core/operation.ts';
import { parseSegment } from '../../src/layout/events.ts';
import { encodeAccepted } from '../../src/layout/write-board.ts';
import {
  type Args,
  claimTask,
  isoAfter,
  minute,
  type RunOptions,
  runAccepted,
  startTime,
} from '../support/board-builder.ts';
import { Branch, noEvents, textAt } from '../support/board-files.ts';

class Writer extends Branch {
  async run(kind: string, args: Args, options: RunOptions = {}): Promise<Record<string, string | null>> {
    const accepted = runAccepted(this.board.clone(), kind, args, options);
    return Object.fromEntries(await this.commit(accepted));
  }
}

async function begun(settings = 'format: 1\n'): Promise<Writer> {
  const writer = new Writer();
  await writer.run(
    'board.init',
    { board: 'b0a4d000b0a4d000', settings, files: [{ path: 'README.md', text: 'read me' }] },
    { agent: 'system', at: startTime },
  );
  await writer.run('workstream.create', { name: 'build' });
  return writer;
}

const always = ['BOARD.md', 'events/0000000001.jsonl', 'state.json'];

describe('the files of a mutation', () => {
  it('at the beginning are the settings, the template and the board', async () => {
    const { tree } = await begun();
    expect([...tree.keys()].sort()).toEqual([
      'BOARD.md',
      'README.md',
      'events/0000000001.jsonl',
      'orc.yaml',
      'state.json',
      'workstreams/build.json',
    ]);
    expect(textAt(tree, 'orc.yaml')).toBe('format: 1\n');
  });

  it('state.json is the board at a glance', async () => {
    const { tree } = await begun();
    expect(textAt(tree, 'state.json')).toBe(`{
  "board": "b0a4d000b0a4d000",
  "format": 1,
  "version": 2,
  "updated_at": "${isoAfter(0)}",
  "events": 2,
  "workstreams": {
    "build": {
      "status": "active",
      "priority": 5,
      "pending": 0,
      "in_progress": 0,
      "blocked": 0,
      "done": 0,
      "failed": 0,
      "cancelled": 0
    }
  },
  "agents": 0,
  "locks": 0
}
`);
  });

  it('state.json lists workstreams as they were created, whatever their names', async () => {
    const writer = await begun();
    for (const name of ['zeta', '2026', 'alpha', '1']) await writer.run('workstream.create', { name });
    const names = textAt(writer.tree, 'state.json').match(/^ {4}"[^"]+": \{$/gm);
    expect(names).toEqual(['build', 'zeta', '2026', 'alpha', '1'].map((name) => `    "${name}": {`));
  });

  it('of a claim are few: the task, the event, state.json and BOARD.md', async () => {
    const writer = await begun();
    const added = await writer.run('task.add', { workstream: 'build', title: 'One' });
    const path = Object.keys(added).find((each) => each.startsWith('tasks/')) ?? '';
    expect(Object.keys(await writer.run('task.next', { workstream: 'build' })).sort()).toEqual(
      [...always, path].sort(),
    );
    expect(JSON.parse(textAt(writer.tree, path))).toMatchObject({ status: 'in_progress', assigned_to: 'agent-1' });
  });

  it('move a task that closes or is reopened, and an agent that retires or returns', async () => {
    const writer = await begun();
    await writer.run('task.add', { workstream: 'build', title: 'One' });
    const id = [...writer.board.openTasks()][0]?.id ?? '';
    const open = `tasks/open/${id[0]}/${id[1]}/${id}.json`;
    const closed = open.replace('open', 'closed');
    expect(await writer.run('task.complete', { id })).toMatchObject({
      [open]: null,
      [closed]: expect.stringContaining('"done"'),
    });
    expect(await writer.run('task.reopen', { id })).toMatchObject({
      [closed]: null,
      [open]: expect.stringContaining('"pending"'),
    });
    await writer.run('agent.register', { id: 'a' });
    expect(await writer.run('agent.retire', { id: 'a' })).toMatchObject({
      'agents/a.json': null,
      'agents/retired/a.json': expect.any(String),
    });
    expect(await writer.run('agent.register', { id: 'a' })).toMatchObject({
      'agents/retired/a.json': null,
      'agents/a.json': expect.any(String),
    });
  });

  it('delete knowledge and locks that go', async () => {
    const writer = await begun();
    await writer.run('knowledge.write', { topic: 'api/auth', content: 'x' });
    expect(await writer.run('knowledge.delete', { topic: 'api/auth' })).toHaveProperty(['knowledge/api/auth.md'], null);
    await writer.run('lock.acquire', { resource: 'path:src/**', ttl_ms: minute });
    const later = await writer.run('event.log', { action: 'seen' }, { at: startTime + 2 * minute });
    expect(later).toHaveProperty(['locks/path%3Asrc%2F%2A%2A.json'], null);
  });

  it('of an import may begin several segments at once', async () => {
    const writer = await begun();
    const at = isoAfter(0);
    const events = Array.from({ length: 1000 }, (_, i) => ({ ts: at, agent: 'a', action: 'task_created', i }));
    const files = await writer.run('board.import', {
      version: 1,
      updated_at: at,
      workstreams: [],
      agents: [],
      locks: [],
      knowledge: [],
      events,
    });
    const segments = Object.keys(files).filter((path) => path.startsWith('events/'));
    expect(segments).toEqual([1, 257, 513, 769].map((n) => `events/${String(n).padStart(10, '0')}.jsonl`));
    expect(segments.flatMap((path) => parseSegment(path, files[path] ?? '').events).map(({ n }) => n)).toEqual(
      Array.from({ length: 1003 }, (_, i) => i + 1),
    );
  });

  it('follow board_md: BOARD.md goes when it is switched off, and comes back', async () => {
    const writer = await begun();
    expect(writer.tree.has('BOARD.md')).toBe(true);
    const off = await writer.run('config.set', { key: 'board_md', value: 'false', text: 'board_md: false\n' });
    expect(off).toMatchObject({ 'BOARD.md': null, 'orc.yaml': 'board_md: false\n' });
    expect(writer.board.settings.board_md).toBe(false);
    expect(await writer.run('event.log', { action: 'seen' })).toHaveProperty(['BOARD.md'], null);
    const on = await writer.run('config.set', { key: 'board_md', value: 'true', text: 'board_md: true\n' });
    expect(on['BOARD.md']).toMatch(/^# The board at version/);
    expect((await begun('board_md: false\n')).tree.has('BOARD.md')).toBe(false);
  });

  it('are refused where the settings are no YAML, or a file is none of a board', async () => {
    const board = Board.empty();
    const init = runAccepted(board.clone(), 'board.init', { board: 'b0a4d000b0a4d000', settings: 'a: [' });
    advance(board, init);
    await expect(encodeAccepted(init, board, noEvents)).rejects.toMatchObject({ code: 'invalid-argument' });
    for (const path of ['../x', 'state.json', '.git/config', 'tasks/open/x']) {
      const file = { path, text: 'x' };
      const forged: Accepted = {
        ...init,
        settingsText: 'format: 1\n',
        changes: [{ collection: 'files', key: path, before: null, after: file }],
      };
      await expect(encodeAccepted(forged, board, noEvents)).rejects.toMatchObject({ code: 'invalid-argument' });
    }
  });

  it('never hold a record that would not be read again', async () => {
    const writer = await begun();
    await writer.run('task.add', { workstream: 'build', title: 'One' });
    const id = [...writer.board.openTasks()][0]?.id ?? '';
    claimTask(writer.board.clone(), id);
    const note = { id, text: '\u0001'.repeat(100_000) };
    await writer.run('task.note', note);
    expect(() => runAccepted(writer.board.clone(), 'task.note', note)).toThrow(/would be longer than 768 KiB/);
    expect(await writer.run('task.next', { workstream: null })).toBeDefined();
  });
});
