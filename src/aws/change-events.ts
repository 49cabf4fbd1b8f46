import { isRead } from './call.ts'
import { secretNameInArn } from './names.ts'

/**
 * Returns the AWS names of the secrets that an EventBridge event reports as changed. Secrets Manager itself sends an event when a
 * label has moved. CloudTrail sends events for calls to Secrets Manager, and for actions of Secrets Manager, such as the end of a
 * rotation.
 *
 * @returns an empty list for a call that changed nothing; undefined if the text is not an event about a secret
 */
export function changedSecrets (text: string): string[] | undefined {
  const { source, resources, detail } = membersOf(parsed(text))
  if (source !== 'aws.secretsmanager') return undefined
  const { name, eventName, errorCode, requestParameters, responseElements, additionalEventData } = membersOf(detail)
  if (typeof eventName === 'string' && (isRead(eventName) || errorCode !== undefined)) return []
  const request = membersOf(requestParameters)
  const response = membersOf(responseElements)
  const secretIds = [
    ...Array.isArray(resources) ? resources as unknown[] : [], name, request.secretId, request.name, response.arn, response.aRN,
    membersOf(additionalEventData).SecretId
  ].filter((secretId) => typeof secretId === 'string')
  return secretIds.length === 0 ? undefined : [...new Set(secretIds.flatMap(possibleNames))]
}

/** Returns the names that a secret may have, since AWS accepts ARNs without their random suffix, too. */
function possibleNames (secretId: string): string[] {
  if (!secretId.startsWith('arn:')) return [secretId]
  const name = secretNameInArn(secretId)
  return [...name === undefined ? [] : [name], secretId.split(':').slice(6).join(':')]
}

function parsed (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Returns the members of a JSON object, and no members for any other value. */
const membersOf = (value: unknown): Readonly<Record<string, unknown>> => Object(value) as Readonly<Record<string, unknown>>
