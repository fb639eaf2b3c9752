import type { Config } from '../config/config.ts';
import type { Webhook } from '../http/routes/webhook.ts';
import { failpoint } from '../lib/failpoint.ts';
import { isPretty } from '../lib/log.ts';
import { escapeUntrusted } from '../lib/terminal.ts';
import { DaemonLoops, type WatchedTarget } from '../reconcile/daemon.ts';
import { plural } from '../reconcile/outcome.ts';
import { DirectorySource } from '../source/directory.ts';
import { remoteRef } from '../source/git-address.ts';
import { withPorts } from './assemble.ts';
import type { Invocation } from './invocation.ts';
import { presenter } from './present-runs.ts';
import { version } from './version.ts';

/** A run that is under way gets this long to end in order, in milliseconds; killed later, it rolls back. */
const grace = 4500;

/** What a person who started it wants to know first: what is watched, and where to look. */
function greeting(
  watched: readonly WatchedTarget[],
  database: string,
  http: string,
  command: string,
): string {
  const width = Math.max(...watched.map((it) => it.source.name.length), 'records'.length);
  const line = (word: string, text: string) =>
    `  ${escapeUntrusted(word).padEnd(width)}  ${escapeUntrusted(text)}\n`;
  return [
    `Plumbline ${version()} keeps the records true to ${plural(watched.length, 'source')}:\n`,
    ...watched.map((it) =>
      line(
        it.source.name,
        `${it.location}, every ${it.rhythm.interval / 1000} s${it.source instanceof DirectorySource ? ' and on changes' : ''}`,
      ),
    ),
    line('records', database),
    line('health', `http://${http}/readyz, also /healthz /metrics /api/v1/status`),
    line('look', `${command} get llmclients, ${command} history, ${command} status`),
    line('stop', 'Ctrl-C'),
    '\n',
  ].join('');
}

/** What each source that takes webhooks is known by to their senders. */
function webhooksOf({ sources }: Config): ReadonlyMap<string, Webhook> {
  const webhooks = new Map<string, Webhook>();
  for (const { name, webhook: secret, location } of sources) {
    if (secret === undefined) continue;
    const ref = 'git' in location ? remoteRef(location.git.ref).name : undefined;
    webhooks.set(name, { secret, ...(ref?.startsWith('refs/') ? { ref } : {}) });
  }
  return webhooks;
}

/** The daemon: watches every source and converges until it is told to stop. */
export async function run(invocation: Invocation): Promise<number> {
  let patience: NodeJS.Timeout | undefined;
  const giveUpLater = () => {
    patience = setTimeout(() => process.exit(1), grace).unref();
  };
  try {
    return await runUntilStopped(invocation, giveUpLater);
  } finally {
    clearTimeout(patience);
  }
}

function runUntilStopped(invocation: Invocation, stopping: () => void): Promise<number> {
  const { terminal } = invocation;
  return withPorts(invocation, 'exclusive', async ({ ports, config, targets }) => {
    const readable = isPretty(config.log.format, terminal.log);
    const { startHttp } = await import('../http/server.ts');
    const watched = targets([], {});
    const daemon = new DaemonLoops(ports, watched);
    daemon.onRun(presenter(invocation, readable, ports.log));
    const http = await startHttp(daemon, {
      ports,
      account: config.account,
      webhooks: webhooksOf(config),
      ...config.http,
    });
    const lookAgain = () => daemon.lookAgain();
    process.on('SIGHUP', lookAgain);
    terminal.signal.addEventListener('abort', () => {
      ports.log.info('stopping');
      stopping();
    });
    try {
      const { location } = ports.database;
      // From a checkout, as `npm start` runs it, the command is not on the path.
      const command =
        terminal.environment['npm_lifecycle_event'] === 'start' ? 'npx plumbline' : 'plumbline';
      if (readable) terminal.out(greeting(watched, location, http.address, command));
      else
        ports.log.info(
          { sources: watched.map((it) => it.source.name), database: location, http: http.address },
          `plumbline ${version()} watches ${plural(watched.length, 'source')}`,
        );
      await daemon.run(terminal.signal);
      failpoint('shutdown.begin');
      return 0;
    } finally {
      process.off('SIGHUP', lookAgain);
      await http.close();
      ports.log.info('stopped');
    }
  });
}
