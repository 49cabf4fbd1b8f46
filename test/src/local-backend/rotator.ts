import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { DescribeSecretCommand, type DescribeSecretCommandOutput, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import type { Test } from 'tap'
import type { LocalBackend, LocalBackendOptions, RotationStepEvent } from '#src/local-backend/server'
import { rotate, type RotationEvent } from '#test/fixtures/rotation/rotator'
import { account, clientOf, region, start, stoppedClock, type Clock } from './backend.ts'

export type { RotationEvent }

export const steps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const
export const functionArn = `arn:aws:lambda:${region}:${account.accountId}:function:rotator`
export const fixture = (name: string): string => join(import.meta.dirname, '../../fixtures/rotation', name)

/** A rotation function behind an HTTP endpoint. */
export interface Rotator {
  url: string
  /** The events that the rotation function has received, in order. */
  events: (RotationEvent & { RotationToken?: string })[]
  /** Functions to run instead of the real steps. They may throw. */
  instead: Partial<Record<RotationEvent['Step'], (event: RotationEvent) => unknown>>
  /** The client with which the rotation function calls Secrets Manager. */
  client?: SecretsManagerClient
}

/** Serves a rotation function until the end of the test. */
export async function serveRotator (t: Test): Promise<Rotator> {
  const rotator: Rotator = { url: '', events: [], instead: {} }
  const server = createServer((request, response) => {
    const take = async () => {
      const event = await json(request) as RotationEvent
      rotator.events.push(event)
      const { client, instead: { [event.Step]: instead } } = rotator
      if (instead !== undefined) await instead(event)
      else if (client !== undefined) await rotate(client, event)
    }
    take().then(() => response.end('null'), (error: unknown) => {
      const { name, message } = error as Error
      response.writeHead(500).end(JSON.stringify({ errorType: name, errorMessage: message }))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  rotator.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return rotator
}

/** A running backend with its client, clock and rotation function. */
export interface Started {
  backend: LocalBackend
  client: SecretsManagerClient
  clock: Clock
  rotator: Rotator
  /** The steps that the backend has reported. */
  told: Pick<RotationStepEvent, 'step' | 'error'>[]
}

/** Starts a backend with a stopped clock and a rotation function. */
export async function startWithRotator (t: Test, options: Partial<LocalBackendOptions> = {}): Promise<Started> {
  const rotator = await serveRotator(t)
  const clock = stoppedClock()
  const told: Started['told'] = []
  const backend = await start(t, {
    now: () => clock.now,
    rotationFunctions: { rotator: rotator.url },
    onRotationStep: ({ step, error }) => told.push({ step, ...error !== undefined && { error } }),
    ...options
  })
  const client = clientOf(t, backend)
  rotator.client = client
  return { backend, client, clock, rotator, told }
}

/** Returns DescribeSecret's output with the rotation dates as strings, because tap's `match` does not compare dates. */
export async function describe (client: SecretsManagerClient, SecretId = 'a'): Promise<Described> {
  const { LastRotatedDate, NextRotationDate, ...described } = await client.send(new DescribeSecretCommand({ SecretId }))
  return { ...described, LastRotatedDate: LastRotatedDate?.toISOString(), NextRotationDate: NextRotationDate?.toISOString() }
}

export type Described = Omit<DescribeSecretCommandOutput, 'LastRotatedDate' | 'NextRotationDate'> &
  Record<'LastRotatedDate' | 'NextRotationDate', string | undefined>

/** A step that does not end until it is released. */
export interface Hanging {
  begun: Promise<undefined>
  letGo: () => void
}

/** Makes a step hang until it is released. */
export function hang (rotator: Rotator, step: 'setSecret' | 'testSecret'): Hanging {
  const begun = Promise.withResolvers<undefined>()
  const over = Promise.withResolvers<undefined>()
  rotator.instead[step] = async () => {
    begun.resolve(undefined)
    await over.promise
  }
  return {
    begun: begun.promise,
    letGo: () => {
      rotator.instead = {}
      over.resolve(undefined)
    }
  }
}
