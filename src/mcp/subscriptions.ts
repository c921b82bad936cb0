/**
 * Tells a client which of the resources that it subscribed to have changed, and that the list of them has. The upstream is
 * followed from the first time that somebody wants to know: a server that is only called asks when it is called.
 */
import type { McpServer } from '@modelcontextprotocol/server';
import { type BoardChanges, watchChanges } from '../app/board-changes.ts';
import { noticeWords } from '../app/notice-words.ts';
import type { Orc } from '../app/orc.ts';
import { placeOf, uriOf } from './resource-uris.ts';

export interface SubscriptionOptions {
  readonly orc: Orc;
  readonly log: (line: string) => void;
}

export class Subscriptions {
  readonly #options: SubscriptionOptions;
  readonly #uris = new Set<string>();
  readonly #stop = new AbortController();
  #server: McpServer | null = null;
  #following: Promise<void> | null = null;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
  }

  /** The server that tells the client. */
  connect(server: McpServer): void {
    this.#server = server;
  }

  add(uris: readonly string[]): void {
    for (const uri of uris) this.#uris.add(uri);
    this.follow();
  }

  remove(uri: string): void {
    this.#uris.delete(uri);
  }

  /** Somebody wants to know what changes. */
  follow(): void {
    this.#following ??= this.#follow();
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  async #follow(): Promise<void> {
    const { orc, log } = this.#options;
    try {
      for await (const changes of watchChanges(orc, {
        signal: this.#stop.signal,
        onNotice: (each) => log(noticeWords(each)),
      }))
        await this.#tell(changes);
    } catch (error) {
      // Calls of tools meet the same trouble, and tell it.
      log(`changes are not followed any more: ${error instanceof Error ? error.message : error}`);
    }
  }

  async #tell(changes: BoardChanges): Promise<void> {
    const server = this.#server;
    if (server?.isConnected() !== true) return;
    const changed = new Set([
      ...changes.tasks.map(({ workstream, id }) => uriOf({ what: 'task', workstream, id })),
      ...changes.topics.map((topic) => uriOf({ what: 'knowledge', topic })),
    ]);
    for (const uri of this.#uris) {
      const place = placeOf(uri);
      // A brief tells of all that goes on around its task.
      const isOfAll = ['board', 'board.md', 'brief'].includes(place?.what ?? '');
      // Clients may write an address otherwise than it is listed: `café` for `caf%C3%A9`.
      if (isOfAll || (place !== null && changed.has(uriOf(place)))) await server.server.sendResourceUpdated({ uri });
    }
    if (changes.isListChanged) server.sendResourceListChanged();
  }
}
