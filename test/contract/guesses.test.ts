import t from 'tap'
import type { Action } from '#src/authorization/actions'
import { getOrCreate } from '#src/collections/get-or-create'
import { build, policies, tokens, type Gateway, type Reply, type RequestOptions } from '#test/helper'
import { comparable } from './comparable.ts'

/*
 * A caller must not be able to check guesses at content that it may not see. Each case sends a request with a guess to two
 * secrets of its own. The guess is right for the secret `right-guess-…`, and wrong for `wrong-guess-…`. If the caller may not see
 * the content, the two replies must be equal byte for byte. If the caller may see the content, the replies must differ: this shows
 * that the case can fail. In a case with `neverDiffers`, the replies must be equal even then.
 */

const caller = tokens.writer

interface Case {
  /** The permissions to see the content. The case is tested without these permissions, and then with all permissions. */
  needs: readonly Action[]
  /** Creates the secret `name`. Whether a guess about it is right depends on the name: see `isRight`. */
  prepare: (gateway: Gateway, name: string, send: Gateway['send']) => Promise<unknown>
  guess: (send: Gateway['send'], name: string) => Promise<Reply>
  /** True if the replies must be equal even if the caller may see the content. */
  neverDiffers?: true
}

const at = (env: string, name: string): string => `/environments/${env}/secrets/${name}`

/** Returns headers with an `Idempotency-Key`. Each secret gets a key of its own, because a key is valid for only one request. */
const keyed = (name: string): RequestOptions => ({ headers: { 'idempotency-key': `key-${name}` } })
const unkeyed: typeof keyed = () => ({})

const isRight = (name: string): boolean => name.startsWith('right-guess')

/** Returns the content of a secret: the guessed text `hidden` or, if the guess is wrong, a different text of the same length. */
const hiddenFor = (name: string): string => isRight(name) ? 'hidden' : 'others'
const detailsFor = (name: string): object => ({ description: hiddenFor(name), tags: { team: hiddenFor(name) } })

const placeholder: Case['prepare'] = async ({ send }, name) => send('POST', at('dev', name), { json: detailsFor(name) })
const valued: Case['prepare'] = async ({ send }, name) => send('POST', at('dev', name), { json: { value: hiddenFor(name), ...detailsFor(name) } })
const valuedOrNot: Case['prepare'] = async ({ send }, name) => send('POST', at('dev', name), { json: isRight(name) ? {} : { value: 'v' } })

/** Creates the secret in two environments. The guess is that both secrets are equal. */
const inTwo = (what: 'value' | 'details' | 'placeholder'): Case['prepare'] => async ({ send }, name) => {
  for (const [env, hidden] of [['dev', 'right-guess'], ['staging', name]] as const) {
    const value = what === 'placeholder' ? {} : { value: what === 'value' ? hiddenFor(hidden) : 'v' }
    await send('POST', at(env, name), { json: { ...value, ...what === 'value' ? {} : detailsFor(hidden) } })
  }
}

const bulk = (item: object, rest: object = {}, options = unkeyed): Case['guess'] => async (send, name) =>
  send('POST', '/environments/dev/secrets', { json: { secrets: [{ name, ...item }], ...rest }, ...options(name) })
const promote = (rest: object, options = unkeyed): Case['guess'] => async (send, name) =>
  send('POST', '/environments/staging/promotions', { json: { from: 'dev', names: [name], ...rest }, ...options(name) })

const describes = ['DescribeSecret'] as const
const reads = ['GetSecretValue', 'CompareValues'] as const
const seesState = ['DescribeSecret', 'GetSecretValue'] as const
const update = { onConflict: 'update' }

/** The guesses at values that rotations have generated, keyed by secret name. */
const rotated = new Map<string, string>()

