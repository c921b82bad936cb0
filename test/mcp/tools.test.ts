import { describe, expect, test } from 'vitest';
import { operations } from '../../src/core/operations/index.ts';
import { argumentWords } from '../../src/mcp/argument-words.ts';
import { withoutTool } from '../../src/mcp/change-tools.ts';
import { outputSchema } from '../../src/mcp/schemas.ts';
import { allTools, selectTools } from '../../src/mcp/tools.ts';

const propertiesOf = (schema: Readonly<Record<string, unknown>>): Record<string, { description?: string }> =>
  schema.properties as Record<string, { description?: string }>;

describe('the set of tools', () => {
  test('every operation that an agent may ask for has one; those that have none say why', () => {
    const reached = new Set(allTools.map(({ kind }) => kind));
    for (const { kind } of operations) expect([kind, reached.has(kind) || kind in withoutTool]).toEqual([kind, true]);
    for (const kind of Object.keys(withoutTool)) expect(operations.map((each) => each.kind)).toContain(kind);
    for (const kind of Object.keys(withoutTool)) expect(reached.has(kind)).toBe(false);
  });

  test('by default there are at most a dozen, and they cost no more than docs/mcp.md says', () => {
    const tools = selectTools();
    expect(tools.map(({ name }) => name)).toEqual([
      ...['status', 'brief', 'knowledge_search', 'task_next', 'task_claim', 'task_complete', 'task_fail', 'task_add'],
      ...['lock_acquire', 'lock_release', 'knowledge_write', 'message_send'],
    ]);
    const read = tools.map(({ name, description, input }) => ({ name, description, inputSchema: input() }));
    expect(JSON.stringify(read).length).toBeLessThan(8_192);
    const whole = tools.map(({ title, annotations, kind, output, ...each }, index) => {
      const outputs = outputSchema(output(), kind !== null);
      return { ...read[index], title, annotations, outputSchema: outputs, isDefault: each.isDefault };
    });
    expect(JSON.stringify(whole).length).toBeLessThan(20_480);
  });

  test('names, and sets with names, select more; a tool that there is not is refused', () => {
    expect(selectTools('all')).toHaveLength(allTools.length);
    expect(selectTools('default, task_release').map(({ name }) => name)).toContain('task_release');
    expect(selectTools('default,task_release')).toHaveLength(13);
    expect(selectTools('status').map(({ name }) => name)).toEqual(['status']);
    for (const wrong of ['statsu', '', 'default,'])
      expect(() => selectTools(wrong)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  });

  test('names are unique, and each argument has its words; no words are left over', () => {
    expect(new Set(allTools.map(({ name }) => name)).size).toBe(allTools.length);
    const used = new Set<string>();
    for (const { name, input } of allTools) {
      for (const [argument, { description }] of Object.entries(propertiesOf(input()))) {
        expect([name, argument, description]).toEqual([name, argument, argumentWords[argument]]);
        expect(description).toBeTypeOf('string');
        used.add(argument);
      }
    }
    expect(Object.keys(argumentWords).filter((word) => !used.has(word))).toEqual([]);
  });

  test('what a claim is proven by, and what only surfaces know, is offered by none', () => {
    for (const { name, input } of allTools) {
      const hidden = ['claim', 'claims', 'holds', 'merged', 'allow_secret'];
      expect([name, Object.keys(propertiesOf(input())).filter((each) => hidden.includes(each))]).toEqual([name, []]);
    }
  });

  test('tools that only read say so, and only they', () => {
    for (const { name, kind, annotations } of allTools) {
      expect([name, annotations.readOnlyHint]).toEqual([name, kind === null]);
      expect(annotations.openWorldHint).toBe(false);
      if (kind !== null) expect([annotations.destructiveHint, annotations.idempotentHint]).not.toContain(undefined);
    }
    const destructive = allTools.filter(({ annotations }) => annotations.destructiveHint === true);
    expect(destructive.map(({ name }) => name)).toEqual([
      ...['knowledge_write', 'task_edit', 'task_cancel', 'agent_retire', 'lock_break', 'knowledge_delete'],
      ...['workstream_archive', 'undo', 'board_compact'],
    ]);
  });
});
