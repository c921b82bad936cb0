/** Who takes which task: one task for each agent, and as many tasks as can be. */

/**
 * A bipartite matching that grows task by task. A task that got an agent keeps having one, though it may be another when
 * that makes room for a later task (an augmenting path; Kuhn 1955). So tasks that come first are served first, and in the
 * end no other choice of agents serves more of them.
 */
export class Assignment {
  readonly #agentByTask = new Map<string, string>();
  readonly #taskByAgent = new Map<string, string>();
  readonly #ableByTask = new Map<string, readonly string[]>();

  /** `able`: who could do it, the one that it should rather be first. */
  tryAssign(task: string, able: readonly string[]): boolean {
    this.#ableByTask.set(task, able);
    return this.#findAgent(task, new Set());
  }

  agentOf(task: string): string | null {
    return this.#agentByTask.get(task) ?? null;
  }

  taskOf(agent: string): string | null {
    return this.#taskByAgent.get(agent) ?? null;
  }

  /** `asked`: agents that were looked at already on this search. No deeper than there are agents. */
  #findAgent(task: string, asked: Set<string>): boolean {
    const able = this.#ableByTask.get(task) ?? [];
    const free = able.find((agent) => !this.#taskByAgent.has(agent));
    if (free !== undefined) return this.#assign(task, free);
    for (const agent of able) {
      if (asked.has(agent)) continue;
      asked.add(agent);
      const other = this.#taskByAgent.get(agent);
      if (other === undefined || this.#findAgent(other, asked)) return this.#assign(task, agent);
    }
    return false;
  }

  #assign(task: string, agent: string): true {
    this.#agentByTask.set(task, agent);
    this.#taskByAgent.set(agent, task);
    return true;
  }
}
