import { errorEnvelope, successEnvelope } from '../../src/broker/response.ts';
import { type ErrorCode, errorCodes, PlumblineError } from '../../src/lib/errors.ts';
import { t } from '../support/tap.ts';

t.test('an answer stands in the envelope of the reference platform', async (t) => {
  const answer = {
    verb: 'undeploy',
    thing: 'LLMClient',
    changed: true,
    data: {},
    message: 'LLMClient bot undeployed successfully',
  } as const;
  t.strictSame(successEnvelope(answer), {
    message: 'LLMClient bot undeployed successfully',
    api: 'smarter.sh/v1',
    metadata: { command: 'undeploy', thing: 'LLMClient', changed: true },
  });
  t.match(successEnvelope({ ...answer, data: { kind: 'X' } }), { data: { kind: 'X' } });
});

t.test(
  'an error says what, why and what to do, at the top too, and never shows a stack',
  async (t) => {
    const cause = new Error('password=hunter2');
    const error = new PlumblineError('MANIFEST_BAD_VALUE', 'must be at most 1', {
      hint: 'write 0.5',
      cause,
      problems: [
        {
          severity: 'error',
          code: 'MANIFEST_BAD_VALUE',
          file: 'manifest',
          line: 7,
          column: 5,
          path: 'spec.config.defaultTemperature',
          message: 'must be at most 1',
          hint: 'write 0.5',
          frame: 'a picture for people',
        },
      ],
    });
    const envelope = errorEnvelope(error, { verb: 'apply', thing: 'LLMClient' });
    const description = 'must be at most 1 (write 0.5)';
    const context = 'thing=LLMClient, command=apply';
    t.match(envelope, {
      description,
      context,
      status: 422,
      error: {
        errorClass: 'SAMValidationError',
        stacktrace: null,
        cause: null,
        status: 422,
        description,
        context,
        thing: 'LLMClient',
        command: 'apply',
        code: 'MANIFEST_BAD_VALUE',
        problems: [{ line: 7, column: 5, path: 'spec.config.defaultTemperature' }],
      },
      metadata: { command: 'apply', thing: 'LLMClient' },
    });
    t.notMatch(JSON.stringify(envelope), /hunter2|at file:|\.js:|picture/);
  },
);

t.test('503 is only for what can be reached later, and never for what is not there', async (t) => {
  const status = (code: ErrorCode) => new PlumblineError(code, 'x').httpStatus;
  for (const code of errorCodes.filter((it) => status(it) === 503))
    t.equal(new PlumblineError(code, 'x').retry, 'backoff', code);
  const promised: Partial<Record<ErrorCode, number>> = {
    RECORD_NOT_FOUND: 404,
    RECORD_OWNED: 409,
    RECORD_STALE: 409,
    RECORD_PROTECTED: 409,
    RECORD_NOT_DEPLOYED: 409,
    CHANGE_HELD: 409,
    CHANGE_BLOCKED: 409,
    MANIFEST_CONFLICT: 409,
    MANIFEST_BAD_VALUE: 422,
    VERB_NOT_IMPLEMENTED: 501,
    REQUEST_METHOD: 405,
    INTERNAL: 500,
  };
  for (const [code, expected] of Object.entries(promised))
    t.equal(status(code as ErrorCode), expected, code);
});
