import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { parseAllDocuments } from 'yaml';
import { kinds } from '../../src/kinds/kinds.ts';
import { isObject, type JsonObject, type JsonValue, putAt, valueAt } from '../../src/lib/json.ts';
import { documentOf, editManifest, replaceDocument } from '../../src/manifest/edit.ts';
import type { Kind } from '../../src/manifest/kind.ts';
import type { Manifest } from '../../src/manifest/manifest.ts';
import { normalise } from '../../src/manifest/normal.ts';
import { t } from '../support/tap.ts';

const client = kinds.byName('LLMClient') as Kind;
const plugin = kinds.byName('Plugin') as Kind;

/** What a document of a text means, with some fields changed; undefined takes a field away. */
type Changes = Readonly<Record<string, JsonValue | undefined>>;

function meaning(text: string, document: number, kind: Kind, changes: Changes = {}): Manifest {
  const raw = parseAllDocuments(text)[document]?.toJS() as JsonObject;
  const manifest = structuredClone(normalise(raw, kind)) as unknown as Record<string, unknown>;
  for (const [path, value] of Object.entries(changes)) {
    if (value !== undefined) putAt(manifest, path, value);
    else {
      const steps = path.split('.');
      const last = steps.pop() as string;
      const holder = valueAt(manifest, steps.join('.'));
      if (isObject(holder)) delete (holder as Record<string, unknown>)[last];
    }
  }
  return manifest as unknown as Manifest;
}

const head = `apiVersion: smarter.sh/v1
kind: LLMClient
metadata:
  name: a
`;

const pluginHead = `apiVersion: smarter.sh/v1
kind: Plugin
metadata:
  name: a
spec:
  selector: {directive: always}
  prompt:
    systemRole: Help.
`;

interface Case {
  readonly name: string;
  readonly before: string;
  readonly changes: Changes;
  readonly after: string | undefined;
  readonly document?: number;
  readonly kind?: Kind;
}

