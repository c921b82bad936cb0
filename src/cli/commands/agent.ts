import type { Agent } from '../../core/records.ts';
import { type CommandSpec, defineCommand } from '../command.ts';
import { agentLines, type ListedAgent } from '../views/agent.ts';

const register = defineCommand<Agent>({
  name: 'register',
  words: '<id> [type]',
  summary: 'Register an agent, or refresh its registration',
  options: [{ flags: '--capability <names...>', summary: 'what it can do; tasks may ask for it with --needs' }],
  examples: ['orc a register agent-1 worker', 'orc a register agent-2 reviewer --capability rust sql'],
  data: 'Agent',
  run: (call) => {
    const [id, type] = call.words;
    return call.perform('agent.register', { id, type, capabilities: call.list('capability') });
  },
  view: ({ data }, look) => [look.line(`Registered agent: ${data.id} (${data.type})`)],
});

const heartbeat = defineCommand<Agent>({
  name: 'heartbeat',
  words: '[id]',
  summary: 'Say that an agent is alive; extends its leases',
  details:
    'Changes something at most once in a third of a lease: any other work of an agent shows it alive too. When nothing was needed it says so, and in JSON `published` is null.',
  examples: ['orc a heartbeat agent-1'],
  data: 'Agent',
  async run(call) {
    const id = await call.actor(call.words[0]);
    return call.perform('agent.heartbeat', { id }, id);
  },
  view: ({ data, state }, look) => {
    const nothing = state === 'none' ? ' (not needed: it was seen lately, and no lease of its claims runs low)' : '';
    return [look.line(`Heartbeat: ${data.id}${nothing}`)];
  },
});

const list = defineCommand<ListedAgent[]>({
  name: 'list',
  aliases: ['ls'],
  words: '',
  summary: 'List agents',
  examples: ['orc a list'],
  data: 'ListedAgent[]',
  async run(call) {
    const orc = await call.openToRead();
    const { listAgents } = await import('../../app/listing.ts');
    return call.answer(await listAgents(orc));
  },
  view: ({ data }, look) => agentLines(data, look),
});

const retire = defineCommand<Agent>({
  name: 'retire',
  words: '<id>',
  summary: 'Retire an agent: its claims and locks are released',
  details:
    'A process of the agent that goes on is refused: what it held is over (stale-token), and it is given no task and no lock (not-found) until it registers again.',
  examples: ['orc a retire agent-1'],
  data: 'Agent',
  run: (call) => call.perform('agent.retire', { id: call.word(0) }),
  view: ({ data }, look) => [look.line(`Retired agent: ${data.id}`)],
});

export const agentCommands: readonly CommandSpec[] = [register, heartbeat, list, retire];
