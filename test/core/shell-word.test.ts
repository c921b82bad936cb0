import { describe, expect, it, test } from 'vitest';
import { agentWord, shellWord } from '../../src/core/shell-word.ts';
import { boardWith, runAccepted, runRefused, taskTitled } from '../support/board-builder.ts';

test('words are quoted as a shell reads them back', () => {
  expect(shellWord('agent-1')).toBe('agent-1');
  expect(shellWord("it's; rm")).toBe(`'it'\\''s; rm'`);
  expect(shellWord('')).toBe("''");
  expect(shellWord('<x>')).toBe("'<x>'");
});

test('who acts is a word of its own; nobody in particular is none', () => {
  expect(agentWord('ada')).toBe(' ada');
  expect(agentWord('ada l')).toBe(" 'ada l'");
  expect(agentWord('system')).toBe('');
});

describe('hints can be pasted, whatever things are called', () => {
  const stream = 'my stream; $(x)';
  const word = "'my stream; $(x)'";

  it('quotes the name of a workstream', () => {
    const board = boardWith({ workstreams: [stream], tasks: ['a'] });
    const hintOf = (code: Parameters<typeof runRefused>[1], kind: string, args: Record<string, unknown>) =>
      runRefused(board, code, kind, args).hint;
    const { id } = taskTitled(board, 'a');
    expect(hintOf('already-exists', 'workstream.create', { name: stream })).toBe(`\`orc ws show ${word}\` shows it`);
    expect(hintOf('has-open-tasks', 'workstream.archive', { name: stream })).toContain(`\`orc t list ${word}\``);
    expect(hintOf('not-holder', 'task.renew', { id })).toBe(`claim it with \`orc t claim ${word} ${id} agent-1\``);
    runAccepted(board, 'task.complete', { id });
    runAccepted(board, 'workstream.archive', { name: stream });
    const again = `\`orc ws resume ${word}\` makes it active again`;
    expect(hintOf('archived', 'workstream.pause', { name: stream })).toBe(again);
    expect(hintOf('archived', 'task.add', { workstream: stream, title: 'b' })).toBe(again);
  });

  it('says how a workstream is created, where there is none', () => {
    const refusal = runRefused(boardWith({ workstreams: [] }), 'not-found', 'workstream.pause', { name: stream });
    expect(refusal.hint).toBe(`create it with \`orc ws create ${word}\``);
  });

  it('quotes the name of an agent, and says who would take another task', () => {
    const board = boardWith({ workstreams: [stream], tasks: ['a'] });
    const { id } = taskTitled(board, 'a');
    expect(runRefused(board, 'not-found', 'agent.heartbeat', { id: 'bob b' }).hint).toBe(
      "`orc a register 'bob b'` registers it",
    );
    expect(runRefused(board, 'not-found', 'message.send', { to: 'bob b', text: 'hi' }).hint).toContain(
      "`'agent:bob b'` sends",
    );
    runAccepted(board, 'task.claim', { id }, { agent: 'ada' });
    const claim = (agent: string) => runRefused(board, 'already-claimed', 'task.claim', { id }, { agent }).hint;
    expect(claim('bob b')).toBe(`take another with \`orc t next ${word} 'bob b'\``);
    runAccepted(board, 'agent.register', { id: 'bob b' });
    runAccepted(board, 'agent.retire', { id: 'bob b' });
    expect(runRefused(board, 'not-found', 'task.claim', { id }, { agent: 'bob b' }).hint).toContain(
      "`orc a register 'bob b'`",
    );
  });

  it('quotes the name of a topic', () => {
    const board = boardWith();
    runAccepted(board, 'knowledge.write', { topic: 'a b', content: 'x' });
    expect(runRefused(board, 'conflict', 'knowledge.write', { topic: 'a b', content: 'y', base: 0 }).hint).toContain(
      "`orc kb read 'a b'` shows it",
    );
  });
});
