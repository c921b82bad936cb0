import { expect, test } from 'vitest';
import { contextAnswer, denyAnswer, goOnAnswer } from '../../../src/app/agent-hooks/answer.ts';
import { parseAgentEvent } from '../../../src/app/agent-hooks/event.ts';
import { agentEvent, agentEventNames } from '../../support/agent-events.ts';

const read = (name: string) => parseAgentEvent(agentEvent(name));

test('every recorded event tells its session, its place and its name', () => {
  expect(agentEventNames.length).toBeGreaterThan(20);
  for (const name of agentEventNames) {
    const event = read(name);
    expect(event, name).toMatchObject({ cwd: '/home/ann/shop' });
    expect(event?.session).toMatch(/^[0-9a-f-]{36}$/);
    expect(event?.name).toMatch(/^[A-Z]/);
  }
});

test('which files a tool is about to write', () => {
  const edits = (name: string) => read(name)?.edits;
  expect(edits('pre-tool-use-edit')).toEqual(['/home/ann/shop/src/cart.ts']);
  expect(edits('pre-tool-use-write')).toEqual(['/home/ann/shop/src/api/orders.ts']);
  expect(edits('pre-tool-use-multi-edit')).toEqual(['/home/ann/shop/src/cart.ts']);
  expect(edits('pre-tool-use-notebook-edit')).toEqual(['/home/ann/shop/notes/sales.ipynb']);
  expect(edits('gemini-before-tool-replace')).toEqual(['src/cart.ts']);
  expect(edits('gemini-before-tool-write-file')).toEqual(['/home/ann/shop/src/api/orders.ts']);
  expect(edits('codex-pre-tool-use-apply-patch')).toEqual(['src/cart.ts', 'src/basket.ts', 'src/new.ts', 'src/old.ts']);
  // Reading and running are not writing.
  expect(edits('pre-tool-use-read')).toEqual([]);
  expect(edits('pre-tool-use-bash')).toEqual([]);
});

test('how sessions begin, stop and end', () => {
  for (const source of ['startup', 'resume', 'clear', 'compact'])
    expect(read(`session-start-${source}`)).toMatchObject({ source, name: 'SessionStart' });
  for (const reason of ['clear', 'resume', 'logout', 'prompt_input_exit', 'other'])
    expect(read(`session-end-${reason.replaceAll('_', '-')}`)).toMatchObject({ reason, name: 'SessionEnd' });
  expect(read('stop')?.isStopActive).toBe(false);
  expect(read('stop-active')?.isStopActive).toBe(true);
});

test('what is no JSON object is no event', () => {
  for (const text of ['', ' ', '{', 'null', '[]', '1', '"x"', '{"a":1}}', '\0', 'undefined'])
    expect(parseAgentEvent(text)).toBe(null);
});

test('fields of other types, or missing ones, count as not there', () => {
  const nothing = { session: null, cwd: null, name: null, source: null, reason: null, isStopActive: false, edits: [] };
  expect(parseAgentEvent('{}')).toEqual(nothing);
  expect(parseAgentEvent('\ufeff{}')).toEqual(nothing);
  const wrong = JSON.stringify({
    session_id: 7,
    cwd: ['/'],
    hook_event_name: null,
    source: {},
    reason: '',
    stop_hook_active: 'true',
    tool_name: 'Edit',
    tool_input: { file_path: { a: 1 } },
  });
  expect(parseAgentEvent(wrong)).toEqual(nothing);
  for (const tool_input of [null, [], 'x', { file_path: 'a\0b' }, { file_path: '' }, { notebook_path: 'x' }])
    expect(parseAgentEvent(JSON.stringify({ tool_name: 'Edit', tool_input }))?.edits).toEqual([]);
  expect(parseAgentEvent(JSON.stringify({ tool_name: 'apply_patch', tool_input: { command: 1 } }))?.edits).toEqual([]);
  const long = {
    tool_name: 'apply_patch',
    tool_input: {
      command: '*** Add File: a\n'.repeat(5) + [...Array(500).keys()].map((n) => `*** Add File: f${n}\n`).join(''),
    },
  };
  expect(parseAgentEvent(JSON.stringify(long))?.edits).toHaveLength(200);
  expect(parseAgentEvent('{"__proto__":{"cwd":"/x"}}')?.cwd).toBe(null);
});

test('answers in the words of each agent', () => {
  expect(contextAnswer('x')).toEqual({ hookSpecificOutput: { hookEventName: 'SessionStart', additionalContext: 'x' } });
  expect(denyAnswer('PreToolUse', 'no')).toEqual({
    hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'deny', permissionDecisionReason: 'no' },
  });
  expect(denyAnswer(null, 'no')).toEqual(denyAnswer('PreToolUse', 'no'));
  expect(denyAnswer('BeforeTool', 'no')).toEqual({ decision: 'deny', reason: 'no' });
  expect(goOnAnswer('Stop', 'do')).toEqual({ decision: 'block', reason: 'do' });
  expect(goOnAnswer('AfterAgent', 'do')).toEqual({ decision: 'deny', reason: 'do' });
});
