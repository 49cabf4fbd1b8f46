import type { AwsIdentity } from './aws-identities.ts'

/** A user's unique ID, or a role's unique ID and session name. The IDs of the root user and of federated users don't match. */
const userIdPattern = /^((?:AIDA|AROA)[A-Z0-9]{12,124})(?::[\w+=,.@-]{2,64})?$/

/** Returns the text of an element that occurs exactly once and contains only text. */
function onlyText (xml: string, element: string): string | undefined {
  const [found, ...others] = [...xml.matchAll(new RegExp(`<${element}>([^<>&]*)</${element}>`, 'g'))]
  return others.length === 0 ? found?.[1] : undefined
}

/**
 * Reads the identity from STS's reply to `GetCallerIdentity`. The elements with the identity never contain markup or entities,
 * so a regular expression is enough. It is also stricter than an XML parser.
 *
 * @returns undefined if the reply has another form, or if the identity has no unique ID
 */
export function readCallerIdentity (mediaType: string, xml: string): AwsIdentity | undefined {
  const isReply = mediaType === 'text/xml' && /^\s*(<\?xml[^<>]*\?>\s*)?<GetCallerIdentityResponse[\s>]/.test(xml)
  const [, uniqueId] = userIdPattern.exec(onlyText(xml, 'UserId') ?? '') ?? []
  const [account] = /^\d{12}$/.exec(onlyText(xml, 'Account') ?? '') ?? []
  return isReply && uniqueId !== undefined && account !== undefined ? { account, uniqueId } : undefined
}
