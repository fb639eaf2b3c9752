import { readdirSync, readFileSync } from 'node:fs';

/** The command lines of living processes that mention a text, from /proc; an ended one counts no more. */
export function processesWith(text: string): string[] {
  return readdirSync('/proc')
    .filter((it) => /^\d+$/.test(it) && Number(it) !== process.pid)
    .map((it) => commandLine(it))
    .filter((it) => it.includes(text));
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
