import { PlumblineError } from '../../src/lib/errors.ts';
import { reconcile } from '../../src/reconcile/reconcile.ts';
import type { Snapshot } from '../../src/source/source.ts';
import { FakeSource, freshPorts, targetOf } from '../support/ports.ts';
import { never } from '../support/snapshots.ts';
import { t } from '../support/tap.ts';
import { pluginYaml } from '../support/world.ts';

type Files = Readonly<Record<string, string>>;

/** A source whose files can be there and not be readable. */
class AccidentalSource extends FakeSource {
  unreadable = '';

  override async fetch(): Promise<Snapshot> {
    const whole = await super.fetch();
    if (this.unreadable === '') return whole;
    const problem = {
      severity: 'error',
      code: 'FILE_UNREADABLE',
      file: this.unreadable,
      message: 'cannot be read',
    } as const;
    return { ...whole, problems: [problem] };
  }
}

const kept = (files: Files, count: number): Files =>
  Object.fromEntries(Object.entries(files).slice(0, count));
const each = (files: Files, change: (text: string) => string): Files =>
  Object.fromEntries(Object.entries(files).map(([path, text]) => [path, change(text)]));
const failing = (source: FakeSource, code: 'SOURCE_UNREACHABLE' | 'SOURCE_NOT_FOUND') => {
  source.failure = new PlumblineError(code, 'not there');
};

/** Ways in which a source loses what it declared without anybody having meant it. */
const accidents: Readonly<Record<string, (source: AccidentalSource, files: Files) => void>> = {
  'all is gone': (source) => {
    source.files = {};
  },
  'all but one is gone': (source, files) => {
    source.files = kept(files, 1);
  },
  'half is gone': (source, files) => {
    source.files = kept(files, Object.keys(files).length >> 1);
  },
  'the path is wrong and holds something else': (source) => {
    source.files = { 'README.yaml': 'just: notes\n' };
  },
  'every file is torn': (source, files) => {
    source.files = each(files, (text) => text.slice(0, -4));
  },
  'one file is torn and the others are gone': (source, files) => {
    source.files = each(kept(files, 1), (text) => text.slice(0, -4));
  },
  'one file cannot be read and the others are gone': (source, files) => {
    source.files = kept(files, 1);
    source.unreadable = '0.yaml';
  },
  'the remote is away': (source) => failing(source, 'SOURCE_UNREACHABLE'),
  'the branch is gone': (source) => failing(source, 'SOURCE_NOT_FOUND'),
  'a tool has renamed everything': (source, files) => {
    source.files = each(files, (text) => text.replace(/"name": "p/, '"name": "q'));
  },
  'a tool has misspelt every kind': (source, files) => {
    source.files = each(files, (text) => text.replace('"Plugin"', '"Plugins"'));
  },
  'a tool has emptied every file': (source, files) => {
    source.files = each(files, () => '');
  },
};

const sizes = [12, 15, 20, 25, 30, 40, 60, 80, 100, 150];

t.test('twelve kinds of accident in ten sizes delete nothing by themselves (F20)', async (t) => {
  t.equal(Object.keys(accidents).length, 12);
  for (const size of sizes) {
    const ports = await freshPorts(t);
    const source = new AccidentalSource();
    const limits = { deletes: { count: 10, percent: 20 }, updates: {}, exposure: {}, window: 1 };
    const target = targetOf(source, { limits });
    const run = () =>
      reconcile(ports, target, { trigger: 'interval', actor: 'test', settled: [] }, never);
    const names = async () =>
      ports.database.read((query) => query('plugin_meta').orderBy('name').pluck<string[]>('name'));
    const files = Object.fromEntries(
      Array.from({ length: size }, (_, at) => [`${at}.yaml`, pluginYaml(`p${at}`)]),
    );
    source.files = files;
    t.equal((await run()).outcome, 'converged');
    const before = await names();
    for (const [title, happens] of Object.entries(accidents)) {
      happens(source, files);
      const result = await run();
      const after = new Set(await names());
      t.same(
        before.filter((name) => !after.has(name)),
        [],
        `${title}, of ${size}`,
      );
      t.not(result.outcome, 'converged', `${title}, of ${size}, is told`);
      source.failure = undefined;
      source.unreadable = '';
      source.files = files;
      ports.clock.advance(1000);
      await run();
    }
  }
});
