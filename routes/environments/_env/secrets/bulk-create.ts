import type {} from '@fastify/accepts'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { problemFromFramework } from '#src/http/framework-errors'
import { endingWith, holdingMemory, ndjson, sendAtOnce, sendJob, sendLines } from '#src/http/bulk-replies'
import { prefersAsync } from '#src/http/prefer'
import { problemMediaType } from '#src/http/problem-reply'
import { bodyProblems, EnvironmentParams, Query, Ref, Reply, withAwsProblems, WriteHeaders } from '#src/http/schemas'
import { JobReply } from '#src/jobs/schemas'
import { invalidRequest, Problem } from '#src/problems/problem'
import { furtherMistakes } from '#src/secrets/bulk/items'
import { longRunningScope } from '#src/request/long-running'
import { prepareBulk } from '#src/secrets/bulk/run'
import { stopSignal } from '#src/secrets/bulk/stop'
import { BulkCreateBody, BulkCreateReply } from '#src/secrets/bulk/schemas'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'POST',
    url: '',
    config: { action: 'CreateSecret', bodyNamesCredential: true },
    bodyLimit: 16 * 1024 * 1024,
    schema: {
      operationId: 'bulkCreateSecrets',
      tags: ['secrets'],
      summary: 'Create many secrets',
      description: 'Makes sure that the environment has these secrets, for example in a deployment pipeline. Each secret has ' +
        'its own result, and a failed one does not affect the others, unless the request is `atomic`. The status is a success ' +
        'even if all fail, unless the request is `atomic` or `failOnError` is set. With `onConflict: skip`, or with the same ' +
        '`Idempotency-Key` and body, it is safe to repeat the request. By default, the reply is one ' +
        'JSON document at the end. With `Accept: application/x-ndjson`, it is a line for each secret as soon as its result is final, ' +
        'and a last line with the summary. With `Prefer: respond-async`, the request becomes a job. Calls to AWS stay below ' +
        'its quotas.',
      params: EnvironmentParams,
      querystring: Query({}),
      headers: Type.Object({
        ...WriteHeaders.properties,
        prefer: Type.Optional(Type.String({ description: '`respond-async`: reply with a job at once', examples: ['respond-async'] }))
      }),
      body: BulkCreateBody,
      response: {
        200: Reply('Not all secrets were created, or this is a dry run', Ref(BulkCreateReply), {
          content: { [ndjson]: { schema: { type: 'string', description: 'Lines of JSON: a `BulkItemReply` for each secret and, ' +
            'at the end, `{"summary": …}`. While an atomic request runs, its lines are `{"done": 3}`' } } }
        }),
        201: Reply('All secrets were created', Ref(BulkCreateReply)),
        202: Reply('The request continues as a job', Ref(JobReply), {
          headers: {
            Location: { type: 'string', description: 'The job\'s path' },
            'Preference-Applied': { type: 'string', description: '`respond-async`' }
          }
        }),
        ...withAwsProblems(...bodyProblems, 'idempotency-mismatch', 'shared-state-unavailable', 'not-all-done', 'some-failed'),
        409: Type.Unsafe<string>({
          description: '`not-all-done`: an `atomic` request could not be completed. `some-failed`: with `failOnError`, some ' +
            'secret failed or was not started. The reply has the members of the problem and those of a `BulkCreateReply`',
          content: { [problemMediaType]: { schema: { allOf: [{ $ref: 'Problem#' }, { $ref: 'BulkCreateReply#' }] } } }
        })
      }
    },
    // Adds the errors that the schema can't find, so that one reply reports every error in a long list.
    errorHandler (thrown, request, reply) {
      const { found: { environment }, body } = request
      const { errors = [] } = problemFromFramework(thrown).options
      const respond = (error: unknown): void => { fastify.errorHandler(error, request, reply) }
      if (thrown.validationContext !== 'body' || environment === undefined) {
        respond(thrown)
        return
      }
      furtherMistakes(environment, body, errors)
        .then((further) => { respond(further.length > 0 ? invalidRequest([...errors, ...further]) : thrown) }, respond)
    },
    handler: async (request, reply) => {
      const { scope, headers: { prefer } } = request
      const { stopping, jobs, idempotencyKeys, memory } = fastify
      if (stopping.aborted) throw new Problem('overloaded')
      // The work may take longer than the caller keeps its permissions.
      const proof = await fastify.proofOf(request)
      const longRunning = longRunningScope(fastify.scopeContext, request, proof)
      const bulk = holdingMemory(request, memory, await prepareBulk(longRunning, request.body))
      const fingerprint = bulk.dryRun ? undefined : await idempotencyKeys.check(scope, request.body)
      request.reportOutcome({ items: bulk.total })
      if (prefersAsync(prefer)) {
        // Drops the body. The job keeps a reference to the request, which would keep the secret values in memory, too.
        Object.assign(request, { body: undefined })
        return sendJob(request, reply, jobs, bulk, { proof, fingerprint })
      }
      const form = request.accepts().type(['application/json', ndjson]) === ndjson ? sendLines : sendAtOnce
      return form(request, reply, endingWith(bulk, jobs.enter(scope.callerId)), stopSignal(scope, stopping))
    }
  })
}

export default routes
