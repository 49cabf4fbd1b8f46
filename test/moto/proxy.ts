import { once } from 'node:events'
import { randomInt } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Backend, Signer } from '#test/backends'

const day = 24 * 60 * 60 * 1000

interface Account {
  accountId: string
  accessKeyId: string
  /** The key of a user with such policies; without them, that of the account. */
  identityPolicies?: readonly string[]
}

/** Whose an access key is. */
interface Owner extends Omit<Signer, 'operation'> {
  /** In moto. */
  account: string
}

interface Answer {
  status: number
  headers?: Record<string, string>
  body: string
}

/** AWS's answer to an access key that is none. Moto knows no keys: it takes each for one of its only account. */
const unknownClient: Answer = {
  status: 400,
  body: JSON.stringify({ __type: 'UnrecognizedClientException', message: 'The security token included in the request is invalid.' })
}

/** The same, of STS. */
const invalidToken: Answer = {
  status: 403,
  headers: { 'content-type': 'text/xml' },
  body: '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code>' +
    '<Message>The security token included in the request is invalid.</Message></Error></ErrorResponse>'
}

/**
 * Starts what stands between a gateway and moto's server, and does no more than moto leaves to others: it tells accounts apart by
 * the access key, those of sessions among them, refuses a key that is no account's, and writes down what was asked for. Signatures
 * are not checked.
 *
 * One moto serves all tests. Each proxy keeps its secrets in accounts that nobody else uses, and puts their numbers in the place
 * of those that the test knows.
 *
 * @param moto where moto's server listens
 */
export async function startMotoProxy (moto: string, accounts: readonly Account[]): Promise<Backend> {
  const awsCalls: string[] = []
  const inMoto = new Map(accounts.map(({ accountId }) => [accountId, String(randomInt(10 ** 11, 10 ** 12))]))
  const signers: Signer[] = []
  const owners = new Map(accounts.map(({ accessKeyId, accountId, identityPolicies }): [string, Owner] => [accessKeyId, {
    account: inMoto.get(accountId) ?? accountId,
    principal: `arn:aws:iam::${accountId}:${identityPolicies === undefined ? 'root' : `user/${accessKeyId}`}`
  }]))
  const toMoto = (body: string): string => replaced(body, [...inMoto])
  const fromMoto = (body: string): string => replaced(body, [...inMoto].map(([known, own]) => [own, known]))

  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const body = await text(request)
    const { authorization, 'content-type': contentType, 'x-amz-target': target } = request.headers
    const form = target === undefined ? new URLSearchParams(body) : undefined
    const owner = owners.get(/Credential=([^/]+)/.exec(authorization ?? '')?.[1] ?? '')
    // Only who has a token of an identity provider does not sign.
    if (owner === undefined && (authorization !== undefined || form === undefined)) return form === undefined ? unknownClient : invalidToken
    if (owner !== undefined) tell(form?.get('Action') ?? String(target).replace(/^secretsmanager\./, ''), owner)
    const response = await fetch(moto, {
      method: 'POST',
      headers: {
        // By it moto knows the service.
        authorization: authorization ?? 'AWS4-HMAC-SHA256 Credential=nobody/20261121/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0',
        'content-type': String(contentType),
        ...target !== undefined && { 'x-amz-target': String(target) },
        ...owner !== undefined && { 'x-moto-account-id': owner.account }
      },
      body: toMoto(body)
    })
    const headers = Object.fromEntries(['content-type', 'x-amzn-requestid'].map((name) => [name, response.headers.get(name) ?? '']))
    const answered = await response.text()
    learn(answered, form?.get('SourceIdentity') ?? owner?.sourceIdentity)
    return { status: response.status, headers, body: fromMoto(answered) }
  }

  function tell (operation: string, { principal, sourceIdentity }: Owner): void {
    awsCalls.push(operation)
    signers.push({ operation, principal, ...sourceIdentity !== undefined && { sourceIdentity } })
  }

  /** Learns of a session that an answer has begun. */
  function learn (answered: string, sourceIdentity: string | undefined): void {
    const [, accessKeyId] = /<AccessKeyId>(\w+)<\/AccessKeyId>/.exec(answered) ?? []
    const [, arn, account] = /<Arn>(arn:aws:sts::(\d{12}):assumed-role\/.*)<\/Arn>/.exec(answered) ?? []
    if (accessKeyId === undefined || arn === undefined || account === undefined) return
    owners.set(accessKeyId, { account, principal: fromMoto(arn), ...sourceIdentity !== undefined && { sourceIdentity } })
  }

  let moved = 0
  let last: Promise<unknown> = Promise.resolve()
  const server = createServer((request, response) => {
    // One at a time: moto's threads share their dictionaries without a lock.
    last = last.then(async () => answer(request)).then(
      ({ status, headers, body }) => { response.writeHead(status, headers).end(body) },
      () => { response.destroy() }
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    awsCalls,
    signers,
    now: () => Date.now() + moved,
    // The gateway's alone: moto has none that can be moved.
    advance: (days) => { moved += days * day },
    rotateDue: async () => { throw new Error('moto has no rotation functions that it could run') },
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    }
  }
}

const replaced = (body: string, numbers: readonly [from: string, to: string][]): string =>
  numbers.reduce((text, [from, to]) => text.replaceAll(from, to), body)
