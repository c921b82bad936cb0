/** The very steps of examples/ci, run in clean clones as CI makes them, at once: one board, and every task done exactly once. */
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { openOrc } from '../../src/index.ts';
import { projectRoot } from '../support/bundle.ts';
import { checkOut, ciCredentials } from '../support/ci-checkout.ts';
import { addCommit, checkRepository, git, isolatedEnv, makeBareRemote, makeClone } from '../support/git-fixtures.ts';
import { serveOverHttp } from '../support/http-remote.ts';
import { orcCommand } from '../support/run-orc.ts';
import { makeTempDir } from '../support/temp-dir.ts';

type Variables = Readonly<Record<string, string>>;

interface Step {
  readonly run?: string;
  readonly uses?: string;
  readonly env?: Variables;
  readonly with?: Variables;
}

const read = (file: string) => parse(readFileSync(path.join(projectRoot, 'examples/ci', file), 'utf8'));
/** Machines with much else to do take their time. */
const timeout = 180_000;

/** A remote with a board of a few tasks, behind a server that wants the token; a folder of programs for the runners. */
async function makeStage(tasks: number) {
  const remote = makeBareRemote();
  const author = makeClone(remote);
  addCommit(author, 'refs/heads/main', 'one');
  git(author, 'push', '--quiet', 'origin', 'main');
  const ids: string[] = [];
  {
    await using orc = await openOrc({ cwd: author, create: true, publish: 'sync' });
    await orc.createWorkstream('build');
    for (let count = 0; count < tasks; count++) ids.push((await orc.addTask('build', { title: `Task ${count}` })).id);
    await orc.sync();
  }
  const bin = makeTempDir();
  symlinkSync(orcCommand, path.join(bin, 'orc'));
  // The command is here already: what would be installed is written down.
  const installed = path.join(bin, 'installed');
  writeFileSync(path.join(bin, 'npm'), `#!/bin/sh\necho "$@" >> ${installed}\n`);
  chmodSync(path.join(bin, 'npm'), 0o755);
  const server = await serveOverHttp(remote, ciCredentials);
  return { remote, author, ids, bin, installed, server, log: path.join(bin, 'log') };
}

type Stage = Awaited<ReturnType<typeof makeStage>>;

/** As runners start a step, with the variables that they set; nobody has a name or an address there. */
function runScript(script: string, clone: string, { bin }: Stage, env: Variables): Promise<string> {
  const home = path.join(path.dirname(clone), 'home');
  mkdirSync(home, { recursive: true });
  const all = { ...isolatedEnv, CI: 'true', HOME: home, PATH: `${bin}:${process.env.PATH}`, ...env };
  for (const name of Object.keys(all))
    if (/^GIT_(?:AUTHOR|COMMITTER)_/.test(name)) delete (all as NodeJS.ProcessEnv)[name];
  return new Promise((resolve, reject) =>
    execFile(
      'bash',
      ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script],
      { cwd: clone, env: all },
      (error, stdout, stderr) =>
        error === null ? resolve(stdout) : reject(new Error(`${error.message}\n${stdout}\n${stderr}`)),
    ),
  );
}

/** `${{ inputs.command }}` and the like; what is not known must not be in the files. */
function fill(text: string, values: Variables): string {
  return text.replace(/\$\{\{ *([\w.-]+) *\}\}/g, (_, name: string) => {
    expect(values).toHaveProperty([name]);
    return values[name] as string;
  });
}

function fillAll(all: Variables | undefined, values: Variables): Record<string, string> {
  return Object.fromEntries(Object.entries(all ?? {}).map(([name, text]) => [name, fill(String(text), values)]));
}

async function expectDrained({ remote, author, ids, log }: Stage): Promise<void> {
  expect(readFileSync(log, 'utf8').split('\n').filter(Boolean).sort()).toEqual([...ids].sort());
  await using orc = await openOrc({ cwd: author });
  await orc.sync();
  const status = await orc.status();
  expect(status.workstreams[0]).toMatchObject({ done: ids.length, pending: 0, in_progress: 0, failed: 0 });
  const closed = (await orc.getEvents({ action: 'task_completed' })).map(({ task_id }) => task_id);
  expect([...closed].sort()).toEqual([...ids].sort());
  expect(git(remote, 'for-each-ref', '--format=%(refname)')).toBe('refs/heads/main\nrefs/heads/orc');
  checkRepository(remote);
}

