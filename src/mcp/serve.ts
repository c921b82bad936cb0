/** `orc mcp`: a server on standard input and output, for one client, as long as that lives. */
import { pipeline } from 'node:stream';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import type { AgentSession } from '../app/agent-session.ts';
import { Desk } from './desk.ts';
import { jsonLines } from './json-lines.ts';
import { makeServer } from './server.ts';
import { Subscriptions } from './subscriptions.ts';
import { selectTools } from './tools.ts';

export interface McpOptions {
  /** `default`, `all`, or names. */
  readonly tools: string | undefined;
  /** @throws OrcError as `openAgentSession` */
  readonly open: (tell: (line: string) => void) => Promise<AgentSession>;
  /** Aborted when the process shall end. */
  readonly signal: AbortSignal | undefined;
  /** Lines for people: standard output belongs to the protocol. */
  readonly log: (line: string) => void;
}

/** What clients wait between closing the connection and killing: claims are handed back within it, or run out. */
const endMs = 8_000;

/** Resolves when the client has gone, or `signal` is aborted, and what was held is handed back. @throws OrcError before it serves */
export async function serveMcp({ tools, open, signal, log }: McpOptions): Promise<void> {
  const selected = selectTools(tools);
  const session = await open(log);
  const desk = new Desk(session);
  const subscriptions = new Subscriptions({ orc: session.orc, log });
  const incoming = jsonLines((fault) => {
    log(`a line of the client is no message: ${fault.error.message}`);
    process.stdout.write(`${JSON.stringify(fault)}\n`);
  });
  // What breaks on the way ends the connection, as it would without the pipe.
  pipeline(process.stdin, incoming, () => {});
  const transport = new StdioServerTransport(incoming);
  const server = serveStdio(() => makeServer({ desk, tools: selected, subscriptions, log }), {
    transport,
    onerror: (error) => log(error.message),
  });
  tapListeners(transport, subscriptions);
  log(`serving as ${desk.agent}: ${selected.length} tools`);
  const why = await untilGone(transport, signal);
  await server.close();
  await subscriptions.end();
  const { tasks, locks, left } = await desk.end(`handed back: the client of ${desk.agent} ${why}`, endMs);
  if (tasks.length + locks.length > 0) log(`handed back: ${[...tasks, ...locks].join(', ')}`);
  if (left.length > 0) log(`left to run out: ${left.join(', ')}`);
}

function untilGone(transport: StdioServerTransport, signal: AbortSignal | undefined): Promise<string> {
  return new Promise((resolve) => {
    const { onclose } = transport;
    transport.onclose = () => {
      onclose?.();
      resolve('went away');
    };
    const stop = (): void => resolve('was told to end');
    if (signal?.aborted === true) stop();
    signal?.addEventListener('abort', stop, { once: true });
  });
}

interface ListenParams {
  readonly notifications?: {
    readonly resourceSubscriptions?: readonly unknown[];
    readonly resourcesListChanged?: unknown;
  };
}

/** Of the newer protocol's subscriptions the kit tells nobody: they are seen on their way. */
function tapListeners(transport: StdioServerTransport, subscriptions: Subscriptions): void {
  const { onmessage } = transport;
  transport.onmessage = (message) => {
    if ('method' in message && message.method === 'subscriptions/listen') {
      const { notifications } = (message.params ?? {}) as ListenParams;
      const uris = notifications?.resourceSubscriptions;
      if (Array.isArray(uris)) subscriptions.add(uris.filter((uri) => typeof uri === 'string'));
      else if (notifications?.resourcesListChanged === true) subscriptions.follow();
    }
    onmessage?.(message);
  };
}
