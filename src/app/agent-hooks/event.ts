/**
 * What a coding agent tells a hook on standard input. Fields that are missing, or of another type than documented, count as
 * not there: whatever comes, it is read without an error. Pure.
 */

export const hookEvents = ['session-start', 'pre-tool-use', 'stop', 'session-end'] as const;
export type HookEvent = (typeof hookEvents)[number];

export interface AgentEvent {
  readonly session: string | null;
  /** Where the agent stands. */
  readonly cwd: string | null;
  /** The event in the agent's own words: it shapes the answer. */
  readonly name: string | null;
  /** How a session began: `startup`, `resume`, `clear`, `compact`. */
  readonly source: string | null;
  /** Why a session ended: `clear`, `logout`, `prompt_input_exit` and others. */
  readonly reason: string | null;
  /** It goes on because a hook stopped it from stopping. */
  readonly isStopActive: boolean;
  /** Files that a tool is about to write, as the agent names them; absolute, or relative to `cwd`. */
  readonly edits: readonly string[];
}

/** Tools that write a file, and the argument that names it: of Claude Code and those that speak as it does, and of Gemini CLI. */
const editors: ReadonlyMap<string, string> = new Map([
  ['Edit', 'file_path'],
  ['MultiEdit', 'file_path'],
  ['Write', 'file_path'],
  ['NotebookEdit', 'notebook_path'],
  ['replace', 'file_path'],
  ['write_file', 'file_path'],
]);

/** More files in one patch are not looked at. */
const maxEdits = 200;

/** `null`: the text is no JSON object. */
export function parseAgentEvent(text: string): AgentEvent | null {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    return null;
  }
  if (!isRecord(value)) return null;
  return {
    session: textIn(value, 'session_id'),
    cwd: textIn(value, 'cwd'),
    name: textIn(value, 'hook_event_name'),
    source: textIn(value, 'source'),
    reason: textIn(value, 'reason'),
    isStopActive: value.stop_hook_active === true,
    edits: editsOf(textIn(value, 'tool_name'), value.tool_input),
  };
}

function editsOf(tool: string | null, input: unknown): string[] {
  if (tool === null || !isRecord(input)) return [];
  if (tool === 'apply_patch') return filesOfPatch(textIn(input, 'command') ?? textIn(input, 'input') ?? '');
  const argument = editors.get(tool);
  const file = argument === undefined ? null : textIn(input, argument);
  return file === null ? [] : [file];
}

/** The files that a patch of Codex adds, changes, moves and deletes. */
function filesOfPatch(patch: string): string[] {
  const found = patch.matchAll(/^\*\*\* (?:(?:Add|Update|Delete) File|Move to): (.+?)\r?$/gm);
  return [...new Set([...found].map(([, file]) => (file as string).trim()))].slice(0, maxEdits);
}

/** A text that is not empty, and that can be a path or a name. */
function textIn(record: Readonly<Record<string, unknown>>, field: string): string | null {
  const value = record[field];
  return typeof value === 'string' && value !== '' && !value.includes('\0') ? value : null;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
