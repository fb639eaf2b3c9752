import { Brokers } from '../../src/broker/brokers.ts';
import { kinds } from '../../src/kinds/kinds.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import type { Platform } from '../../src/manifest/kind.ts';
import type { LiveRecord } from '../../src/manifest/record.ts';
import { Resources } from '../../src/reconcile/resources.ts';
import { freshPorts } from '../support/ports.ts';
import { t } from '../support/tap.ts';

/* What only Plumbline says of a record: the status fields of the reference platform, by its formulas. */

const prod: Platform = {
  scheme: 'https',
  domain: 'platform.example.com',
  accountNumber: '3141-5926-5359',
  username: 'admin',
};
const local: Platform = {
  scheme: 'http',
  domain: 'localhost:9357',
  apiDomain: 'api.local.example.com',
  username: 'admin',
};
const unset: Platform = { scheme: 'https', username: 'plumbline' };

function client(more: Partial<LiveRecord> = {}, config: JsonObject = {}): LiveRecord {
  return {
    key: { account: 'team_a', space: 'llm_client', name: 'example_bot' },
    kind: 'LLMClient',
    id: 1,
    manifest: {
      apiVersion: 'smarter.sh/v1',
      kind: 'LLMClient',
      metadata: { name: 'example_bot' },
      spec: { config },
    } as never,
    digest: '',
    deployed: false,
    generation: 1,
    createdAt: '2026-03-01T12:00:00.000Z',
    updatedAt: '2026-03-01T12:00:00.000Z',
    columns: { host_label: 'example-bot', dns_verification_status: 'Not Verified' },
    ...more,
  };
}

const owed = {
  idempotencyKey: 'key',
  since: '2026-03-01T12:00:00.000Z',
  attempts: 1,
  nextTryAt: '2026-03-01T12:00:00.000Z',
  lastError: null,
};
const said = {
  state: 'deployed',
  url: 'https://bots.example.net/7/',
  message: null,
  answeredAt: '',
};
const own = { customDomain: { domain_name: 'help.example.org' } };
const verified = { host_label: 'example-bot', dns_verification_status: 'Verified' };

const rows: readonly {
  readonly what: string;
  readonly platform: Platform;
  readonly record: LiveRecord;
  readonly status: JsonObject;
}[] = [
  {
    what: 'one that is not deployed is in the sandbox',
    platform: prod,
    record: client(),
    status: {
      recordLocator: 'llmclient-rMTAwMDAwMQx',
      accountNumber: '3141-5926-5359',
      username: 'admin',
      deployed: false,
      hostLabel: 'example-bot',
      defaultHost: 'example-bot.3141-5926-5359.api.platform.example.com',
      defaultUrl: 'https://example-bot.3141-5926-5359.api.platform.example.com/',
      customUrl: null,
      sandboxHost: 'platform.example.com',
      sandboxUrl: 'https://platform.example.com/workbench/llm-clients/rMTAwMDAwMQx/',
      hostname: 'platform.example.com',
      url: 'https://platform.example.com/workbench/llm-clients/rMTAwMDAwMQx/',
      urlLLMClient: 'https://platform.example.com/api/v1/llm-clients/rMTAwMDAwMQx/prompt/',
      urlChatapp: 'https://platform.example.com/workbench/llm-clients/rMTAwMDAwMQx/prompt/',
      urlChatConfig: 'https://platform.example.com/api/v1/llm-clients/rMTAwMDAwMQx/config/',
      dnsVerificationStatus: 'Not Verified',
      tlsCertificateIssuanceStatus: 'No Certificate',
    },
  },
  {
    what: 'one that is deployed is at its default host',
    platform: prod,
    record: client({ deployed: true }),
    status: {
      deployed: true,
      hostname: 'example-bot.3141-5926-5359.api.platform.example.com',
      url: 'https://example-bot.3141-5926-5359.api.platform.example.com/',
    },
  },
  {
    what: 'a custom domain that nobody has verified changes nothing',
    platform: prod,
    record: client({ deployed: true }, own),
    status: {
      customUrl: null,
      hostname: 'example-bot.3141-5926-5359.api.platform.example.com',
    },
  },
  {
    what: 'a verified custom domain is where it is',
    platform: prod,
    record: client({ deployed: true, columns: verified }, own),
    status: {
      customUrl: 'https://example-bot.help.example.org/',
      hostname: 'example-bot.help.example.org',
      url: 'https://example-bot.help.example.org/',
      dnsVerificationStatus: 'Verified',
    },
  },
  {
    what: 'what its endpoint has named comes before all of it',
    platform: prod,
    record: client({ deployed: true, endpoint: said } as Partial<LiveRecord>),
    status: { hostname: 'bots.example.net', url: 'https://bots.example.net/7/' },
  },
  {
    what: 'one whose endpoint has yet to publish it is not deployed',
    platform: prod,
    record: client({ deployed: true, owed: { ...owed, verb: 'deploy' } }),
    status: { deployed: false, hostname: 'platform.example.com' },
  },
  {
    what: 'one whose endpoint has yet to take up a change is',
    platform: prod,
    record: client({ deployed: true, owed: { ...owed, verb: 'redeploy' } }),
    status: { deployed: true },
  },
  {
    what: 'a platform on this machine',
    platform: local,
    record: client({ deployed: true }),
    status: {
      accountNumber: 'team_a',
      defaultHost: 'example-bot.team-a.api.local.example.com',
      url: 'http://example-bot.team-a.api.local.example.com/',
      sandboxHost: 'localhost:9357',
      sandboxUrl: 'http://localhost:9357/workbench/llm-clients/rMTAwMDAwMQx/',
    },
  },
];