const cases: readonly Case[] = [
  {
    name: 'a plain scalar, with its comment and an odd indentation',
    before: `# top\n\n${head}spec:\n    # about\n    config: # here\n         provider:   openai   # vendor\t(tab)\n\n         defaultMaxTokens: 0x10\n`,
    changes: { 'spec.config.provider': 'googleai' },
    after: `# top\n\n${head}spec:\n    # about\n    config: # here\n         provider:   googleai   # vendor\t(tab)\n\n         defaultMaxTokens: 0x10\n`,
  },
  {
    name: 'quotes are kept, and given where the new text needs them',
    before: `${head}spec:\n  config:\n    appName: 'it''s'\n    appAssistant: "R"\n    appPlaceholder: ask\n`,
    changes: {
      'spec.config.appName': `that's "it" \\`,
      'spec.config.appAssistant': 'no',
      'spec.config.appPlaceholder': 'a: b',
    },
    after: `${head}spec:\n  config:\n    appName: 'that''s "it" \\'\n    appAssistant: "no"\n    appPlaceholder: "a: b"\n`,
  },
  {
    name: 'a number, a boolean and an explicit null',
    before: `${head}  description: ~ # none\nspec:\n  config:\n    deployed: true\n    defaultTemperature: 0.50\n`,
    changes: {
      'metadata.description': 'D',
      'spec.config.deployed': false,
      'spec.config.defaultTemperature': 1e-7,
    },
    after: `${head}  description: D # none\nspec:\n  config:\n    deployed: false\n    defaultTemperature: 1.0e-7\n`,
  },
  {
    name: 'a literal block keeps its header comment, its indentation and the blank lines behind it',
    before: `${head}spec:\n  config:\n    defaultSystemRole: | # who\n        You help.\n\n        Be kind.\n\n\n    # next\n    appName: X\n`,
    changes: { 'spec.config.defaultSystemRole': 'You help.\n\nBe brief.\n  Always.\n' },
    after: `${head}spec:\n  config:\n    defaultSystemRole: | # who\n        You help.\n\n        Be brief.\n          Always.\n\n\n    # next\n    appName: X\n`,
  },
  {
    name: 'a block becomes one line and one line becomes a block',
    before: `${head}spec:\n  config:\n    defaultSystemRole: >-\n      You\n      help.\n    appName: X # title\n`,
    changes: { 'spec.config.defaultSystemRole': 'Help.', 'spec.config.appName': 'a\nb' },
    after: undefined,
  },
  {
    name: 'a folded block becomes one line',
    before: `${head}spec:\n  config:\n    defaultSystemRole: >- # role\n      You\n      help.\n    appName: X # title\n`,
    changes: { 'spec.config.defaultSystemRole': 'Help.' },
    after: `${head}spec:\n  config:\n    defaultSystemRole: Help. # role\n    appName: X # title\n`,
  },
  {
    name: 'one line becomes a block',
    before: `${head}spec:\n  config:\n    defaultSystemRole: "Help."\n    appName: X\n`,
    changes: { 'spec.config.defaultSystemRole': ' Help.\nBe kind.' },
    after: `${head}spec:\n  config:\n    defaultSystemRole: |2-\n       Help.\n      Be kind.\n    appName: X\n`,
  },
  {
    name: 'keys come in where the order of the kind puts them',
    before: `${head}  version: 1.0.0 # v\n  # end of metadata\nspec:\n  plugins:\n    - x # tool\n  config:\n    appName: X`,
    changes: {
      'metadata.description': 'D',
      'metadata.tags': ['b', 'a'],
      'spec.config.customDomain': { domain_name: 'a.example.com', aws_hosted_zone_id: 'Z' },
      'spec.functions': ['calculator'],
      'spec.apiKey': 'k',
    },
    after: `${head}  description: D\n  version: 1.0.0 # v\n  tags:\n    - b\n    - a\n  # end of metadata\nspec:\n  plugins:\n    - x # tool\n  functions:\n    - calculator\n  apiKey: k\n  config:\n    appName: X\n    customDomain:\n      aws_hosted_zone_id: Z\n      domain_name: a.example.com`,
  },
  {
    name: 'keys go with the comment on their line; comments on lines of their own stay',
    before: `${head}  # about it\n  description: D # gone\n  tags: # gone too\n    - a\n    # and this\n    - b\nspec:\n  config:\n    appName: X\n    defaultSystemRole: |\n      Help.\n\n  apiKey: k`,
    changes: {
      'metadata.description': undefined,
      'metadata.tags': undefined,
      'spec.apiKey': undefined,
      'spec.config.defaultSystemRole': undefined,
    },
    after: `${head}  # about it\nspec:\n  config:\n    appName: X\n`,
  },
  {
    name: 'a field that returns to its default goes; one that stands at its default stays',
    before: `${head}spec:\n  config:\n    appFileAttachment: true\n    appName: X\n  plugins: []\n`,
    changes: { 'spec.config.appFileAttachment': false },
    after: `${head}spec:\n  config:\n    appName: X\n  plugins: []\n`,
  },
  {
    name: 'the last key of a map leaves an empty map',
    before: `${head}spec:\n  config: # c\n    deployed: true\n  apiKey: k\n`,
    changes: { 'spec.config.deployed': undefined },
    after: `${head}spec:\n  config: {}\n  apiKey: k\n`,
  },
  {
    name: 'a key without a value gets one',
    before: `${head}  description: # none yet\n  tags: # none yet\nspec:\n  config:\n    appName: X\n`,
    changes: { 'metadata.description': 'D', 'metadata.tags': ['t'] },
    after: `${head}  description: D # none yet\n  tags: # none yet\n    - t\nspec:\n  config:\n    appName: X\n`,
  },
  {
    name: 'a set keeps the order of the file and takes new items at its end',
    before: `${head}  tags:\n  - c # see\n  - b\n  # a is last\n  - a\nspec:\n  config:\n    appName: X\n  plugins: [ z-z, "y" ]\n`,
    changes: { 'metadata.tags': ['a', 'd', 'c', 'e'], 'spec.plugins': ['a', 'z_z'] },
    after: `${head}  tags:\n  - c # see\n  # a is last\n  - a\n  - d\n  - e\nspec:\n  config:\n    appName: X\n  plugins: [ z-z, "a" ]\n`,
  },
  {
    name: 'an item goes in and out of an ordered list where it belongs',
    before: `${head}spec:\n  config:\n    appExamplePrompts:\n      # first\n      - one\n      - "two" # 2\n      - three\n      - four\n`,
    changes: {
      'spec.config.appExamplePrompts': ['zero', 'one', 'three', '3.5', 'four', 'five\nlines'],
    },
    after: `${head}spec:\n  config:\n    appExamplePrompts:\n      # first\n      - zero\n      - one\n      - three\n      - "3.5"\n      - four\n      - |-\n        five\n        lines\n`,
  },
  {
    name: 'maps in a list are edited inside, and their first key can go',
    before: `${head}  annotations:\n    - a/x: 1 # x\n      a/y: 2\n    -   b/z: 3\n    - {c/w: 4}\nspec:\n  config:\n    appName: X\n`,
    changes: {
      'metadata.annotations': [
        { 'a/y': 2, 'a/q': [1] },
        { 'b/z': 'no' },
        { 'c/w': 5, 'c/v': 'a,b' },
      ],
    },
    after: `${head}  annotations:\n    - a/y: 2\n      a/q:\n        - 1\n    -   b/z: "no"\n    - {c/w: 5, c/v: "a,b"}\nspec:\n  config:\n    appName: X\n`,
  },
  {
    name: 'flow maps and lists keep their shape',
    before: `${head}  tags: [a, 'b',   c,]\n  annotations: [\n    { x: 1 },   # one\n    { y: 2 }\n  ]\nspec: {config: {appName: X, provider: openai}, functions: [calculator]}\n`,
    changes: {
      'metadata.tags': ['a', 'c', 'd'],
      'metadata.annotations': [{ x: 1 }, { y: 2 }, { z: 3 }],
      'spec.config.provider': undefined,
      'spec.config.appName': 'Z: z',
      'spec.apiKey': 'k',
    },
    after: `${head}  tags: [a, c, d,]\n  annotations: [\n    { x: 1 },   # one\n    { y: 2 },\n    { z: 3 }\n  ]\nspec: {config: {appName: "Z: z"}, functions: [calculator], apiKey: k}\n`,
  },
  {
    name: 'CRLF stays CRLF',
    before:
      `${head}spec:\n  config:\n    appName: X # t\n    defaultSystemRole: |\n      a\n      b\n  apiKey: k\n`.replaceAll(
        '\n',
        '\r\n',
      ),
    changes: {
      'metadata.tags': ['t'],
      'spec.config.appName': 'Z',
      'spec.config.defaultSystemRole': 'a\nc\n',
      'spec.apiKey': undefined,
    },
    after:
      `${head}  tags:\n    - t\nspec:\n  config:\n    appName: Z # t\n    defaultSystemRole: |\n      a\n      c\n`.replaceAll(
        '\n',
        '\r\n',
      ),
  },
  {
    name: 'one document of several, others untouched down to the byte',
    before: `\ufeff%YAML 1.2\n--- # one\n${head}spec: {config:   {appName: X}}\n...\n---\n${head}spec:\n  config:\n    appName: X\n--- \n${head}spec: {config: {}}\n# end\n`,
    document: 1,
    changes: { 'spec.config.appName': 'Z', 'spec.apiKey': 'k' },
    after: `\ufeff%YAML 1.2\n--- # one\n${head}spec: {config:   {appName: X}}\n...\n---\n${head}spec:\n  config:\n    appName: Z\n  apiKey: k\n--- \n${head}spec: {config: {}}\n# end\n`,
  },
  {
    name: 'a JSON file stays JSON',
    before: `{\n    "apiVersion": "smarter.sh/v1", "kind": "LLMClient",\n    "metadata": {\n        "name": "a", "version": "1.0.0"\n    },\n    "spec": {\n        "config": { "defaultTemperature": 0.50 },\n        "apiKey": "k"\n    }\n}\n`,
    changes: {
      'metadata.tags': ['no', 'b'],
      'spec.plugins': ['p'],
      'spec.apiKey': undefined,
      'spec.config.appName': 'x "y"\n',
    },
    after: `{\n    "apiVersion": "smarter.sh/v1", "kind": "LLMClient",\n    "metadata": {\n        "name": "a", "version": "1.0.0", "tags": [\n            "no",\n            "b"\n        ]\n    },\n    "spec": {\n        "config": { "defaultTemperature": 0.50, "appName": "x \\"y\\"\\n" },\n        "plugins": [\n            "p"\n        ]\n    }\n}\n`,
  },
  {
    name: 'JSON on one line stays on one line',
    before:
      '{"apiVersion":"smarter.sh/v1","kind":"LLMClient","metadata":{"name":"a"},"spec":{"config":{"appName":"X"}}}',
    changes: { 'metadata.tags': ['t', 'u'], 'spec.config.appName': 'no' },
    after:
      '{"apiVersion":"smarter.sh/v1","kind":"LLMClient","metadata":{"name":"a","tags":["t","u"]},"spec":{"config":{"appName":"no"}}}',
  },
  {
    name: 'free maps are edited inside, in their own order',
    kind: plugin,
    before: `apiVersion: smarter.sh/v1\nkind: Plugin\nmetadata:\n  name: a\nspec:\n  selector: {directive: always}\n  prompt:\n    systemRole: Help.\n  data:\n    staticData:\n      zeta: 1 # z\n      toString: gone\n      alpha:\n      - {k: v} # kv\n      "no": [1,2]\n`,
    changes: {
      'spec.data.staticData': {
        zeta: 2,
        alpha: [{ k: 'w' }],
        no: [1, 2],
        more: { a: null },
        valueOf: 'c',
      },
    },
    after: `apiVersion: smarter.sh/v1\nkind: Plugin\nmetadata:\n  name: a\nspec:\n  selector: {directive: always}\n  prompt:\n    systemRole: Help.\n  data:\n    staticData:\n      zeta: 2 # z\n      alpha:\n      - {k: w} # kv\n      "no": [1,2]\n      more:\n        a: null\n      valueOf: c\n`,
  },
  {
    name: 'legacy keys stay in a map that says nothing else',
    kind: plugin,
    before: `${pluginHead}  data:\n    description: old # legacy\n`,
    changes: { 'spec.data.staticData': { a: 1 } },
    after: `${pluginHead}  data:\n    description: old # legacy\n    staticData:\n      a: 1\n`,
  },
  {
    name: 'legacy keys stay in a map that no longer says anything else',
    kind: plugin,
    before: `${pluginHead}  data:\n    staticData: { a: 1 }\n    description: old # legacy\n`,
    changes: { 'spec.data': undefined },
    after: `${pluginHead}  data:\n    description: old # legacy\n`,
  },
  {
    name: 'an anchored value is left to a whole new print',
    before: `${head}  description: &d text\n  version: *d\nspec:\n  config:\n    appName: X\n`,
    changes: { 'metadata.description': 'other' },
    after: undefined,
  },
  {
    name: 'an alias is left to a whole new print',
    before: `${head}  tags: &t [a]\nspec:\n  config:\n    appExamplePrompts: *t\n`,
    changes: { 'spec.config.appExamplePrompts': ['b'] },
    after: undefined,
  },
  {
    name: 'a change beside an anchor touches neither anchor nor alias',
    before: `${head}  tags: &t [a]\nspec:\n  config:\n    appName: X\n    appExamplePrompts: *t\n`,
    changes: { 'spec.config.appName': 'Z' },
    after: `${head}  tags: &t [a]\nspec:\n  config:\n    appName: Z\n    appExamplePrompts: *t\n`,
  },
  {
    name: 'an anchor that goes while its alias stays is left to a whole new print',
    before: `${head}  tags: &t [a]\nspec:\n  config:\n    appExamplePrompts: *t\n`,
    changes: { 'metadata.tags': undefined },
    after: undefined,
  },
  {
    name: 'status and legacy keys stay',
    before: `${head}  author: me # legacy\nstatus: {x: 1}\nspec:\n  config:\n    dnsVerificationStatus: Verified\n`,
    changes: { 'spec.config.appName': 'X' },
    after: `${head}  author: me # legacy\nstatus: {x: 1}\nspec:\n  config:\n    dnsVerificationStatus: Verified\n    appName: X\n`,
  },
];

