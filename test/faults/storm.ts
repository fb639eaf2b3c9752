import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { eventually, RunningDaemon } from '../support/daemon.ts';
import { GitRepository } from '../support/git-repository.ts';
import { clientYaml, World } from '../support/world.ts';
import { record } from './record.ts';

/*
 * npm run bench:storm -- [--requests 20000] [--at-once 200] [--record]
 *
 * Posts signed webhooks to a daemon, so many at once, while a commit is made, and tells how long the
 * answers took, how memory grew, how often the source was looked at and how soon the commit was live.
 * Ends with status 1 where one of them is beyond its limit (F31).
 */

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '20000' },
    'at-once': { type: 'string', default: '200' },
    record: { type: 'boolean', default: false },
  },
});
const requests = Number(values.requests);
const atOnce = Number(values['at-once']);
const limits = { errors: 0, p99: 250, grownMiB: 64, liveSeconds: 5 };
/** A daemon takes the webhooks of a source together for so long, in milliseconds. */
const coalesced = 250;

const secret = 'correct-horse-battery-staple';
const body = JSON.stringify({ ref: 'refs/heads/main', after: 'f00' });
const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

const teardowns: (() => unknown)[] = [];
const t = { teardown: (work: () => unknown) => teardowns.push(work) } as never;

function residentMiB(daemon: RunningDaemon): number {
  const status = readFileSync(`/proc/${daemon.process.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

async function runsOf(address: string): Promise<number> {
  const text = await (await fetch(`http://${address}/metrics`)).text();
  const counts = text.matchAll(/^plumbline_runs_total\{[^}]*\} (\d+)/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** The status and the milliseconds of one webhook; status 0 where there was no answer. */
function post(agent: Agent, address: string): Promise<{ status: number; took: number }> {
  const began = performance.now();
  const ended = (status: number) => ({ status, took: performance.now() - began });
  return new Promise((resolve) => {
    const headers = { 'x-hub-signature-256': signature, 'content-type': 'application/json' };
    const url = `http://${address}/webhooks/github/team`;
    request(url, { agent, method: 'POST', headers }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(ended(answer.statusCode ?? 0)));
    })
      .on('error', () => resolve(ended(0)))
      .end(body);
  });
}

const holder = new World(t);
const repository = new GitRepository(join(holder.folder, 'team.git'));
repository.commit({ 'bot.yaml': clientYaml('bot') });
const world = new World(t, {
  PLUMBLINE_SOURCE: repository.url,
  PLUMBLINE_SOURCE_ALLOW_FILE: 'true',
  PLUMBLINE_SOURCE_INTERVAL: '1h',
  PLUMBLINE_SOURCE_WEBHOOK_SECRET: secret,
});
const daemon = new RunningDaemon(t, world);
const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
try {
  process.exitCode = (await storm()) ? 0 : 1;
} finally {
  agent.destroy();
  for (const work of teardowns.reverse()) await work();
}

/** Whether everything stayed within its limit. */
async function storm(): Promise<boolean> {
  await daemon.ready();
  const address = await daemon.address();
  const residentBefore = residentMiB(daemon);
  const runsBefore = await runsOf(address);
  const took: number[] = [];
  let errors = 0;
  let sent = 0;
  let residentMost = residentBefore;
  let live: Promise<number> | undefined;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (sent < requests) {
        sent += 1;
        if (sent === Math.ceil(requests / 2)) live = secondsUntilLive(address);
        if (sent % 1000 === 0) residentMost = Math.max(residentMost, residentMiB(daemon));
        const answer = await post(agent, address);
        if (answer.status !== 202) errors += 1;
        took.push(answer.took);
      }
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  const liveSeconds = (await live) ?? Number.POSITIVE_INFINITY;
  const runs = (await runsOf(address)) - runsBefore;
  took.sort((a, b) => a - b);
  const p99 = took[Math.floor(took.length * 0.99)] ?? 0;
  const grownMiB = residentMost - residentBefore;
  const mostRuns = Math.ceil(((seconds + liveSeconds) * 1000) / coalesced) + 1;
  const told =
    `${errors} not accepted, ${Math.round(requests / seconds)} a second, p99 ${Math.round(p99)} ms, ` +
    `memory +${Math.max(0, grownMiB).toFixed(1)} MiB, ${runs} syncs, a commit made meanwhile live after ${liveSeconds.toFixed(1)} s`;
  process.stdout.write(`${requests} webhooks, ${atOnce} at once: ${told}\n`);
  const measured = { errors, p99, grownMiB, liveSeconds };
  const broken = Object.entries(limits)
    .filter(([name, limit]) => measured[name as keyof typeof limits] > limit)
    .map(([name, limit]) => `${name} is beyond ${limit}`);
  if (runs > mostRuns) broken.push(`${runs} syncs are more than ${mostRuns}`);
  for (const it of broken) process.stdout.write(`${it}\n`);
  if (values.record && broken.length === 0)
    record({
      [`${requests} webhooks, ${atOnce} at once`]: { figure: told, command: `npm run bench:storm` },
    });
  return broken.length === 0;
}

/** Commits a new client and waits until the daemon has it. */
async function secondsUntilLive(address: string): Promise<number> {
  const began = performance.now();
  repository.commit({ 'late.yaml': clientYaml('late') });
  const url = `http://${address}/api/v1/resources/LLMClient/late`;
  await eventually(async () => (await fetch(url)).status === 200, 60_000);
  return (performance.now() - began) / 1000;
}
