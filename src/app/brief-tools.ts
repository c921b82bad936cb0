/** The instructions of a brief for readers who reach the board by tools (`orc mcp`), not by commands. Pure. */
import { commandSight, type Sight } from './brief-commands.ts';
import { fenced } from './brief-quote.ts';
import type { BriefContents } from './cycle-brief.ts';

type Step = readonly [what: string, ...calls: readonly (readonly [tool: string, args: object])[]];

/** They always stay, as the commands do. `tools`: those that the reader has. */
export function toolLines(contents: BriefContents, tools: ReadonlySet<string>): string[] {
  const script = stepsOf(contents).flatMap(([what, ...calls]) => {
    const lines = calls.filter(([tool]) => tools.has(tool)).map(([tool, args]) => `${tool} ${JSON.stringify(args)}`);
    return lines.length === 0 ? [] : [`# ${what}:`, ...lines];
  });
  return [
    'Call these tools of the server `orc`, with the arguments that stand beside them. What stands in `<…>` is for you to fill in.',
    'Claims, and locks without a time of their own, are kept alive for you as long as you are connected.',
    ...(contents.place.dependents.length === 0 ? [] : ['What waits for this task can begin when it is complete.']),
    '',
    ...fenced({ text: script.join('\n') }),
  ];
}

/** How to see the whole of what was cut, by tools; by a command where there is no tool for it. */
export function toolSight(tools: ReadonlySet<string>): Sight {
  const sight = (tool: string, args: object, command: string): string =>
    tools.has(tool) ? `${tool} ${JSON.stringify(args)}` : command;
  return {
    task: (id) => sight('task_show', { id }, commandSight.task(id)),
    topic: (topic) => sight('knowledge_read', { topic }, commandSight.topic(topic)),
    mail: sight('message_inbox', {}, commandSight.mail),
  };
}

function stepsOf({ task, agent, mail }: BriefContents): Step[] {
  const { id, status, assigned_to: holder, paths } = task;
  const isHeld = status === 'in_progress' && agent !== null && holder === agent;
  const resources = paths.map((path) => `path:${path}`);
  const claiming: Step = ['Claim the task first, and stop if that is refused', ['task_claim', { id }]];
  const locking: Step = [
    'Lock the files before you change them',
    ...resources.map((resource) => ['lock_acquire', { resource }] as const),
  ];
  const releasing: Step = [
    'Give the files back before you report the end',
    ...resources.map((resource) => ['lock_release', { resource }] as const),
  ];
  return [
    ...(isHeld ? [] : [claiming]),
    ...(resources.length === 0 ? [] : [locking]),
    [
      'Look up what others found out, and write down what others should know',
      ['knowledge_search', { words: '<words>' }],
      ['knowledge_write', { topic: '<topic>', content: '<content>' }],
    ],
    ['Ask or tell another agent something', ['message_send', { to: '<agent or all>', text: '<text>', task: id }]],
    ...(mail.length === 0 ? [] : [['When you have read your mail', ['message_ack', { ids: 'all' }]] as Step]),
    ...(resources.length === 0 ? [] : [releasing]),
    ['When it is done: whoever depends on it reads the result', ['task_complete', { id, result: '<result>' }]],
    ['When it cannot be done', ['task_fail', { id, reason: '<reason>' }]],
    ['When you have to stop in the middle', ['task_release', { id, reason: '<how far it is>' }]],
  ];
}