const cases: Record<string, Case> = {
  'bulk: a repeated placeholder\'s description': { needs: describes, prepare: placeholder, guess: bulk({ description: 'hidden' }, {}, keyed) },
  'bulk: a repeated placeholder\'s tag': { needs: describes, prepare: placeholder, guess: bulk({ description: 'hidden', tags: { team: 'hidden' } }, {}, keyed) },
  'bulk: a repeated placeholder\'s description, in a plan': { needs: describes, prepare: placeholder, guess: bulk({ description: 'hidden' }, { dryRun: true }, keyed) },
  'bulk: a repeated placeholder\'s description, in an atomic request': { needs: describes, prepare: placeholder, guess: bulk({ description: 'hidden' }, { atomic: true }, keyed) },
  'bulk: an update of the description': { needs: describes, prepare: valued, guess: bulk({ description: 'hidden' }, update) },
  'bulk: an update of a tag, in a plan': { needs: describes, prepare: valued, guess: bulk({ tags: { team: 'hidden' } }, { ...update, dryRun: true }) },
  'bulk: an update of the value': { needs: reads, prepare: valued, guess: bulk({ value: 'hidden' }, update) },
  'bulk: an update of the value, in a plan': { needs: reads, prepare: valued, guess: bulk({ value: 'hidden' }, { ...update, dryRun: true }) },
  'bulk: an update of the value, with a key': { needs: reads, prepare: valued, guess: bulk({ value: 'hidden' }, update, keyed), neverDiffers: true },
  'bulk: a generated value, if there is none': { needs: seesState, prepare: valuedOrNot, guess: bulk({ generate: {} }, update) },
  'bulk: a generated value, if there is none, in a plan': { needs: seesState, prepare: valuedOrNot, guess: bulk({ generate: {} }, { ...update, dryRun: true }) },
  'bulk: a generated key, if there is no value, in an atomic request': { needs: seesState, prepare: valuedOrNot, guess: bulk({ generate: { into: 'k' } }, { ...update, atomic: true }, keyed) },
  'PUT of the value': { needs: reads, prepare: valued, guess: async (send, name) => send('PUT', at('dev', name), { json: { value: 'hidden' } }) },
  'PUT of the value, with If-Match': { needs: reads, prepare: valued, guess: async (send, name) => send('PUT', at('dev', name), { json: { value: 'hidden' }, headers: { 'if-match': '*' } }) },
  'PUT of the value, with a key': { needs: reads, prepare: valued, guess: async (send, name) => send('PUT', at('dev', name), { json: { value: 'hidden' }, ...keyed(name) }), neverDiffers: true },
  'POST of a placeholder, with a key': { needs: describes, prepare: placeholder, guess: async (send, name) => send('POST', at('dev', name), { json: { description: 'hidden' }, ...keyed(name) }), neverDiffers: true },
  'PATCH of the details': { needs: describes, prepare: valued, guess: async (send, name) => send('PATCH', at('dev', name), { json: { description: 'hidden' } }), neverDiffers: true },
  'PATCH of the value': { needs: reads, prepare: valued, guess: async (send, name) => send('PATCH', at('dev', name), { json: { value: 'hidden' } }), neverDiffers: true },
  'a merge patch': {
    needs: reads,
    prepare: async ({ send }, name) => send('PUT', at('dev', name), { json: { value: { k: hiddenFor(name) } } }),
    guess: async (send, name) => send('PATCH', `${at('dev', name)}/value`, { body: '{"k":"hidden"}', headers: { 'content-type': 'application/merge-patch+json' } })
  },
  'PUT of tags': { needs: describes, prepare: valued, guess: async (send, name) => send('PUT', `${at('dev', name)}/tags`, { json: { team: 'hidden' } }), neverDiffers: true },
  'a promotion of a value': { needs: ['CompareValues'], prepare: inTwo('value'), guess: promote(update) },
  'a promotion of a value, in a plan': { needs: ['CompareValues'], prepare: inTwo('value'), guess: promote({ ...update, dryRun: true }) },
  'a promotion of details': { needs: describes, prepare: inTwo('details'), guess: promote(update) },
  'a promotion of details, in a plan': { needs: describes, prepare: inTwo('details'), guess: promote({ ...update, dryRun: true }) },
  'a promotion of a placeholder': { needs: describes, prepare: inTwo('placeholder'), guess: promote(update) },
  'a repeated promotion of a placeholder': { needs: describes, prepare: inTwo('placeholder'), guess: promote({}, keyed) },
  'a comparison of values': {
    needs: ['CompareValues'],
    prepare: inTwo('value'),
    guess: async (send, name) => send('GET', `/consistency?environments=dev,staging&compareValues=true&namePrefix=${name}`)
  },
  'a generated value, by a PUT with the same key': {
    needs: reads,
    // With these exclusions, AWS can generate only one value.
    prepare: async (_, name, send) => bulk({ generate: { passwordLength: 4, excludeCharacters: isRight(name) ? '012345678' : '123456789', excludeUppercase: true, excludeLowercase: true, excludePunctuation: true } }, {}, keyed)(send, name),
    guess: async (send, name) => send('PUT', at('dev', name), { json: { value: '9999' }, ...keyed(name) }),
    neverDiffers: true
  },
  'a rotated value, by a PUT with the same key': {
    needs: reads,
    async prepare (gateway, name, send) {
      await gateway.send('PUT', at('dev', name), { json: { value: 'v' } })
      await send('PUT', `${at('dev', name)}/rotation`, { json: { lambdaArn: 'arn:aws:lambda:eu-west-1:111111111111:function:rotator', automaticallyAfterDays: 30 }, ...keyed(name) })
      await gateway.rotateDue()
      const { value } = (await gateway.send('GET', at('dev', name))).json as { value: string }
      rotated.set(name, isRight(name) ? value : 'x'.repeat(value.length))
    },
    guess: async (send, name) => send('PUT', at('dev', name), { json: { value: rotated.get(name) }, ...keyed(name) }),
    neverDiffers: true
  }
}