for (const { name, before, changes, after, document = 0, kind = client } of cases) {
  t.test(`an edit: ${name}`, async (t) => {
    const to = meaning(before, document, kind, changes);
    t.equal(editManifest(before, document, kind, to), after);
    t.equal(
      editManifest(before, document, kind, meaning(before, document, kind)),
      before,
      'what already means the same stays byte for byte',
    );
  });
}

t.test('a document printed anew leaves the others as they are', async (t) => {
  const text = `# one\n${head}spec: {config: {}}\n--- # two\n# in two\n${head}spec:\n  config:\n    appName: &x X # gone\n    appAssistant: *x\n# end of two\n---\n${head}spec: {config: {}} # three\n`;
  const to = meaning(text, 1, client, { 'spec.config.appName': 'Z' });
  t.equal(editManifest(text, 1, client, to), undefined);
  t.equal(
    replaceDocument(text, 1, client, to),
    `# one\n${head}spec: {config: {}}\n--- # two\n# in two\n${head}spec:\n  config:\n    appName: Z\n    appAssistant: X\n# end of two\n---\n${head}spec: {config: {}} # three\n`,
  );
});

t.test('a file tells which document declares a resource', async (t) => {
  const text = `${head}---\n---\nkind: Plugin\nmetadata: {name: b-c}\n---\n- 1\n`;
  t.equal(documentOf(text, client, 'a'), 0);
  t.equal(documentOf(text, plugin, 'b_c'), 2);
  t.equal(documentOf(text, plugin, 'a'), undefined);
  t.equal(documentOf(`${text}---\na: [`, client, 'a'), undefined, 'not if it cannot be read');
});

