import type { CredentialDefinition, CredentialKind } from '#src/credentials/definition'
import type { Problem } from '#src/problems/problem'

/** The fault of a credential, and the next step for the user. */
interface Explanation {
  readonly says: string
  readonly next: string
}

interface Rule extends Explanation {
  /** Matches the name of AWS's or the SDK's error and its message. */
  readonly when: RegExp
  /** The kinds of credentials to which the rule applies. Defaults to all. */
  readonly kinds?: readonly CredentialKind[]
}

/** The first rule that applies is used. */
const rules: readonly Rule[] = [
  {
    when: /sts:SetSourceIdentity/, kinds: ['assume-role'],
    says: 'AWS does not let the gateway set the source identity of the role\'s sessions',
    next: 'Allow sts:SetSourceIdentity beside sts:AssumeRole, in the role\'s trust policy and in the IAM policy of the source'
  },
  {
    when: /sts:SetSourceIdentity/,
    says: 'The token has a source identity, and the role does not allow it',
    next: 'Allow sts:SetSourceIdentity in the role\'s trust policy'
  },
  {
    when: /sts:TagSession/,
    says: 'The source\'s session has transitive tags, as EKS Pod Identity sets them, and the role does not allow them',
    next: 'Allow sts:TagSession in the role\'s trust policy'
  },
  {
    when: /sts:AssumeRoleWithWebIdentity/,
    says: 'The role does not trust the token',
    next: 'Compare the token\'s issuer, subject and audience with the principal and the conditions in the role\'s trust policy'
  },
  {
    when: /sts:AssumeRole\b/,
    says: 'AWS does not let the source assume the role: it does not exist, it does not trust the source, its trust policy wants another external ID, or the source\'s IAM policy does not allow it',
    next: 'Check the role\'s ARN and trust policy, externalId in the configuration, and sts:AssumeRole in the IAM policy of the source'
  },
  {
    when: /assumed by root/,
    says: 'The source has the keys of an account\'s root user, who can\'t assume roles',
    next: 'Use the keys of a user or a role as the source, and delete those of the root user'
  },
  {
    when: /1 hour session limit/,
    says: 'The source is a session of a role itself, and AWS then ends sessions after an hour',
    next: 'Set durationSeconds to at most 3600, or leave it out'
  },
  {
    when: /MaxSessionDuration/,
    says: 'durationSeconds is more than the role allows',
    next: 'Lower durationSeconds, or raise the role\'s maximum session duration'
  },
  {
    when: /ExpiredToken|RequestExpired/, kinds: ['web-identity'],
    says: 'The token in the file has expired',
    next: 'Find out why nothing renews the file: in Kubernetes, the kubelet renews a projected token'
  },
  {
    when: /ExpiredToken|RequestExpired/,
    says: 'The keys have expired',
    next: 'Renew them where they come from, for example with aws sso login, or by exporting new ones'
  },
  {
    when: /No OpenIDConnect provider/,
    says: 'The role\'s account has no OpenID Connect provider for the issuer of the token',
    next: 'Create the provider in IAM, or use a token of an issuer that has one'
  },
  {
    when: /InvalidIdentityToken|IDPCommunicationError|IDPRejectedClaim/,
    says: 'AWS does not accept the token in the file',
    next: 'Check the token\'s audience, and that AWS can get the issuer\'s keys'
  },
  {
    when: /InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId/,
    says: 'AWS does not know the keys: they were deleted or deactivated, they belong to another partition, or their session token is missing',
    next: 'Create new keys, and check the partition of the credential\'s region and sessionTokenVariable'
  },
  {
    when: /Signature expired|Signature not yet current/,
    says: 'AWS refuses the signature because of this machine\'s clock',
    next: 'Synchronize the clock'
  },
  {
    when: /SignatureDoesNotMatch|InvalidSignatureException|IncompleteSignature/,
    says: 'The secret access key does not belong to the access key ID',
    next: 'Copy both again, without spaces and line breaks'
  },
  {
    when: /RegionDisabled|OptInRequired|not activated in this region/,
    says: 'The account has not enabled the region, or STS in it',
    next: 'Enable the region in the account\'s settings, or set the credential\'s region to another one'
  },
  {
    when: /The variable \w+ is not set/,
    says: 'A variable of the keys is not set here',
    next: 'Run this command with the environment variables of the gateway'
  },
  {
    when: /\b(?:ENOENT|EACCES|EISDIR)\b/, kinds: ['web-identity'],
    says: 'The token file can\'t be read',
    next: 'Run this command where the gateway runs and as the same user, and check tokenFile and the volume of the token'
  },
  {
    when: /\b(?:ENOENT|EACCES|EISDIR)\b/,
    says: 'A file of the keys can\'t be read',
    next: 'Run this command where the gateway runs and as the same user'
  },
  {
    when: /Could not resolve credentials using profile/,
    says: 'AWS\'s files have no such profile, or it has no keys',
    next: 'Check the profile\'s name, and AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE'
  },
  {
    when: /Could not load credentials from any providers/,
    says: 'No keys were found: not in variables, not in AWS\'s files, and not from a container, a pod or an instance',
    next: 'Give the gateway\'s machine, pod or container a role, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY'
  },
  {
    when: /aws-timeout|aws-unavailable/,
    says: 'STS, or another source of the keys, did not answer',
    next: 'See the finding about the endpoint of STS'
  },
  {
    when: /CredentialsProviderError|TokenProviderError/,
    says: 'The SDK could not get the keys. Its message is not shown, because it may quote the output of a program',
    next: 'Run aws sts get-caller-identity here, with --profile if the credential names one, to see the message'
  }
]

/** Explains why a credential's keys can't be obtained or used. AWS's own message follows the explanation. */
export function explain ({ code, options: { reason, awsError } }: Problem, { kind }: CredentialDefinition): Explanation {
  const words = reason?.replace(/^the credential [^:]+: (.*)$/s, '$1') ?? awsError ?? code
  const rule = rules.find(({ when, kinds }) => when.test(`${code}: ${words}`) && (kinds?.includes(kind) ?? true))
  if (rule === undefined) return { says: `AWS refuses the credential (${words})`, next: 'See docs/credentials.md, and the documentation of this error at AWS' }
  return { says: `${rule.says} (${words})`, next: rule.next }
}
