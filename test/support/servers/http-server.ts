/** nginx in front of `git http-backend` (through fcgiwrap), with a password. */
import fs from 'node:fs';
import path from 'node:path';
import { restartable, startDaemon, startOnFreePort } from './daemon.ts';
import type { GitServer } from './git-server.ts';
import { getTool } from './tools.ts';

export interface HttpServer extends GitServer {
  readonly name: 'http';
  /** The address without credentials. */
  plainUrl(repository: string): string;
  readonly user: string;
  /** Has to be percent-encoded in a URL. */
  readonly password: string;
}

const user = 'alice';
const password = 'tr0ub4dor/&3';

export async function httpServer(folder: string): Promise<HttpServer> {
  const root = path.join(folder, 'repositories');
  const socket = path.join(folder, 'fcgi.sock');
  fs.mkdirSync(root, { recursive: true });
  fs.writeFileSync(path.join(folder, 'htpasswd'), `${user}:{PLAIN}${password}\n`);
  const begin = async (port: number) => {
    fs.rmSync(socket, { force: true });
    fs.writeFileSync(path.join(folder, 'nginx.conf'), settings(folder, port));
    const backend = await startDaemon({
      // Each of its processes serves one request at a time.
      command: [getTool('fcgiwrap'), '-f', '-c', '8', '-s', `unix:${socket}`],
      folder,
      name: 'fcgiwrap',
      listensAt: socket,
    });
    try {
      const front = await startDaemon({
        command: [getTool('nginx'), '-p', folder, '-e', path.join(folder, 'nginx-error.log'), '-c', 'nginx.conf'],
        folder,
        name: 'nginx',
        listensAt: port,
      });
      return {
        stop: async () => {
          await front.stop();
          await backend.stop();
        },
      };
    } catch (error) {
      await backend.stop();
      throw error;
    }
  };
  const { port, daemon } = await startOnFreePort(begin);
  const plainUrl = (repository: string) => `http://127.0.0.1:${port}/${repository}`;
  return {
    name: 'http',
    port,
    plainUrl,
    url: (repository) => `http://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${repository}`,
    user,
    password,
    env: {},
    repositoryPath: (repository) => path.join(root, repository),
    ...restartable(daemon, () => begin(port)),
  };
}

function settings(folder: string, port: number): string {
  return `daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 2;
pid nginx.pid;
error_log nginx-error.log;
events { worker_connections 512; }
http {
  access_log nginx-access.log;
  client_body_temp_path temp-body;
  proxy_temp_path temp-proxy;
  fastcgi_temp_path temp-fastcgi;
  uwsgi_temp_path temp-uwsgi;
  scgi_temp_path temp-scgi;
  client_max_body_size 0;
  server {
    listen 127.0.0.1:${port};
    location / {
      auth_basic "git";
      auth_basic_user_file ${folder}/htpasswd;
      fastcgi_pass unix:${folder}/fcgi.sock;
      fastcgi_buffering off;
      fastcgi_read_timeout 600s;
      fastcgi_param SCRIPT_FILENAME ${getTool('git-http-backend')};
      fastcgi_param GIT_PROJECT_ROOT ${folder}/repositories;
      fastcgi_param GIT_HTTP_EXPORT_ALL 1;
      fastcgi_param GIT_PROTOCOL $http_git_protocol;
      fastcgi_param GIT_CONFIG_NOSYSTEM 1;
      fastcgi_param PATH ${process.env.PATH};
      fastcgi_param HOME ${folder};
      fastcgi_param PATH_INFO $uri;
      fastcgi_param QUERY_STRING $query_string;
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param CONTENT_TYPE $content_type;
      fastcgi_param CONTENT_LENGTH $content_length;
      fastcgi_param REMOTE_USER $remote_user;
      fastcgi_param REMOTE_ADDR $remote_addr;
      fastcgi_param SERVER_PROTOCOL $server_protocol;
    }
  }
}
`;
}