t.test('what cannot be read is not edited', async (t) => {
  const to = meaning(`${head}spec: {config: {}}`, 0, client);
  for (const [text, document] of [
    ['a: [', 0],
    [head, 1],
    ['- 1\n', 0],
    [`${head}spec: {config: {}}\nspec: {config: {}}\n`, 0],
  ] as const) {
    t.equal(editManifest(text, document, client, to), undefined, text);
    t.equal(replaceDocument(text, document, client, to), undefined, text);
  }
});

t.test(
  'whatever is changed, an edit means it and keeps every comment that is not of a removed line',
  async () => {
    const before = `${kinds.byName('LLMClient')?.example}---\n${kinds.byName('Plugin')?.example}`;
    const text = fc.oneof(
      fc.string({ unit: fc.constantFrom(...' \t\n:#-?|>&*"\\{}[],.0123ae~') }),
      fc.constantFrom('plain', 'no', 'a\nb\n', 'a: b'),
    );
    const list = fc.array(
      text.filter((it) => it !== ''),
      { minLength: 1, maxLength: 5 },
    );
    const change = fc.oneof(
      fc.record({
        path: fc.constantFrom(
          'metadata.description',
          'spec.config.appName',
          'spec.config.defaultSystemRole',
          'spec.apiKey',
        ),
        value: fc.option(
          text.filter((it) => it !== ''),
          { nil: undefined },
        ),
      }),
      fc.record({
        path: fc.constantFrom('spec.config.appExamplePrompts', 'metadata.annotations'),
        value: fc.option(list, { nil: undefined }),
      }),
      fc.record({
        path: fc.constantFrom('metadata.tags', 'spec.functions'),
        value: fc.option(
          fc.uniqueArray(
            text.filter((it) => it !== ''),
            { minLength: 1, maxLength: 5 },
          ),
          { nil: undefined },
        ),
      }),
    );
    let edited = 0;
    let tried = 0;
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (list) => {
        const to = meaning(
          before,
          0,
          client,
          Object.fromEntries(list.map((it) => [it.path, it.value])),
        );
        const after = editManifest(before, 0, client, to);
        tried++;
        if (after === undefined) return;
        edited++;
        assert.ok(after.endsWith(`---\n${kinds.byName('Plugin')?.example}`));
        for (const comment of before.match(/^ *#.*$/gm) ?? [])
          assert.ok(after.includes(comment), after);
      }),
      { numRuns: 300 },
    );
    assert.ok(edited > tried * 0.9, `${edited} of ${tried} could be edited in place`);
  },
);