t.test('without permission to see the content, the replies to a right and to a wrong guess are the same', async (t) => {
  const gateways = new Map<string, Promise<Gateway>>()
  /** Returns a gateway whose caller may do everything but these actions. */
  const gatewayWithout = async (actions: readonly Action[]): Promise<Gateway> => getOrCreate(gateways, actions.join(), async () => {
    const forbidden = actions.map((action) => `Action::"${action}"`).join(', ')
    const blind = `@id("blind") forbid (principal, action in [${forbidden}], resource) when { principal == Caller::"writer" };`
    return build(t, { authorization: policies(`@id("all") permit (principal, action, resource);\n${actions.length > 0 ? blind : ''}`) })
  })
  for (const [index, [what, { needs, prepare, guess, neverDiffers = false }]] of Object.entries(cases).entries()) {
    // All names have the same length, because replies contain their own length.
    const names = ['right', 'wrong'].map((kind) => `${kind}-guess-${String(index).padStart(2, '0')}`)
    t.test(what, async (t) => {
      for (const isBlind of [true, false]) {
        const gateway = await gatewayWithout(isBlind ? needs : [])
        const send: Gateway['send'] = async (method, path, options) => gateway.send(method, path, { ...options, token: caller })
        const replies: unknown[] = []
        for (const name of names) await prepare(gateway, name, send)
        gateway.catchUp()
        for (const name of names) replies.push(comparable(await guess(send, name), name))
        const [right, wrong] = replies
        if (isBlind || neverDiffers) t.same(right, wrong, isBlind ? 'without the right' : 'with the right')
        else t.not(JSON.stringify(right), JSON.stringify(wrong), 'with the right')
      }
    })
  }
})

t.test('writes of different kinds never share a version ID, even with the same Idempotency-Key', async (t) => {
  const gateway = await build(t)
  const ids: string[] = []
  const idOf = ({ json }: Reply): void => { ids.push(json.versionId ?? json.items[0].versionId) }
  idOf(await bulk({ generate: {} }, {}, keyed)(gateway.send, 'n'))
  idOf(await gateway.send('PUT', at('dev', 'n'), { json: { value: 'v' }, ...keyed('n') }))
  idOf(await bulk({ value: 'w' }, update, keyed)(async (method, path, options) => (await build(t)).send(method, path, options), 'n'))
  idOf(await gateway.send('PUT', `${at('dev', 'n')}/rotation`, { json: { lambdaArn: 'arn:aws:lambda:eu-west-1:111111111111:function:rotator', automaticallyAfterDays: 30 }, ...keyed('n') }))
  const [generated, put, created, rotated] = ids
  t.equal(put, created, 'values in requests')
  t.equal(new Set([generated, put, rotated]).size, 3)
})
