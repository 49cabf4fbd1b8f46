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
  /** The policies of the IAM user that the key belongs to. Without them, the key belongs to the account's root user. */
  identityPolicies?: readonly string[]
}

/** The owner of an access key. */
interface Owner extends Omit<Signer, 'operation'> {
  /** The ID that the account has in moto. */
  account: string
}

interface Answer {
  status: number
  headers?: Record<string, string>
  body: string
}

/**
 * Secrets Manager's reply to an unknown access key. Moto does not check access keys, and treats unknown ones as keys of its
 * default account.
 */
const unknownClient: Answer = {
  status: 400,
  body: JSON.stringify({ __type: 'UnrecognizedClientException', message: 'The security token included in the request is invalid.' })
}

/** STS's reply to an unknown access key. */
const invalidToken: Answer = {
  status: 403,
  headers: { 'content-type': 'text/xml' },
  body: '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code>' +
    '<Message>The security token included in the request is invalid.</Message></Error></ErrorResponse>'
}

/**
 * Starts a proxy between a gateway and moto's server. The proxy adds three features that moto lacks:
 * - It derives the account from the access key, which may belong to a session.
 * - It refuses unknown access keys.
 * - It records the calls.
 *
 * The proxy does not check signatures.
 *
 * All tests share one moto server. To keep the tests apart, each proxy uses accounts with random IDs in moto. The proxy replaces
 * the test's account IDs with these random IDs in each request, and restores the test's IDs in each reply.
 *
 * @param moto the URL of moto's server
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
  const fromMoto = (body: string): string => replaced(body, [...inMoto].map(([inTest, ours]) => [ours, inTest]))

  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const body = await text(request)
    const { authorization, 'content-type': contentType, 'x-amz-target': target } = request.headers
    const form = target === undefined ? new URLSearchParams(body) : undefined
    const owner = owners.get(/Credential=([^/]+)/.exec(authorization ?? '')?.[1] ?? '')
    // Only a request to STS with an identity provider's token may be unsigned.
    if (owner === undefined && (authorization !== undefined || form === undefined)) return form === undefined ? unknownClient : invalidToken
    if (owner !== undefined) record(form?.get('Action') ?? String(target).replace(/^secretsmanager\./, ''), owner)
    const response = await fetch(moto, {
      method: 'POST',
      headers: {
        // Moto reads the name of the service from this header, so the proxy adds a fake header to an unsigned request.
        authorization: authorization ?? 'AWS4-HMAC-SHA256 Credential=nobody/20261121/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0',
        'content-type': String(contentType),
        ...target !== undefined && { 'x-amz-target': String(target) },
        ...owner !== undefined && { 'x-moto-account-id': owner.account }
      },
      body: toMoto(body)
    })
    const headers = Object.fromEntries(['content-type', 'x-amzn-requestid'].map((name) => [name, response.headers.get(name) ?? '']))
    const answered = await response.text()
    learnSession(answered, form?.get('SourceIdentity') ?? owner?.sourceIdentity)
    return { status: response.status, headers, body: fromMoto(answered) }
  }

  function record (operation: string, { principal, sourceIdentity }: Owner): void {
    awsCalls.push(operation)
    signers.push({ operation, principal, ...sourceIdentity !== undefined && { sourceIdentity } })
  }

  /** If moto's reply contains the access key of a new session, remembers the owner of that key. */
  function learnSession (answered: string, sourceIdentity: string | undefined): void {
    const [, accessKeyId] = /<AccessKeyId>(\w+)<\/AccessKeyId>/.exec(answered) ?? []
    const [, arn, account] = /<Arn>(arn:aws:sts::(\d{12}):assumed-role\/.*)<\/Arn>/.exec(answered) ?? []
    if (accessKeyId === undefined || arn === undefined || account === undefined) return
    owners.set(accessKeyId, { account, principal: fromMoto(arn), ...sourceIdentity !== undefined && { sourceIdentity } })
  }

  let moved = 0
  let last: Promise<unknown> = Promise.resolve()
  const server = createServer((request, response) => {
    // Sends one request at a time, because moto's threads share dictionaries without locks.
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
    // Moves only the gateway's clock, because moto's clock can't be moved.
    advance: (days) => { moved += days * day },
    settle: () => undefined,
    catchUp: () => undefined,
    isRealistic: false,
    rotateDue: async () => { throw new Error('moto can\'t run rotation functions') },
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
