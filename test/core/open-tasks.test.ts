import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OpenTasks } from '../../src/core/open-tasks.ts';
import type { Task, TaskStatus } from '../../src/core/records.ts';
import { compareTasks } from '../../src/core/task-order.ts';
import { boardWith, taskTitled } from '../support/board-builder.ts';

const template = taskTitled(boardWith({ tasks: ['a'] }), 'a');
const statuses: readonly TaskStatus[] = ['pending', 'in_progress', 'blocked'];

const someTask = fc
  .record({
    id: fc.constantFrom('a1', 'b2', 'c3', 'd4', 'e5', 'f6'),
    workstream: fc.constantFrom('one', 'two'),
    status: fc.constantFrom(...statuses),
    priority: fc.integer({ min: 1, max: 3 }),
    created_version: fc.integer({ min: 1, max: 4 }),
  })
  .map((fields): Task => ({ ...template, ...fields }));

const step = fc.oneof(
  someTask.map((task) => ({ do: 'set' as const, task })),
  someTask.map(({ id }) => ({ do: 'delete' as const, id })),
  fc.constantFrom(...statuses).map((status) => ({ do: 'look' as const, status })),
  fc.constant({ do: 'clone' as const }),
);

test('however tasks come and go, they are found in the order of next', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let open = new OpenTasks();
      const naive = new Map<string, Task>();
      for (const each of steps) {
        if (each.do === 'set') {
          open.set(each.task);
          naive.set(each.task.id, each.task);
        } else if (each.do === 'delete') {
          open.delete(each.id);
          naive.delete(each.id);
        } else if (each.do === 'look') {
          open.inOrder(each.status, 'one');
        } else {
          // What happens to one of two copies is not seen in the other.
          const former = open;
          open = open.clone();
          for (const task of [...former.values()]) former.delete(task.id);
          expect(former.inOrder('pending', 'one')).toEqual([]);
        }
        expect([...open.values()].sort(compareTasks)).toEqual([...naive.values()].sort(compareTasks));
        if (each.do === 'look') continue;
        for (const status of statuses) {
          const expected = [...naive.values()].filter((task) => task.status === status).sort(compareTasks);
          expect(open.clone().withStatus(status).sort(compareTasks)).toEqual(expected);
          for (const workstream of ['one', 'two'])
            expect(open.clone().inOrder(status, workstream)).toEqual(
              expected.filter((task) => task.workstream === workstream),
            );
        }
      }
    }),
  );
});
