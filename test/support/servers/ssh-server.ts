/** sshd with a host key and a user key of its own, which lets the present user in. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { restartable, startDaemon, startOnFreePort } from './daemon.ts';
import type { GitServer } from './git-server.ts';
import { findTool, getTool } from './tools.ts';

export interface SshServer extends GitServer {
  readonly name: 'ssh';
  /** What `env` says in GIT_SSH_COMMAND. */
  readonly sshCommand: string;
}

export async function sshServer(folder: string): Promise<SshServer> {
  const root = path.join(folder, 'repositories');
  const at = (name: string) => path.join(folder, name);
  fs.mkdirSync(root, { recursive: true });
  for (const key of ['host_key', 'user_key']) {
    if (fs.existsSync(at(key))) continue;
    execFileSync(getTool('ssh-keygen'), ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', at(key)]);
  }
  const { username } = os.userInfo();
  fs.copyFileSync(at('user_key.pub'), at('authorized_keys'));
  const begin = (port: number) => {
    fs.writeFileSync(at('sshd_config'), settings(folder, port));
    return startDaemon({
      command: [...privateRunFolder(), getTool('sshd'), '-D', '-e', '-f', at('sshd_config')],
      folder,
      name: 'sshd',
      listensAt: port,
    });
  };
  const { port, daemon } = await startOnFreePort(begin);
  const [kind, hostKey] = fs.readFileSync(at('host_key.pub'), 'utf8').split(' ');
  fs.writeFileSync(at('known_hosts'), `[127.0.0.1]:${port} ${kind} ${hostKey}\n`);
  const sshCommand = [
    'ssh -F /dev/null -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes',
    `-o IdentityAgent=none -o UserKnownHostsFile='${at('known_hosts')}' -i '${at('user_key')}'`,
  ].join(' ');
  return {
    name: 'ssh',
    port,
    url: (repository) => `ssh://${username}@127.0.0.1:${port}${path.join(root, repository)}`,
    env: { GIT_SSH_COMMAND: sshCommand },
    sshCommand,
    repositoryPath: (repository) => path.join(root, repository),
    ...restartable(daemon, () => begin(port)),
  };
}

function settings(folder: string, port: number): string {
  return `ListenAddress 127.0.0.1
Port ${port}
HostKey ${folder}/host_key
AuthorizedKeysFile ${folder}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
UseDNS no
PrintMotd no
PrintLastLog no
MaxStartups 200:30:400
MaxSessions 100
SetEnv HOME=${folder} GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
`;
}

/** As root sshd wants the folder /run/sshd. Where it is missing, sshd gets a /run of its own. */
function privateRunFolder(): [string, ...string[]] | [] {
  if (process.getuid?.() !== 0 || fs.existsSync('/run/sshd')) return [];
  const unshare = findTool('unshare');
  if (unshare === null) throw new Error('as root sshd needs the folder /run/sshd (mkdir /run/sshd)');
  const script = 'mount -t tmpfs tmpfs /run && mkdir /run/sshd && exec "$@"';
  return [unshare, '--mount', '/bin/sh', '-c', script, 'sshd'];
}
