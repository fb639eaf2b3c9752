import { holdFields } from './field-law.ts';
import {
  badName,
  badValue,
  choice,
  long,
  name,
  type Row,
  temperature,
  whole,
  words,
  wrongType,
} from './field-rows.ts';

/* The fields of the three kinds of plugins. */

const missing = 'MANIFEST_MISSING_KEY';
const unknown = 'MANIFEST_UNKNOWN_KEY';
const directive = 'spec.selector.directive';
const terms = 'spec.selector.searchTerms';

const parts = (kind: string): readonly Row[] => [
  {
    ...choice('metadata.pluginClass', 'plugin_class', [kind], ['other', kind.toUpperCase()]),
    default: kind,
  },
  {
    ...choice(directive, 'plugin_selector.directive', ['always', 'llm'], ['searchTerms', 'Always']),
    required: true,
  },
  {
    path: terms,
    column: 'plugin_selector.search_terms',
    cell: 'json',
    beside: { [directive]: 'search_terms' },
    takes: [['a b', 'naïve', "what's up?"]],
    refuses: [
      ['a', wrongType],
      [[]],
      [null],
      [['a\nb']],
      [['"']],
      [['']],
      [[long(256)]],
      [[1], wrongType],
    ],
    emptyCell: '[]',
  },
  ...['always', 'llm'].map(
    (other): Row => ({
      path: terms,
      column: 'plugin_selector.search_terms',
      cell: 'json',
      beside: { [directive]: other },
      takes: [],
      refuses: [[['a']]],
      emptyCell: '[]',
    }),
  ),
  {
    ...choice('spec.prompt.provider', 'plugin_prompt.provider', ['openai'], ['OpenAI', 'other']),
    default: 'openai',
  },
  {
    path: 'spec.prompt.systemRole',
    column: 'plugin_prompt.system_role',
    cell: 'text',
    takes: ['Be short.\n', long(8192)],
    refuses: [[long(8193)], [''], [' \n'], [1, wrongType]],
    required: true,
  },
  { ...words('spec.prompt.model', 'plugin_prompt.model'), default: 'gpt-4o-mini' },
  temperature('spec.prompt.temperature', 'plugin_prompt.temperature', 0.5),
  whole('spec.prompt.maxTokens', 'plugin_prompt.max_completion_tokens', 1, 2048),
];

const parameter = { name: 'id', type: 'string' };
const types = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'];

/** What a query and a request have alike: `part` of the manifest, its table, the text with placeholders, the least limit. */
const parameters = (part: string, table: string, limit: number): readonly Row[] => {
  const at = (member: string) => `${part}.parameters.0.${member}`;
  return [
    {
      path: `${part}.parameters`,
      column: `${table}.parameters`,
      cell: 'json',
      takes: [
        [parameter],
        [{ ...parameter, description: 'x', required: true, enum: ['a', '1'], default: 1 }],
        [{ ...parameter, required: false, default: 'free' }],
        types.map((type, index) => ({ name: `p${index}`, type })),
      ],
      refuses: [
        [[{ name: 'id' }], missing, at('type')],
        [[{ type: 'string' }], missing, at('name')],
        [[{ ...parameter, type: 'text' }], badValue, at('type')],
        [[{ ...parameter, name: 'a b' }], badValue, at('name')],
        [[{ ...parameter, name: '1st' }], badValue, at('name')],
        [[{ ...parameter, name: long(65) }], badValue, at('name')],
        [[{ ...parameter, more: 1 }], unknown, at('more')],
        [[{ ...parameter, description: 1 }], wrongType, at('description')],
        [[{ ...parameter, required: 'yes' }], wrongType, at('required')],
        [[{ ...parameter, enum: [1] }], wrongType, `${at('enum')}.0`],
        [[{ ...parameter, enum: 'a' }], wrongType, at('enum')],
        [[{ ...parameter, enum: ['a'], default: 'b' }], badValue, at('default')],
        [[{ ...parameter, default: { a: 1 } }], wrongType, at('default')],
        [[parameter, parameter], badValue, `${part}.parameters.1.name`],
        [{ id: 'string' }, wrongType],
      ],
      emptyCell: '[]',
    },
    {
      path: `${part}.testValues`,
      column: `${table}.test_values`,
      cell: 'json',
      beside: { [`${part}.parameters`]: [parameter, { name: 'other', type: 'integer' }] },
      takes: [
        [
          { name: 'id', value: 'x' },
          { name: 'other', value: 5 },
        ],
      ],
      refuses: [
        [[{ name: 'id', value: 'x' }], badValue, `${part}.parameters.1`],
        [
          ['id', 'other', 'third'].map((it) => ({ name: it, value: 1 })),
          badValue,
          `${part}.testValues.2.name`,
        ],
        [
          ['id', 'other', 'id'].map((it) => ({ name: it, value: 1 })),
          badValue,
          `${part}.testValues.2.name`,
        ],
        [[{ name: 'id' }], missing, `${part}.testValues.0.value`],
        [[{ value: 1 }], missing, `${part}.testValues.0.name`],
        [[{ name: 'id', value: 1, more: 1 }], unknown, `${part}.testValues.0.more`],
        ['id', wrongType],
      ],
      emptyCell: '[]',
    },
    whole(`${part}.limit`, `${table}.limit`, limit, 100),
  ];
};

