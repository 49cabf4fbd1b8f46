import type { AwsIdentity } from './aws-identities.ts'

/** A user's unique ID, or a role's with the session's name behind it. A root user and a federated user have none. */
const userIdPattern = /^((?:AIDA|AROA)[A-Z0-9]{12,124})(?::[\w+=,.@-]{2,64})?$/

/** The text of an element that has no elements in it and comes once. */
function onlyText (xml: string, element: string): string | undefined {
  const [found, ...others] = [...xml.matchAll(new RegExp(`<${element}>([^<>&]*)</${element}>`, 'g'))]
  return others.length === 0 ? found?.[1] : undefined
}

/**
 * Who signed, from STS's reply to `GetCallerIdentity`. STS's elements hold no markup and no entities, so that a pattern reads
 * them more strictly than a parser would.
 *
 * @returns undefined where the reply is of another form, or names who has no unique ID
 */
export function readCallerIdentity (mediaType: string, xml: string): AwsIdentity | undefined {
  const isReply = mediaType === 'text/xml' && /^\s*(<\?xml[^<>]*\?>\s*)?<GetCallerIdentityResponse[\s>]/.test(xml)
  const [, uniqueId] = userIdPattern.exec(onlyText(xml, 'UserId') ?? '') ?? []
  const [account] = /^\d{12}$/.exec(onlyText(xml, 'Account') ?? '') ?? []
  return isReply && uniqueId !== undefined && account !== undefined ? { account, uniqueId } : undefined
}
