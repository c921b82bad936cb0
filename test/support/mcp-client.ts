/** A client of the protocol's own kit, connected to a server in this process. */
import { Client } from '@modelcontextprotocol/client';
import { InMemoryTransport } from '@modelcontextprotocol/server';
import { onTestFinished } from 'vitest';
import { type AgentSessionOptions, openAgentSession } from '../../src/app/agent-session.ts';
import { Desk } from '../../src/mcp/desk.ts';
import { makeServer } from '../../src/mcp/server.ts';
import { Subscriptions } from '../../src/mcp/subscriptions.ts';
import { selectTools } from '../../src/mcp/tools.ts';

export interface Told {
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into data of all shapes
  readonly structured: any;
  readonly isError: boolean;
}

export interface Connected {
  readonly client: Client;
  readonly desk: Desk;
  readonly log: string[];
  call(name: string, args?: Record<string, unknown>): Promise<Told>;
}

export async function callTool(client: Client, name: string, args: Record<string, unknown> = {}): Promise<Told> {
  const result = await client.callTool({ name, arguments: args });
  const [first] = result.content;
  return {
    text: first?.type === 'text' ? first.text : '',
    structured: result.structuredContent,
    isError: result.isError === true,
  };
}

export async function connectMcp(options: AgentSessionOptions & { readonly tools?: string }): Promise<Connected> {
  const log: string[] = [];
  const session = await openAgentSession({ ...options, tell: (line) => log.push(line) });
  const desk = new Desk(session);
  const subscriptions = new Subscriptions({ orc: session.orc, log: (line) => log.push(line) });
  const server = makeServer({
    desk,
    tools: selectTools(options.tools ?? 'all'),
    subscriptions,
    log: (line) => log.push(line),
  });
  const [near, far] = InMemoryTransport.createLinkedPair();
  const client = new Client({ name: 'test', version: '1' });
  await server.connect(far);
  await client.connect(near);
  // The client checks every answer against the output schema of its tool, once it has seen the tools.
  await client.listTools();
  onTestFinished(async () => {
    await client.close();
    await subscriptions.end();
    await desk.end('the test is over', 1_000);
  });
  return { client, desk, log, call: (name, args) => callTool(client, name, args) };
}
