/** What a tool is. */
import type { ToolAnnotations } from '@modelcontextprotocol/server';
import type { JsonSchema } from '../app/record-fields.ts';
import type { Answer } from './answers.ts';
import type { Desk } from './desk.ts';

export type ToolArguments = Readonly<Record<string, unknown>>;

export interface ToolCall {
  readonly desk: Desk;
  readonly args: ToolArguments;
  /** Aborted when the client does not want the answer any more. */
  readonly signal: AbortSignal;
  /** The tools that this client has. */
  readonly tools: ReadonlySet<string>;
}

export interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** In the set that a client gets when nobody asks for more. */
  readonly isDefault: boolean;
  /** The operation that it asks for; `null`: it only reads. */
  readonly kind: string | null;
  readonly annotations: ToolAnnotations;
  /** Built when a server starts, not when the program does. */
  readonly input: () => JsonSchema;
  readonly output: () => JsonSchema;
  /** @throws OrcError what the client is told as an error */
  run(call: ToolCall): Promise<Answer>;
}
