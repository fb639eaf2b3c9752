/*
 * The fast flavour of the floor: the manifests of the workload read and printed by hand, in place of
 * `yaml`. It reads block maps and lists, words, quoted texts and blocks, and leaves all else to `yaml`.
 */
import { createRequire } from 'node:module';

const words = { true: true, false: false, null: null, '~': null };

export function parse(text) {
  const lines = text.split('\n').filter((line, at, all) => line !== '' || at < all.length - 1);
  let at = 0;
  const indentOf = (line) => line.search(/\S|$/);
  const collection = (indent) => (lines[at].startsWith('- ', indent) ? list(indent) : map(indent));
  function map(indent) {
    const out = {};
    for (; at < lines.length && indentOf(lines[at]) === indent; ) {
      const [all, key, rest] = /^ *([\w./-]+):(?: +(.*))?$/.exec(lines[at]) ?? giveUp();
      if (all === undefined || key in out) giveUp();
      at += 1;
      out[key] = value(rest ?? '', indent);
    }
    return out;
  }
  function list(indent) {
    const out = [];
    for (; at < lines.length && lines[at].startsWith('- ', indent); ) {
      const rest = lines[at].slice(indent + 2);
      if (/^[\w./-]+:(?: |$)/.test(rest)) {
        lines[at] = `${' '.repeat(indent + 2)}${rest}`;
        out.push(map(indent + 2));
      } else {
        at += 1;
        out.push(value(rest, indent));
      }
    }
    return out;
  }
  function value(rest, indent) {
    if (rest === '') {
      const next = at < lines.length ? indentOf(lines[at]) : -1;
      return next > indent || (next === indent && lines[at][next] === '-') ? collection(next) : null;
    }
    if (/^[|>]-?$/.test(rest)) return block(rest);
    if (rest[0] === '"') return JSON.parse(rest);
    if (/^'[^']*'$/.test(rest)) return rest.slice(1, -1);
    if (/^[^\w/]|: | #|:$/.test(rest) || (at < lines.length && indentOf(lines[at]) > indent + 2)) giveUp();
    if (rest in words) return words[rest];
    return /^(?:0|[1-9]\d*)(?:\.\d+)?$/.test(rest) ? Number(rest) : rest;
  }
  function block(head) {
    const [from, margin] = [at, indentOf(lines[at])];
    while (at < lines.length && (lines[at] === '' || indentOf(lines[at]) >= margin)) at += 1;
    const body = lines.slice(from, at).map((line) => line.slice(margin));
    const joined = body.join('\n').trimEnd();
    const text = head[0] === '|' ? joined : joined.replace(/(?<!\n)\n(?!\n)/g, ' ');
    return head[1] === '-' ? text : `${text}\n`;
  }
  try {
    return map(0);
  } catch {
    return createRequire(import.meta.url)('yaml').parse(text);
  }
}

function giveUp() {
  throw new Error('not plain');
}

export function stringify(value, pad = '') {
  if (Array.isArray(value) && value.length > 0)
    return value.map((it) => `${pad}- ${stringify(it, `${pad}  `).trimStart()}`).join('');
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return `${scalar(value, pad)}\n`;
  let out = '';
  for (const [key, it] of Object.entries(value)) {
    const nested = typeof it === 'object' && it !== null && Object.keys(it).length > 0;
    out += `${pad}${key}:${nested ? `\n${stringify(it, `${pad}  `)}` : ` ${scalar(it, `${pad}  `)}\n`}`;
  }
  return out;
}

function scalar(value, pad) {
  if (typeof value !== 'string') return JSON.stringify(value);
  if (/\n$/.test(value)) return `|\n${value.slice(0, -1).replace(/^(?=.)/gm, pad)}`;
  return /^[A-Za-z_/][^:#\n]*$/.test(value) && !(value in words) ? value : JSON.stringify(value);
}