const connection = (table: string): Row => {
  const { refuses = [], ...row } = name('spec.connection', `${table}.connection_id`);
  return {
    ...row,
    refuses: [...refuses, ['a.b', badName], ['-a', badName], ['a b', badName]],
    required: true,
  };
};

holdFields('Plugin', [
  ...parts('static'),
  {
    path: 'spec.data.staticData',
    column: 'plugin_data_static.static_data',
    cell: 'json',
    takes: [
      { topic: { deep: [1, true, null, 'x'] } },
      { camelCase: 1, 'Kebab-Case': 'None', '': '' },
    ],
    refuses: [
      ['text', wrongType],
      [5, wrongType],
      [['a'], wrongType],
    ],
  },
]);

const sql = 'plugin_data_sql';

holdFields('SqlPlugin', [
  ...parts('sql'),
  connection(sql),
  {
    path: 'spec.sqlData.sqlQuery',
    column: `${sql}.sql_query`,
    cell: 'text',
    takes: ['SELECT 1;\n', "SELECT '{}'"],
    refuses: [['SELECT {id}'], [' '], [''], [long(65_537)], [1, wrongType]],
    required: true,
  },
  {
    path: 'spec.sqlData.sqlQuery',
    column: `${sql}.sql_query`,
    cell: 'text',
    beside: { 'spec.sqlData.parameters': [parameter] },
    takes: ['SELECT {id}, \'{"a": 1}\'', 'SELECT {id}, {id}'],
    refuses: [['SELECT {idd}']],
    required: true,
  },
  ...parameters('spec.sqlData', sql, 1),
]);

const api = 'plugin_data_api';
const params = 'spec.apiData.urlParams';
const headers = 'spec.apiData.headers';

holdFields('ApiPlugin', [
  ...parts('api'),
  connection(api),
  {
    path: 'spec.apiData.endpoint',
    column: `${api}.endpoint`,
    cell: 'text',
    takes: ['/v1/items/', '/a/', `/${long(253)}/`],
    refuses: [
      ['/v1/items'],
      ['v1/items/'],
      ['/v1/?a=b'],
      ['/v1/#a/'],
      ['https://api.example/v1/'],
      ['/v1/{id}/'],
      ['/'],
      ['//'],
      [`/${long(254)}/`],
      [''],
      [1, wrongType],
    ],
    required: true,
  },
  {
    path: 'spec.apiData.endpoint',
    column: `${api}.endpoint`,
    cell: 'text',
    beside: { 'spec.apiData.parameters': [parameter] },
    takes: ['/v1/{id}/'],
    refuses: [['/v1/{idd}/']],
    required: true,
  },
  {
    ...choice(
      'spec.apiData.method',
      `${api}.method`,
      ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
      ['get', 'HEAD'],
    ),
    default: 'GET',
  },
  {
    path: params,
    column: `${api}.url_params`,
    cell: 'json',
    takes: [[{ key: 'a', value: 'b' }], [{ value: 'v-1.x', key: 'k_1' }]],
    refuses: [
      [[{ key: 'a' }], missing, `${params}.0.value`],
      [[{ value: 'a' }], missing, `${params}.0.key`],
      [[{ key: 'a b', value: 'b' }], badValue, `${params}.0.key`],
      [[{ key: 'a', value: 'b c' }], badValue, `${params}.0.value`],
      [[{ key: 'a', value: 1 }], wrongType, `${params}.0.value`],
      [[{ key: 'a', value: 'b', more: 1 }], unknown, `${params}.0.more`],
      [{ a: 'b' }, wrongType],
    ],
    emptyCell: '[]',
  },
  {
    path: headers,
    column: `${api}.headers`,
    cell: 'json',
    takes: [[{ name: 'X-Any', value: 'a, b; c="d"' }]],
    refuses: [
      [[{ name: 'X-Any' }], missing, `${headers}.0.value`],
      [[{ value: 'a' }], missing, `${headers}.0.name`],
      [[{ name: 'X Any', value: 'a' }], badValue, `${headers}.0.name`],
      [[{ name: 'Näme', value: 'a' }], badValue, `${headers}.0.name`],
      [[{ name: 'X-Any', value: 'a\r\nb' }], badValue, `${headers}.0.value`],
      [[{ name: 'X-Any', value: 1 }], wrongType, `${headers}.0.value`],
      [[{ name: 'X-Any', value: 'a', more: 1 }], unknown, `${headers}.0.more`],
      ['X-Any: a', wrongType],
    ],
    emptyCell: '[]',
  },
  {
    path: 'spec.apiData.body',
    column: `${api}.body`,
    cell: 'json',
    takes: [{ a: { b: [null] } }, [1, 'two']],
    refuses: [
      ['text', wrongType],
      [5, wrongType],
    ],
  },
  ...parameters('spec.apiData', api, 2),
]);
