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
    name: 'kb',
    aliases: ['knowledge'],
    summary: 'Knowledge: write, read, list, append, delete',
    load: async () => (await import('./commands/knowledge.ts')).knowledgeCommands,
  },
];
