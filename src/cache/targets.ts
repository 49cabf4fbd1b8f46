import { secretOf } from '#src/aws/caching'
import type { AwsCall } from '#src/aws/call'
import type { SecretName } from '#src/environments/names'
import type { CacheOptions } from './settings.ts'
import type { Target } from './store.ts'

/** Returns the only caller that may get the answers, or undefined if all callers share them. */
export const ownerOf = ({ credentialId, callerId }: AwsCall, sharesReads: CacheOptions['sharesReads']): string | undefined =>
  sharesReads(credentialId) ? undefined : callerId

/** Returns a secret as the credential of a call sees it. @param owner the only caller that may get the answers */
export function targetOf (call: AwsCall, name: SecretName, owner: string | undefined): Target {
  const { environment: { region, account }, credentialId } = call
  const secret = secretOf(call, name)
  // The key is unambiguous, because only its last part, the caller's ID, could contain a line feed.
  return { secret, key: [secret, region, account, credentialId, owner].join('\n') }
}
