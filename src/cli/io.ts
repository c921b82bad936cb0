/** What the command line needs from the process around it: handed in, so that all of it runs without a terminal. */
import type { AgentSession } from '../app/agent-session.ts';
import type { World } from '../app/connect.ts';
import type { InputBounds } from './bounded-input.ts';

/** Surfaces that commands begin, and that know nothing of command lines: put in by whoever connects the program. */
export interface Surfaces {
  /** Serves tools on standard input and output until the client goes; see `serveMcp`. */
  readonly mcp?: (options: {
    readonly tools: string | undefined;
    readonly open: (tell: (line: string) => void) => Promise<AgentSession>;
    readonly signal: AbortSignal | undefined;
    readonly log: (line: string) => void;
  }) => Promise<void>;
}

export interface Io {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Everything on standard input, to its end. */
  readonly stdin: () => Promise<string>;
  /** Standard input that may not end, or be too much: `null` for the latter. Where it is absent, `stdin` is asked. */
  readonly boundedStdin?: ((bounds: InputBounds) => Promise<string | null>) | undefined;
  /** The process is to end with this command, whatever is still under way. */
  readonly leave?: (() => void) | undefined;
  /** Whether standard output is a terminal. */
  readonly isTty: boolean;
  /** Width of that terminal, in columns. */
  readonly columns?: number | undefined;
  /** Puts a question to the person at the terminal; absent where there is nobody to ask. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
  /** While somebody else has the terminal, Ctrl-C is for them: an editor may have a use of its own for it. */
  readonly lendTerminal?: (<T>(work: () => Promise<T>) => Promise<T>) | undefined;
  /** Aborted when the person wants to stop. */
  readonly signal?: AbortSignal | undefined;
  /** Aborted when nobody reads standard output any more. */
  readonly gone?: AbortSignal | undefined;
  readonly world?: World | undefined;
  readonly surfaces?: Surfaces | undefined;
}
