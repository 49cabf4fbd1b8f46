import { once } from 'node:events'
import { randomInt } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Backend } from '../backends.ts'

interface Account {
  accountId: string
  accessKeyId: string
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

/**
 * Starts what stands between a gateway and moto's server, and does no more than moto leaves to others: it tells accounts apart by
 * the access key, refuses a key that is no account's, and writes down what was asked for. Signatures are not checked.
 *
 * One moto serves all tests. Each proxy keeps its secrets in accounts that nobody else uses, and puts their numbers in the place
 * of those that the test knows.
 *
 * @param moto where moto's server listens
 */
export async function startMotoProxy (moto: string, accounts: readonly Account[]): Promise<Backend> {
  const awsCalls: string[] = []
  const inMoto = new Map(accounts.map(({ accountId }) => [accountId, String(randomInt(10 ** 11, 10 ** 12))]))
  const byAccessKey = new Map(accounts.map(({ accessKeyId, accountId }) => [accessKeyId, inMoto.get(accountId) ?? accountId]))
  const toMoto = (body: string): string => replaced(body, [...inMoto])
  const fromMoto = (body: string): string => replaced(body, [...inMoto].map(([known, own]) => [own, known]))

  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const body = await text(request)
    const account = byAccessKey.get(/Credential=([^/]+)/.exec(request.headers.authorization ?? '')?.[1] ?? '')
    if (account === undefined) return unknownClient
    const target = String(request.headers['x-amz-target'])
    awsCalls.push(target.replace(/^secretsmanager\./, ''))
    const response = await fetch(moto, {
      method: 'POST',
      headers: {
        authorization: String(request.headers.authorization),
        'content-type': String(request.headers['content-type']),
        'x-amz-target': target,
        'x-moto-account-id': account
      },
      body: toMoto(body)
    })
    const headers = Object.fromEntries(['content-type', 'x-amzn-requestid'].map((name) => [name, response.headers.get(name) ?? '']))
    return { status: response.status, headers, body: fromMoto(await response.text()) }
  }

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
    advance: () => { throw new Error('moto has no clock that can be moved') },
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
