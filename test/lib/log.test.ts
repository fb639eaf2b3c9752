import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { PlumblineError } from '../../src/lib/errors.ts';
import { createLog, type LogFields, type LogFormat, type LogLevel } from '../../src/lib/log.ts';
import { mask, Secret } from '../../src/lib/secret.ts';
import { t } from '../support/tap.ts';

class Paper {
  text = '';
  writableLength = 0;
  isTTY = false;
  #broken: ((error: Error) => void) | undefined;

  write(text: string): void {
    this.text += text;
  }

  on(_event: 'error', listener: (error: Error) => void): void {
    this.#broken = listener;
  }

  fail(code: string): void {
    this.#broken?.(Object.assign(new Error(code), { code }));
  }

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }
}

function logOn(paper: Paper, format: LogFormat = 'json', level: LogLevel = 'info') {
  return createLog({ level, format, stream: paper });
}

function written(fields: LogFields, message = 'said', level: LogLevel = 'info') {
  const paper = new Paper();
  logOn(paper, 'json', level).error(fields, message);
  return JSON.parse(paper.text);
}

t.test('a line of JSON has level, time, message, and the fields of its children', async (t) => {
  const paper = new Paper();
  const log = logOn(paper).child({ run: 'r1' }).child({ key: 'default/plugin/a' });
  log.info({ count: 2 }, 'applied');
  log.warn('only words');
  log.debug('too fine');
  const [first, second, ...rest] = paper.lines.map((it) => JSON.parse(it));
  t.match(first, { level: 'info', run: 'r1', key: 'default/plugin/a', count: 2, msg: 'applied' });
  t.match(first.time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  t.match(second, { level: 'warn', run: 'r1', msg: 'only words' });
  t.same(rest, []);
});

t.test('no control character reaches the reader, whatever was logged', async (t) => {
  const evil = '\u001b[2J\u009b31m\u202eabc\n{"level":"error"}\r\u0007';
  const places: readonly (readonly [string, LogFields, string])[] = [
    ['message', {}, evil],
    ['field', { path: evil }, 'x'],
    ['key', { [evil]: 1 }, 'x'],
    ['nested', { a: [{ b: evil }] }, 'x'],
    ['error', { error: new Error(evil) }, 'x'],
    ['hint', { error: new PlumblineError('USAGE', 'x', { hint: evil }) }, 'x'],
  ];
  for (const format of ['json', 'pretty'] as const) {
    for (const [name, fields, message] of places) {
      for (const asChild of [false, true]) {
        const paper = new Paper();
        const log = logOn(paper, format, 'debug');
        if (asChild) log.child(fields).info(message);
        else log.info(fields, message);
        t.equal(paper.lines.length, 1, `${format} ${name}: one line`);
        const [line = ''] = paper.lines;
        // biome-ignore lint/suspicious/noControlCharactersInRegex: that there is none is the point
        t.notMatch(line, /[\u0000-\u001f\u007f-\u009f\u202e]/, `${format} ${name}`);
        t.match(line, 'x1b[2J', `${format} ${name}: and it can be seen`);
      }
    }
  }
});

t.test('secrets are masked by type and by name', async (t) => {
  const clear = 'hunter2-canary';
  const hidden: readonly string[] = [
    'password',
    'Password',
    'passphrase',
    'secret',
    'token',
    'accessToken',
    'access_token',
    'apiKey',
    'api-key',
    'privateKey',
    'authorization',
    'cookie',
    'credentials',
    'PLUMBLINE_HTTP_TOKEN',
  ];
  for (const key of hidden) {
    t.equal(written({ [key]: clear })[key], mask, key);
    t.equal(written({ deep: [{ [key]: clear }] }).deep[0][key], mask, `${key} further down`);
  }
  t.equal(written({ any: new Secret(clear) }).any, mask, 'a Secret under any name');
  for (const key of ['key', 'passwordFile', 'tokens', 'author']) {
    t.equal(written({ [key]: clear })[key], clear, `${key} is no secret`);
  }
});

t.test('an error shows code, message and hint, and its stack only at debug', async (t) => {
  const cause = new Error('SELECT canary');
  const error = new PlumblineError('STORE_BUSY', 'locked', { hint: 'wait', cause });
  for (const fields of [{ error }, { err: error }, { any: error }]) {
    const [shown] = Object.keys(fields);
    t.same(written(fields)[shown as string], {
      code: 'STORE_BUSY',
      message: 'locked',
      hint: 'wait',
    });
  }
  const full = written({ error }, 'x', 'debug').error;
  t.match(full.stack[0], /^at /);
  t.equal(full.cause.message, 'SELECT canary');
  t.same(written({ error: Object.assign(new Error('no'), { code: 'ENOENT' }) }).error, {
    code: 'ENOENT',
    message: 'no',
  });
});

t.test('what is too long, too deep or too odd is cut', async (t) => {
  const round: Record<string, unknown> = { name: 'round' };
  round['self'] = round;
  const line = written({
    long: 'x'.repeat(10_000),
    many: Array.from({ length: 1000 }, (_, index) => index),
    round,
    big: 12345678901234567890n,
    call: () => 1,
    bytes: new Uint8Array(5),
    date: new Date(0),
    noDate: new Date(Number.NaN),
    level: 'mine',
  });
  t.match(line.long, /^x{2048}… \(7952 more characters\)$/);
  t.same([line.many.length, line.many.at(-1)], [51, '… (950 more)']);
  t.equal(line.round.self.self.self.self, '…');
  t.same(
    [line.big, line.call, line.bytes, line.date, line.noDate],
    ['12345678901234567890', undefined, '5 bytes', '1970-01-01T00:00:00.000Z', 'no date'],
  );
  t.same([line.level, line.level_], ['error', 'mine'], 'a field cannot pose as the level');
});

t.test('lines are pretty on a terminal and JSON anywhere else', async (t) => {
  const cases: readonly (readonly [LogFormat, boolean, RegExp])[] = [
    ['auto', false, /^\{"level":"info"/],
    ['auto', true, /^\d\d:\d\d:\d\d\.\d{3} INFO {2}applied count=2 where="a b" list=\[1\]$/],
    ['pretty', false, /^\d\d:\d\d:\d\d\.\d{3} INFO {2}applied count=2/],
    ['json', true, /^\{"level":"info"/],
  ];
  for (const [format, isTTY, shape] of cases) {
    const paper = new Paper();
    paper.isTTY = isTTY;
    logOn(paper, format).info({ count: 2, where: 'a b', list: [1] }, 'applied');
    t.match(paper.lines[0], shape, `${format}, terminal: ${isTTY}`);
  }
});

t.test('colour is for terminals, unless NO_COLOR says otherwise', async (t) => {
  const before = process.env['NO_COLOR'];
  t.teardown(() => {
    if (before === undefined) delete process.env['NO_COLOR'];
    else process.env['NO_COLOR'] = before;
  });
  const coloured = (noColour: string | undefined, isTTY: boolean) => {
    if (noColour === undefined) delete process.env['NO_COLOR'];
    else process.env['NO_COLOR'] = noColour;
    const paper = new Paper();
    paper.isTTY = isTTY;
    logOn(paper, 'pretty').error('x');
    return paper.text.includes('\u001b[');
  };
  t.same(
    [coloured(undefined, true), coloured('1', true), coloured(undefined, false)],
    [true, false, false],
  );
});

t.test('a slow reader costs lines, and is told how many', async (t) => {
  const paper = new Paper();
  const log = logOn(paper);
  paper.writableLength = 2 ** 21;
  log.info('lost');
  log.info('lost');
  t.equal(paper.text, '');
  paper.writableLength = 0;
  log.info('back');
  const [told, back] = paper.lines.map((it) => JSON.parse(it));
  t.match(told, { level: 'warn', dropped: 2 });
  t.equal(back.msg, 'back');
});

t.test('a reader that went away costs the lines and not the process', async (t) => {
  const paper = new Paper();
  const log = logOn(paper);
  paper.fail('EPIPE');
  t.doesNotThrow(() => log.error('nobody hears it'));
  t.equal(paper.text, '');

  const module = fileURLToPath(new URL('../../src/lib/log.js', import.meta.url));
  const script = `
    import { createLog } from ${JSON.stringify(module)};
    const log = createLog({ level: 'info', format: 'json' });
    process.stdin.on('data', () => {
      for (let line = 0; line < 100; line++) log.info('x'.repeat(1000));
      setImmediate(() => log.info('again'));
    });
    process.stdin.on('end', () => process.stdout.write('alive'));
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script]);
  child.stderr.destroy();
  child.stdin.end('go');
  let said = '';
  child.stdout.on('data', (part) => {
    said += part;
  });
  const [code] = await once(child, 'close');
  t.same([code, said], [0, 'alive']);
});
