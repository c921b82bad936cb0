/**
 * Git's smart HTTP: asking a server what it offers, and posting to its services. Follows redirects of the first question
 * alone, as git does (`http.followRedirects=initial`), and takes no credentials along to another server.
 */

import { cleanServerText, summarizeServerText } from '../clean-text.ts';
import type { HttpHeader } from '../http-config.ts';
import type { HttpAccess } from '../http-credentials.ts';
import { followRedirect, isSameServer } from '../redirect.ts';
import type { Unreachable } from '../transport.ts';
import { type Advertisement, readAdvertisement } from '../wire/advertisement.ts';
import { agentName } from '../wire/agent-name.ts';
import type { HttpAnswer, HttpClient } from './http-client.ts';

export type Service = 'git-upload-pack' | 'git-receive-pack';

/** When a call has to be over. */
export interface Deadline {
  /** On `performance.now()`. */
  readonly at: number;
  /** For the message. */
  readonly timeoutMs: number | undefined;
}

/** Where a server said that the repository is, and how to speak to it. */
export interface Place {
  readonly url: string;
  readonly headers: readonly HttpHeader[];
  readonly advertisement: Advertisement;
}

export interface SmartHttp {
  discover(
    service: Service,
    deadline: Deadline,
  ): Promise<{ readonly outcome: 'found'; readonly place: Place } | Unreachable>;
  post(service: Service, place: Place, body: Uint8Array, deadline: Deadline, maxBytes: number): Promise<HttpAnswer>;
  /** One line for people: without escape sequences, without credentials. */
  summarize(text: string, fallback: string): string;
  /** Why an answer is not the one that was hoped for. */
  explain(answer: HttpAnswer, deadline: Deadline): string;
}

/** In bytes. A host with a hundred thousand refs needs some ten million. */
const maxAdvertisement = 64 * 1024 * 1024;
const maxRedirects = 10;

export function openSmartHttp(access: HttpAccess, client: HttpClient): SmartHttp {
  const summarize = (text: string, fallback: string): string =>
    summarizeServerText(cleanServerText(text, { secrets: access.secrets }), fallback);

  const explain = (answer: HttpAnswer, deadline: Deadline): string => {
    if (answer.outcome === 'failed') {
      if (answer.timedOut) return `no answer within ${deadline.timeoutMs} ms`;
      return summarize(answer.reason, 'the connection failed');
    }
    const { status, type, body, isWhole } = answer;
    const said = type === 'text/plain' ? summarize(body.toString('utf8'), '') : '';
    const also = said === '' ? '' : `: ${said}`;
    if (status === 401) {
      if (access.source !== null) return `the upstream refused the credentials of ${access.source} (HTTP 401)${also}`;
      return `the upstream wants credentials (HTTP 401); ORC_AUTH_TOKEN can give them${also}`;
    }
    if (status !== 200) return `the upstream answered HTTP ${status}${also}`;
    if (!isWhole) return 'the answer was cut off';
    return `the upstream does not answer like a git server (${summarize(type, 'no content type')})${also}`;
  };

  return {
    summarize,
    explain,

    async discover(service, deadline) {
      let { url, headers } = access;
      const wantedType = `application/x-${service}-advertisement`;
      const suffix = `/info/refs?service=${service}`;
      for (let redirects = 0; ; redirects++) {
        const answer = await client.request({
          method: 'GET',
          url: url + suffix,
          headers: [
            { name: 'User-Agent', value: agentName },
            { name: 'Accept', value: '*/*' },
            { name: 'Pragma', value: 'no-cache' },
            // Pushing knows no protocol 2.
            ...(service === 'git-upload-pack' ? [{ name: 'Git-Protocol', value: 'version=2' }] : []),
            ...headers,
          ],
          deadline: deadline.at,
          wantedType,
          maxBytes: maxAdvertisement,
        });
        if (answer.outcome === 'answered' && isRedirect(answer.status) && redirects < maxRedirects) {
          const next = followRedirect(url + suffix, answer.location, suffix);
          if (next === null) {
            const to = summarize(answer.location ?? '', 'nowhere');
            return { outcome: 'unreachable', reason: `the upstream redirects to ${to}, which is refused` };
          }
          // Neither a token nor any other header of the user's goes to somebody else.
          if (!isSameServer(url, next)) headers = [];
          url = next;
          continue;
        }
        if (answer.outcome === 'failed' || answer.status !== 200 || answer.type !== wantedType || !answer.isWhole) {
          return { outcome: 'unreachable', reason: explain(answer, deadline) };
        }
        const advertisement = readAdvertisement(answer.body, service);
        if (typeof advertisement === 'string') {
          return { outcome: 'unreachable', reason: summarize(advertisement, 'the upstream refused') };
        }
        return { outcome: 'found', place: { url, headers, advertisement } };
      }
    },

    post(service, { url, headers, advertisement }, body, deadline, maxBytes) {
      return client.request({
        method: 'POST',
        url: `${url}/${service}`,
        headers: [
          { name: 'User-Agent', value: agentName },
          { name: 'Content-Type', value: `application/x-${service}-request` },
          { name: 'Accept', value: `application/x-${service}-result` },
          ...(advertisement.version === 2 ? [{ name: 'Git-Protocol', value: 'version=2' }] : []),
          ...headers,
        ],
        body,
        deadline: deadline.at,
        wantedType: `application/x-${service}-result`,
        maxBytes,
      });
    },
  };
}

const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status);
