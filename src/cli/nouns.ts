/** All first words, in the order of help. Each one's file is loaded when it is called. */
import type { Noun } from './command.ts';

export const nouns: readonly Noun[] = [
  {
    name: 'init',
    aliases: [],
    summary: 'Begin a board, or join one',
    load: async () => (await import('./commands/init.ts')).init,
  },
  {
    name: 'status',
    aliases: ['s'],
    summary: 'Show the board at a glance',
    load: async () => (await import('./commands/status.ts')).status,
  },
  {
    name: 'sync',
    aliases: [],
    summary: 'Publish what waits, and bring what others did',
    load: async () => (await import('./commands/sync.ts')).sync,
  },
  {
    name: 'ws',
    aliases: ['workstream'],
    summary: 'Workstreams: create, list, show, update, pause, resume, archive',
    load: async () => (await import('./commands/workstream.ts')).workstreamCommands,
  },
  {
    name: 't',
    aliases: ['task'],
    summary: 'Tasks: add, next, claim, complete, list and more',
    load: async () => (await import('./commands/task.ts')).taskCommands,
  },
  {
    name: 'a',
    aliases: ['agent'],
    summary: 'Agents: register, heartbeat, list, retire',
    load: async () => (await import('./commands/agent.ts')).agentCommands,
  },
  {
    name: 'l',
    aliases: ['lock'],
    summary: 'Locks: acquire, release, renew, list, check, break',
    load: async () => (await import('./commands/lock.ts')).lockCommands,
  },
  {
    name: 'kb',
    aliases: ['knowledge'],
    summary: 'Knowledge: write, read, search, for, list, append, delete, history',
    load: async () => (await import('./commands/knowledge.ts')).knowledgeCommands,
  },
  {
    name: 'watch',
    aliases: [],
    summary: 'Show what happens on the board, live',
    load: async () => (await import('./commands/watch.ts')).watch,
  },
  {
    name: 'events',
    aliases: ['e'],
    summary: 'Show the event log',
    load: async () => (await import('./commands/events.ts')).events,
  },
  {
    name: 'emit',
    aliases: [],
    summary: "Log an event of an agent's own",
    load: async () => (await import('./commands/events.ts')).emit,
  },
  {
    name: 'history',
    aliases: [],
    summary: 'Show the audit trail, from git',
    load: async () => (await import('./commands/history.ts')).history,
  },
  {
    name: 'undo',
    aliases: [],
    summary: 'Take an earlier change back',
    load: async () => (await import('./commands/undo.ts')).undo,
  },
  {
    name: 'plan',
    aliases: ['p'],
    summary: 'Show what can be worked on next, by whom, and what has to wait',
    load: async () => (await import('./commands/cycle.ts')).plan,
  },
  {
    name: 'brief',
    aliases: ['b'],
    summary: 'Print what an agent has to know for a task',
    load: async () => (await import('./commands/cycle.ts')).brief,
  },
  {
    name: 'collect',
    aliases: ['c'],
    summary: 'Show what was completed, failed, begun and learnt',
    load: async () => (await import('./commands/cycle.ts')).collect,
  },
  {
    name: 'work',
    aliases: [],
    summary: 'Have a command do tasks, one after the other',
    load: async () => (await import('./commands/work.ts')).work,
  },
  {
    name: 'batch',
    aliases: [],
    summary: 'Carry out several operations, all of them or none',
    load: async () => (await import('./commands/batch.ts')).batch,
  },
  {
    name: 'import',
    aliases: [],
    summary: 'Take over a board of the original single-file tool',
    load: async () => (await import('./commands/folders.ts')).importFolder,
  },
  {
    name: 'export',
    aliases: [],
    summary: "Write the board in the original tool's form",
    load: async () => (await import('./commands/folders.ts')).exportFolder,
  },
  {
    name: 'rejected',
    aliases: [],
    summary: 'What was queued and then refused: list, show, retry, drop',
    load: async () => (await import('./commands/rejected.ts')).rejectedCommands,
  },
  {
    name: 'config',
    aliases: [],
    summary: 'Settings: list, get, set',
    load: async () => (await import('./commands/config.ts')).configCommands,
  },
  {
    name: 'demo',
    aliases: [],
    summary: 'Show agents at work on a board of their own',
    load: async () => (await import('./commands/demo.ts')).demo,
  },
];
