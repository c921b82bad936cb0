/** Names in commands that are printed to be run: board names are anybody's choice, and a shell would obey what is in them. */

/** A word as a shell reads it back. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Who acts, as the last word of a command; nothing where nobody is named, for `system` is nobody who could hold anything. */
export function agentWord(agent: string): string {
  return agent === 'system' ? '' : ` ${shellWord(agent)}`;
}
