const task = [
  ...['id', 'workstream', 'title', 'description', 'status', 'priority', 'estimate', 'assigned_to', 'claim', 'attempts'],
  ...['depends_on', 'parent', 'labels', 'needs', 'paths', 'notes', 'result', 'checks'],
  ...['created_by', 'created_version', 'created_index', 'created_at', 'updated_at'],
];

const taskShapes = {
  Task: task,
  ClosedTask: [...task, 'open_parts'],
  LinkedTask: [...task, 'commits'],
  ListedTask: [...task, 'obstacle'],
  ShownTask: [...task, 'commits', 'obstacle', 'descendants'],
  TreeEntry: [
    ...['id', 'workstream', 'title', 'status', 'priority', 'estimate', 'assigned_to', 'parent', 'depth'],
    'descendants',
  ],
  TaskGraph: ['nodes', 'edges'],
};

/** What `data` looks like under `--json`: the names that docs/cli.md uses, and their fields. */
export const shapes: Readonly<Record<string, readonly string[]>> = {
  Workstream: [
    'name',
    'description',
    'priority',
    'status',
    'created_version',
    'created_index',
    'created_at',
    'updated_at',
  ],
  WorkstreamSummary: [
    ...['name', 'description', 'priority', 'status', 'created_version', 'created_index', 'created_at', 'updated_at'],
    ...['task_count', 'pending', 'in_progress', 'blocked', 'done', 'failed', 'cancelled'],
  ],
  ...taskShapes,
  Plan: [
    ...['generated_at', 'workstreams', 'recommended_parallel', 'recommended_serial', 'running', 'agents', 'missing'],
    ...['critical_path', 'left_out'],
  ],
  Agent: ['id', 'type', 'status', 'capabilities', 'registered_at', 'last_seen'],
  ListedAgent: ['id', 'type', 'status', 'capabilities', 'registered_at', 'last_seen', 'stale'],
  Message: ['id', 'to', 'from', 'sent_to', 'text', 'task', 'sent_version', 'sent_at', 'read_at'],
  SentMessage: ['id', 'sent_to', 'to', 'skipped'],
  Cycle: ['number', 'opened_by', 'opened_at', 'opened_version', 'plan_version', 'plan', 'collected'],
  CycleSummary: [
    ...['number', 'opened_by', 'opened_at', 'opened_version', 'collected_by', 'collected_at', 'completed'],
  ],
  Collected: [
    ...['collected_at', 'cycle', 'since', 'completed_this_cycle', 'failed', 'still_in_progress', 'knowledge_updates'],
  ],
  Lock: ['resource', 'shared', 'holders'],
  WorkSummary: [
    ...['event', 'because', 'agent', 'claimed', 'completed', 'failed', 'released', 'lost', 'unpublished', 'unfinished'],
  ],
  ListedLock: ['resource', 'shared', 'holders'],
  LockCheck: ['resource', 'state', 'holders'],
  Knowledge: ['topic', 'title', 'tags', 'paths', 'updated_by', 'updated_at', 'version', 'content'],
  KnowledgeHit: ['topic', 'title', 'tags', 'paths', 'updated_by', 'updated_at', 'version', 'score', 'snippets'],
  BoundKnowledge: ['topic', 'title', 'tags', 'paths', 'updated_by', 'updated_at', 'version', 'matched'],
  KnowledgeChange: ['version', 'commit', 'at', 'agent', 'kind', 'manual', 'title', 'bytes', 'added', 'removed'],
  BoardEvent: ['n', 'v', 'ts', 'agent', 'action', 'op', '…'],
  Brief: ['workstream', 'task_id', 'title', 'knowledge', 'dropped', 'warnings', 'markdown'],
  Prime: [
    ...[
      'agent',
      'version',
      'tasks',
      'locks',
      'unread',
      'others',
      'other_locks',
      'ready',
      'rejected',
      'queued',
      'warning',
    ],
    'text',
  ],
  /** What the coding agent reads: see docs/hooks.md. */
  HookAnswer: ['hookSpecificOutput'],
  Compacted: ['before', 'dry_run', 'tasks', 'needed', 'cycles', 'events', 'oldest_event', 'task_ids'],
  Undone: ['undone', 'kind', 'agent', 'target', 'record'],
  BatchAnswer: ['kind', 'name', 'op', 'data'],
  RejectedOperation: ['op', 'kind', 'agent', 'args', 'batch', 'asked_at', 'rejected_at', 'code', 'message', 'hint'],
  ImportResult: ['workstreams', 'tasks', 'agents', 'events', 'knowledge', 'locks', 'adjusted', 'skipped'],
  Badge: ['markdown', 'image', 'source'],
  /** `entries` are HistoryEntry[]. */
  Trail: ['entries', 'cut'],
  HistoryEntry: ['version', 'commit', 'at', 'agent', 'kind', 'subject', 'body', 'manual'],
  Setting: ['key', 'value', 'source', 'from', 'description'],
  ChangedSetting: ['key', 'value', 'source', 'from', 'description', 'published'],
  HooksReport: ['folder', 'manager', 'hooks', 'changed', 'notes'],
  StatusReport: [
    ...['board', 'version', 'updated_at', 'workstreams', 'agents', 'active_locks', 'in_progress', 'recent_events'],
    ...['knowledge_topics', 'unread_mail', 'sync', 'faults', 'warning'],
  ],
};

/** The fields that a shape such as `Task[]` or `{ dir, files }` stands for; `null` for those that are no records. */
export function fieldsOf(shape: string): readonly string[] | null {
  const inline = /^\{ (.*?) \}/.exec(shape)?.[1];
  if (inline !== undefined) return inline.split(', ');
  return shapes[shape.replace(/(\[\]| \| null|, or with --mermaid the text)$/, '')] ?? null;
}