const doTask = (log: string): string => `echo "$ORC_TASK" >> ${log}; echo built > "\${ORC_RESULT_FILE:-/dev/null}"`;

test('GitHub: the action and the workflow, in three runners', { timeout }, async () => {
  const stage = await makeStage(6);
  const action = read('github/action.yml');
  const workflow = read('github/workflow.yml');
  expect(workflow.permissions).toEqual({ contents: 'write' });
  expect(workflow.on.push).toEqual({ 'branches-ignore': ['orc'] });
  const [checkout, use] = workflow.jobs.work.steps as [Step, Step];
  expect(checkout.uses).toMatch(/^actions\/checkout@/);
  const steps = action.runs.steps as readonly Step[];
  const defaults = Object.entries(action.inputs as Record<string, { default?: string }>).flatMap(([name, each]) =>
    each.default === undefined ? [] : [[name, each.default] as const],
  );
  const runners = (workflow.jobs.work.strategy.matrix.runner as number[]).slice(0, 3);
  const github = { GITHUB_ACTIONS: 'true', GITHUB_RUN_ID: '1' };
  const done = runners.map(async (runner) => {
    const clone = await checkOut(stage.server.url(), '--depth=1', '--single-branch', '--no-tags');
    const given = { ...fillAll(use.with, { 'matrix.runner': String(runner) }), command: doTask(stage.log) };
    const inputs = Object.entries({ ...Object.fromEntries(defaults), ...given });
    const values = Object.fromEntries(inputs.map(([name, value]) => [`inputs.${name}`, value]));
    for (const { run = '', env } of steps) {
      expect(run).not.toContain('${{');
      await runScript(run, clone, stage, { ...github, ...fillAll(env, values) });
    }
  });
  await Promise.all(done);
  await expectDrained(stage);
  expect(readFileSync(stage.installed, 'utf8')).toContain('git-orc@latest');
  const clone = await checkOut(stage.server.url(), '--depth=1', '--single-branch', '--no-tags');
  const summary = path.join(stage.bin, 'summary');
  for (const { run } of workflow.jobs.report.steps as readonly Step[])
    if (run !== undefined) await runScript(run, clone, stage, { ...github, GITHUB_STEP_SUMMARY: summary });
  expect(readFileSync(summary, 'utf8')).toContain('6 done');
});

interface Job {
  readonly extends?: string;
  readonly parallel?: number;
  readonly variables?: Variables;
  readonly before_script?: readonly string[];
  readonly script?: readonly string[];
}

test('GitLab: a job that works through the board, and one that takes a single task', { timeout }, async () => {
  const stage = await makeStage(4);
  const template = read('gitlab/orc.gitlab-ci.yml') as Record<string, Job> & { workflow: { rules: object[] } };
  expect(template.workflow.rules[0]).toEqual({ if: '$CI_COMMIT_BRANCH == "orc"', when: 'never' });
  const base = template['.orc'] as Job;
  const agents = new Set<string>();
  const runJob = async (name: string, index: number): Promise<string> => {
    const job = template[name] as Job;
    expect(job.extends).toBe('.orc');
    const clone = await checkOut(stage.server.url(), '--depth=1', '--single-branch', '--no-tags');
    const predefined: Record<string, string> = {
      GITLAB_CI: 'true',
      CI_JOB_ID: String(4000 + index),
      CI_JOB_URL: 'https://gitlab.example/job/1',
      // Of jobs that stand alone GitLab says no such thing.
      ...(job.parallel === undefined ? {} : { CI_NODE_INDEX: String(index) }),
    };
    const own = { ...base.variables, ...job.variables, WORK_COMMAND: doTask(stage.log) };
    const variables = Object.fromEntries(
      Object.entries(own).map(([key, text]) => [
        key,
        key === 'WORK_COMMAND' ? text : text.replaceAll(/\$(\w+)/g, (_, name: string) => predefined[name] ?? ''),
      ]),
    );
    agents.add(String(variables.ORC_AGENT));
    const script = [...(base.before_script ?? []), ...(job.script ?? [])].join('\n');
    return runScript(script, clone, stage, { ...predefined, ...variables });
  };
  await Promise.all([runJob('orc-work', 1), runJob('orc-one', 2)]);
  await expectDrained(stage);
  expect(await runJob('orc-one', 3)).toContain('nothing to do');
  // Each job acts under a name of its own.
  expect([...agents].sort()).toEqual(['ci-4001', 'ci-4002', 'ci-4003']);
});
