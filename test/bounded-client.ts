import { ListSecretsCommand, type ListSecretsCommandOutput } from '@aws-sdk/client-secrets-manager'
import { createGates, type Gates } from '#src/admission/admission'
import { createBreaker } from '#src/admission/breaker'
import { unlimited } from '#src/admission/token-bucket'
import { sendCommand, type BoundedClient } from '#src/aws/send'
import { monotonic } from '#src/clock'
import { awsFrom } from '#src/config/aws'
import { environmentFrom } from '#src/environments/environment'

/** Returns a client with a new breaker and the default deadline. */
export const boundedClient = (client: BoundedClient['client']): BoundedClient => ({ client, breaker: createBreaker(monotonic), deadline: awsFrom({}).deadline })

/** Lists the first page of secrets through a client, sending the command as the gateway does. */
export const listThrough = async (client: BoundedClient['client']): Promise<ListSecretsCommandOutput> =>
  sendCommand(boundedClient(client), { environment: environmentFrom('dev', { region: 'eu-west-1', credential: 'a' }), credentialId: 'a' }, new ListSecretsCommand({}))

/** Creates gates without quotas, with the default settings. */
export const gatesWithoutQuotas = (): Gates =>
  createGates({
    settings: () => awsFrom({}), buckets: { aws: () => () => unlimited, none: () => () => unlimited }, accountOf: (id) => id, monotonic
  })
