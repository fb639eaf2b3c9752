import * as z from 'zod';
import { count, hostName, port, publicText, reference, technicalName, text } from '../text.ts';

const engines = ['postgresql', 'mysql', 'oracle', 'sqlite3', 'mssql', 'sybase'] as const;

function connection() {
  return z.strictObject({
    dbEngine: z
      .enum(engines.map((name) => `django.db.backends.${name}` as const))
      .meta({ description: 'Sort of the database, such as django.db.backends.postgresql.' }),
    hostname: technicalName().meta({ description: 'Host of the database.' }),
    port: port().nullish().meta({ description: 'Port of the database.' }),
    database: technicalName().meta({ description: 'Name of the database.' }),
    username: technicalName().nullish().meta({ description: 'Who queries.' }),
    password: reference()
      .nullish()
      .meta({ description: 'Name of the Secret that holds the password.' }),
    timeout: count(1).nullish().meta({ description: 'Seconds to wait for an answer.' }),
    useSsl: z.boolean().nullish().meta({ description: 'Whether the connection is encrypted.' }),
    sslCert: publicText().nullish().meta({ description: 'Certificate to show.' }),
    sslKey: publicText()
      .nullish()
      .meta({ description: 'Where its key is found; never the key itself.' }),
    sslCa: publicText().nullish().meta({ description: 'Certificate of the authority to trust.' }),
    sshKnownHosts: publicText().nullish().meta({ description: 'Host keys to trust.' }),
    proxyHost: hostName().nullish().meta({ description: 'Host of the proxy.' }),
    proxyPort: port().nullish().meta({ description: 'Port of the proxy.' }),
    proxyUsername: text(255).nullish().meta({ description: 'Who signs in at the proxy.' }),
    proxyPassword: reference()
      .nullish()
      .meta({ description: 'Name of the Secret that holds the password of the proxy.' }),
    poolSize: count(1).nullish().meta({ description: 'Connections that are kept open.' }),
    maxOverflow: count(0).nullish().meta({ description: 'Further connections under load.' }),
    authenticationMethod: z
      .enum(['none', 'tcpip', 'tcpip_ssh', 'ldap_user_pwd'])
      .nullish()
      .meta({ description: 'How to sign in.' }),
  });
}

export function spec() {
  return z.strictObject({ connection: connection() });
}

export const example = `apiVersion: smarter.sh/v1
kind: SqlConnection
metadata:
  name: warehouse_db
  description: Stock and orders of the warehouse, read only
  version: 1.0.0
spec:
  connection:
    # django.db.backends. and postgresql, mysql, oracle, sqlite3, mssql or sybase.
    dbEngine: django.db.backends.postgresql
    hostname: db.warehouse.example
    port: 5432
    database: warehouse
    username: reader
    # The name of a Secret, never the password itself.
    password: warehouse_key
    # Seconds.
    timeout: 30
    useSsl: true
    poolSize: 5
    maxOverflow: 10
    # none, tcpip, tcpip_ssh or ldap_user_pwd.
    authenticationMethod: tcpip
`;
