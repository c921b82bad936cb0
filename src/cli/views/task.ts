import type { ShownTask } from '../../app/task-views.ts';
import type { CheckRun, Task, TaskStatus } from '../../core/records.ts';
import { shellWord } from '../../core/shell-word.ts';
import { formatDuration } from '../../core/time.ts';
import { escapeText } from '../escape.ts';
import type { Look, Style } from '../look.ts';
import { longSum } from './roll-up.ts';

export const statusColours: Readonly<Record<TaskStatus, Style>> = {
  pending: 'cyan',
  in_progress: 'yellow',
  blocked: 'red',
  done: 'green',
  failed: 'red',
  cancelled: 'dim',
};

/** `[status] ID: TITLE -> AGENT`, as the original has it. */
export function taskLine(task: Task, look: Look): string {
  const status = `[${task.status}]`;
  const rest = look.line(
    `${task.id}: ${task.title}${task.assigned_to === null ? '' : ` -> ${task.assigned_to}`}`,
    status.length + 1,
  );
  return `${look.style(statusColours[task.status], status)} ${rest}`;
}

export function taskLines(tasks: readonly Task[], look: Look): string[] {
  return tasks.length === 0 ? ['No tasks.'] : tasks.map((task) => taskLine(task, look));
}

/** What an agent needs to begin: the task, how long it is its own, and the words that report back. */
export function claimedLines(task: Task, look: Look): string[] {
  const { workstream, id, description, priority, claim } = task;
  const facts = [`Workstream: ${workstream}`, `Priority: ${priority}`, ...leaseFacts(task, look)];
  const proof = claim === null || claim.token === null ? '' : ` --token ${claim.token}`;
  const agent = shellWord(task.assigned_to ?? '');
  return [
    ...(description === '' ? [] : [escapeText(description)]),
    look.line(facts.join(' | ')),
    `Complete it with: orc t complete ${shellWord(workstream)} ${id} "<result>" --agent ${agent}${proof}`,
  ];
}

export function leaseFacts({ claim }: Task, look: Look): string[] {
  if (claim === null) return [];
  const left = formatDuration(Date.parse(claim.lease_until) - look.now);
  // A claim that is not published has no token yet.
  const token = claim.token === null ? 'none yet (not published)' : String(claim.token);
  return [`Lease until: ${claim.lease_until} (${left})`, `Token: ${token}`];
}

export function taskDetails(task: ShownTask, look: Look): string[] {
  const list = (name: string, values: readonly string[]): string[] =>
    values.length === 0 ? [] : [look.line(`${name}: ${values.join(', ')}`)];
  const lease = leaseFacts(task, look);
  const checks = task.checks.map((check) => ('command' in check ? `\`${check.command}\`` : check.criterion));
  return [
    taskLine(task, look),
    look.line(
      `Workstream: ${task.workstream} | Priority: ${task.priority} | Created: ${task.created_at} by ${task.created_by}`,
    ),
    ...(lease.length === 0 ? [] : [look.line(lease.join(' | '))]),
    ...obstacleLines(task, look),
    ...(task.attempts === 0 ? [] : [`Attempts: ${task.attempts}`]),
    ...(task.estimate === null ? [] : [look.line(`Estimate: ${task.estimate}`)]),
    ...list('Depends on', task.depends_on),
    ...list('Parent', task.parent === null ? [] : [task.parent]),
    ...(task.descendants === null ? [] : [`Parts: ${longSum(task.descendants)}`]),
    ...list('Labels', task.labels),
    ...list('Needs', task.needs),
    ...list('Paths', task.paths),
    ...list('Checks', checks),
    ...checkResultLines(task, look),
    ...(task.description === '' ? [] : ['', escapeText(task.description)]),
    ...(task.result === null ? [] : ['', 'Result:', escapeText(task.result)]),
    ...(task.commits.length === 0 ? [] : ['', 'Commits:']),
    ...task.commits.map(({ at, by, commit }) => look.line(`  ${commit}  ${by}, linked ${at}`)),
    ...(task.notes.length === 0 ? [] : ['', 'Notes:']),
    ...task.notes.map(({ at, by, text }) => `${look.style('dim', look.line(`[${at}] ${by}:`))} ${escapeText(text)}`),
  ];
}

/** What came of the checks, where the task was completed with them. */
export function checkResultLines({ check_results: results }: Task, look: Look): string[] {
  if (results === undefined) return [];
  const { by, forced, runs } = results;
  const passed = runs.filter((run) => ('criterion' in run ? run.confirmed : run.exit_code === 0)).length;
  const how = forced ? look.style('red', `; completed in spite of them by ${escapeText(by)}`) : '';
  const what = runs.length === 0 ? 'Checks: none was run' : `Checks passed: ${passed} of ${runs.length}`;
  return [`${what}${how}`, ...runs.map((run) => look.line(`  ${runLine(run)}`))];
}

function runLine(run: CheckRun): string {
  if ('criterion' in run)
    return `${run.confirmed ? 'confirmed' : 'not confirmed'} (no machine looked): ${run.criterion}`;
  const { command, exit_code: code, duration_ms: ms, commit, dirty } = run;
  const end = code === null ? 'ended before it was done' : `exit code ${code}`;
  const at = commit === null ? '' : ` at ${commit.slice(0, 12)}${dirty === true ? ' with changes' : ''}`;
  return `\`${command}\`: ${end}, ${formatDuration(ms)}${at}`;
}

/** What the first line does not say already. */
function obstacleLines({ obstacle }: ShownTask, look: Look): string[] {
  if (obstacle === null) return ['Ready: nothing stands against it'];
  return obstacle.kind === 'closed' || obstacle.kind === 'held' ? [] : [look.line(`Not ready: ${obstacle.message}`)];
}
