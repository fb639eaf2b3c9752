/** The daemon itself, over records that are in place: how soon it is ready, and what it holds at rest. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** Seconds after the last sync at which memory is read; what was for the start is given back by then. */
const rest = 5;
const patience = 120_000;

const program = fileURLToPath(new URL('../dist/src/main.cjs', import.meta.url));

/** Its memory is known on Linux only. */
export async function daemonFigures({ environment, folder }, n) {
  const started = performance.now();
  const daemon = spawn(process.execPath, [program, 'run'], {
    cwd: folder,
    env: {
      ...environment,
      PLUMBLINE_HTTP_LISTEN: '127.0.0.1:0',
      PLUMBLINE_LOG_FORMAT: 'json',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    const address = await addressOf(daemon);
    await ready(address, started + patience);
    const figures = [{ id: 'ready', n, value: performance.now() - started }];
    await sleep(rest * 1000);
    const memory = memoryOf(daemon.pid);
    return memory === undefined ? figures : [...figures, { id: 'rest', n, value: memory }];
  } finally {
    const ended = once(daemon, 'close');
    daemon.kill('SIGTERM');
    await ended;
  }
}

async function addressOf(daemon) {
  for await (const line of createInterface({ input: daemon.stderr })) {
    const { http } = JSON.parse(line);
    if (http !== undefined) {
      daemon.stderr.resume();
      return http;
    }
  }
  throw new Error('the daemon has ended');
}

async function ready(address, end) {
  while (performance.now() < end) {
    const { ok } = await fetch(`http://${address}/readyz`);
    if (ok) return;
    await sleep(5);
  }
  throw new Error('the daemon is not ready');
}

function memoryOf(pid) {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(kilobytes) / 1024;
  } catch {
    return undefined;
  }
}
