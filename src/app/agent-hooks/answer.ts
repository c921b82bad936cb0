/** What a hook says to a coding agent on standard output: its own JSON, nothing else. Pure. */

export type HookAnswer = Readonly<Record<string, unknown>>;

/** Text for the agent to begin with. Claude Code, Codex and Gemini CLI read the same. */
export function contextAnswer(text: string): HookAnswer {
  return { hookSpecificOutput: { hookEventName: 'SessionStart', additionalContext: text } };
}

/** The tool is not to run. @param name the event as the agent calls it: Gemini CLI has words of its own */
export function denyAnswer(name: string | null, reason: string): HookAnswer {
  if (name === 'BeforeTool') return { decision: 'deny', reason };
  return {
    hookSpecificOutput: {
      hookEventName: 'PreToolUse',
      permissionDecision: 'deny',
      permissionDecisionReason: reason,
    },
  };
}

/** The agent is not to stop yet. */
export function goOnAnswer(name: string | null, reason: string): HookAnswer {
  return { decision: name === 'AfterAgent' ? 'deny' : 'block', reason };
}
