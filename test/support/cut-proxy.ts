/**
 * A TCP proxy on 127.0.0.1 that spoils what a server says, at an exact byte: cuts the connection there, falls silent,
 * slows down, goes on with other bytes. What the client says always passes, until the connection is cut.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Spoiling {
  /** So many bytes of the server's are delivered, counted over all connections since `arm`; then it happens, once. */
  readonly afterBytes: number;
  readonly action:
    | { readonly do: 'cut' }
    /** Nothing more comes, and the connection stays open. */
    | { readonly do: 'hold' }
    /** Other bytes in place of the rest, then the end. */
    | { readonly do: 'replace'; readonly by: Buffer }
    /** Other bytes in between. */
    | { readonly do: 'insert'; readonly bytes: Buffer }
    /** The rest of the connection comes so many milliseconds later. */
    | { readonly do: 'delay'; readonly ms: number };
  /** What further connections meet after it has happened: all passes, each is closed at once, or the same from their first byte on. */
  readonly afterwards: 'open' | 'closed' | 'same';
}

export interface CutProxy {
  readonly port: number;
  /** How many bytes of the server's were delivered since `arm`. */
  readonly delivered: number;
  /** Those bytes. */
  readonly transcript: Buffer;
  /** Connections since `arm`. */
  readonly connections: number;
  /** Whether what was asked for has happened. */
  readonly happened: boolean;
  arm(spoiling: Spoiling): void;
  /** From now on everything passes. */
  open(): void;
  /** From now on every connection is closed at once, those that are open too. */
  close(): void;
  stop(): Promise<void>;
}

export async function startCutProxy(targetPort: number): Promise<CutProxy> {
  const proxy = new SpoilingProxy(targetPort);
  await proxy.listen();
  return proxy;
}

interface Connection {
  readonly client: Socket;
  readonly target: Socket;
  delayMs: number;
  isHeld: boolean;
  isSpoilt: boolean;
}

class SpoilingProxy implements CutProxy {
  delivered = 0;
  connections = 0;
  happened = false;
  #chunks: Buffer[] = [];
  readonly #targetPort: number;
  readonly #server = createServer({ noDelay: true }, (client) => this.#serve(client));
  readonly #sockets = new Set<Socket>();
  #spoiling: Spoiling | null = null;
  #isClosed = false;

  constructor(targetPort: number) {
    this.#targetPort = targetPort;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get transcript(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  arm(spoiling: Spoiling): void {
    this.#spoiling = spoiling;
    this.#isClosed = false;
    this.delivered = 0;
    this.#chunks = [];
    this.connections = 0;
    this.happened = false;
  }

  open(): void {
    this.#spoiling = null;
    this.#isClosed = false;
  }

  close(): void {
    this.#spoiling = null;
    this.#isClosed = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(client: Socket): void {
    this.connections++;
    this.#keep(client);
    if (this.#isClosed) {
      client.destroy();
      return;
    }
    const target = connect({ port: this.#targetPort, host: '127.0.0.1', noDelay: true });
    this.#keep(target);
    client.pipe(target);
    client.once('close', () => target.destroy());
    const connection = { client, target, delayMs: 0, isHeld: false, isSpoilt: false };
    target.on('data', (bytes: Buffer) => this.#receive(connection, bytes));
    target.once('end', () => {
      if (!connection.isHeld) this.#later(connection, () => client.end());
    });
  }

  #receive(connection: Connection, bytes: Buffer): void {
    const plan = this.#spoiling;
    const left = this.#leftToPass(plan, connection);
    if (plan === null || bytes.length <= left) {
      this.#later(connection, () => this.#deliver(connection, bytes));
      return;
    }
    this.#deliver(connection, bytes.subarray(0, left));
    this.happened = true;
    connection.isSpoilt = true;
    this.#isClosed = plan.afterwards === 'closed';
    this.#spoil(connection, plan.action, bytes.subarray(left));
  }

  #leftToPass(plan: Spoiling | null, connection: Connection): number {
    if (plan === null || connection.isSpoilt) return Number.POSITIVE_INFINITY;
    if (!this.happened) return plan.afterBytes - this.delivered;
    return plan.afterwards === 'same' ? 0 : Number.POSITIVE_INFINITY;
  }

  #spoil(connection: Connection, action: Spoiling['action'], rest: Buffer): void {
    const { client, target } = connection;
    switch (action.do) {
      case 'cut':
        // What was delivered arrives before the end does.
        client.end();
        target.destroy();
        break;
      case 'hold':
        connection.isHeld = true;
        break;
      case 'replace':
        client.end(action.by);
        target.destroy();
        break;
      case 'insert':
        this.#deliver(connection, action.bytes);
        this.#deliver(connection, rest);
        break;
      case 'delay':
        connection.delayMs = action.ms;
        this.#later(connection, () => this.#deliver(connection, rest));
    }
  }

  #deliver({ client, isHeld }: Connection, bytes: Buffer): void {
    if (bytes.length === 0 || client.destroyed || isHeld) return;
    this.delivered += bytes.length;
    this.#chunks.push(bytes);
    client.write(bytes);
  }

  #later({ delayMs }: Connection, step: () => void): void {
    if (delayMs === 0) step();
    else setTimeout(step, delayMs).unref();
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