for (const { what, platform, record, status } of rows)
  t.test(`the status of a client: ${what}`, async (t) => {
    const described = new Brokers(kinds, platform).of('LLMClient').describe(record);
    t.match(described['status'], status);
  });

t.test('without a platform no address is made up', async (t) => {
  const broker = new Brokers(kinds, unset).of('LLMClient');
  const statusOf = (record: LiveRecord) => broker.describe(record)['status'] as JsonObject;
  const addresses = (status: JsonObject) =>
    Object.keys(status).filter((it) => /host|url/i.test(it) && it !== 'hostLabel');
  t.same(addresses(statusOf(client({ deployed: true }))), []);
  const named = statusOf(client({ deployed: true, endpoint: said } as Partial<LiveRecord>));
  t.same(addresses(named), ['url']);
  t.equal(named['url'], 'https://bots.example.net/7/');
});

/** Beside `recordLocator`, `created`, `modified`, `accountNumber` and `username`, which all have. */
const ownFields: Readonly<Record<string, readonly string[]>> = {
  LLMClient: [
    ...['deployed', 'dnsVerificationStatus', 'endpoint', 'hostLabel'],
    'tlsCertificateIssuanceStatus',
  ],
  Secret: ['last_accessed'],
  SmarterAuthToken: ['issuedAt', 'keyId', 'lastUsedAt', 'revokedAt'],
  SqlConnection: ['account_number'],
  ApiConnection: ['account_number'],
  Provider: [
    ...['is_active', 'is_flagged', 'is_deprecated', 'is_suspended', 'is_verified', 'can_activate'],
    ...['ownership_requested', 'contact_email_verified', 'support_email_verified'],
    ...['tos_accepted_at', 'tos_accepted_by'],
  ],
};

t.test('every kind has the common status fields and its own', async (t) => {
  const ports = await freshPorts(t, kinds, { WAREHOUSE_KEY: 'the value of a secret' });
  const resources = new Resources(ports, 'default');
  const all = kinds.all.map((it) => it.example).join('---\n');
  const plan = await resources.planApply(resources.load(all, 'examples'));
  const by = { actor: 'user:ann', signal: new AbortController().signal };
  await resources.execute(plan, by);
  for (const kind of kinds.all) {
    const [record] = await ports.database.read((query) =>
      ports.brokers.of(kind).page(query, 'default', ''),
    );
    const status = ports.brokers.of(kind).describe(record as LiveRecord)['status'] as JsonObject;
    const common = ['accountNumber', 'created', 'modified', 'recordLocator', 'username'];
    t.same(
      Object.keys(status).sort(),
      [...common, ...(ownFields[kind.name] ?? [])].sort(),
      kind.name,
    );
    t.equal(status['username'], 'plumbline');
    t.match(status['recordLocator'], new RegExp(`^${kind.name.toLowerCase()}-r\\w+x$`));
  }
});
